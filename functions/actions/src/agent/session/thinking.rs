//! The model's next reply: paid for, heard as it comes, and appended to the session.

use super::generation::{self, definition};
use super::kept::{Prefix, Said, to_json};
use super::overlay::FileChanges;
use super::report::Report;
use super::work::Session;
use crate::agent::payment::COUNTED_ABOVE;
use crate::agent::price::most_prompt_tokens;
use crate::agent::{AgentExecution, context_full};
use crate::context::Context;
use crate::done::NoOutput;
use domain::plugins::{
    AiProvider, ModelMessage, ModelReply, ModelRequest, NoReply, PromptBlock, StopReason, Usage, WhyRefused,
};
use domain::{ActionError, ErrorKind, MicroUsd};
use records::{Draft, ExecutionRecord, QuestionId, SessionPhase};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A generation whose prompt is larger ends: in tokens.
const LARGEST_PROMPT: u64 = 150_000;
/// How often a session at work looks whether somebody stopped it: records give no notice of a change.
const LOOK: Duration = Duration::from_secs(5);
/// What a service may count in addition to the content, in tokens: the frames of two more messages.
const FRAMES: u64 = 200;

/// Why an agent does not continue.
enum Stop {
    /// Somebody wants the execution to stop.
    Wanted,
    /// The execution has ended.
    Done,
}

/// How a turn of thinking ended.
enum Thought {
    Reply(Box<ModelReply>),
    /// The model declines.
    Refused,
    /// The service no longer accepts the conversation.
    Unbound(ActionError),
    /// The conversation has become longer than the model accepts.
    TooLong(ActionError),
    /// The service does not take a picture of the conversation.
    Unseen(ActionError),
    /// It may cost more than the session's limit leaves.
    NoRoom,
}

/// Asks the model for its next reply, within the bounds of the session.
///
/// # Errors
/// `Rejected` if there is no such session or the reply cannot be used; `Unavailable` while the execution is being stopped, and `Conflict`
/// once it has ended; the errors of [`AgentExecution::ask_text`].
pub async fn think(context: &Context<'_>, session: &str) -> Result<Report, NoOutput> {
    let session = Session::read(context, session).await?;
    if session.head.phase != SessionPhase::Think {
        return Ok(Report::of(&session));
    }
    let (execution, draft) = context.table().execution_and_draft(&context.scope().execution).await?;
    let agent = context.agent_in(execution.as_ref(), None, session.head.task_id.as_deref()).await?;
    let agent = agent.in_session(&session.head.agent, &session.head.id);
    match execution.as_ref().and_then(stop_of) {
        Some(Stop::Wanted) => return Err(being_stopped().into()),
        Some(Stop::Done) => return Err(stopped().into()),
        None => {}
    }
    Ok(Report::of(&session.think(agent, draft.as_ref()).await?))
}

impl Session<'_> {
    async fn think(mut self, mut agent: AgentExecution, draft: Option<&Draft>) -> Result<Self, ActionError> {
        self.count_costs().await?;
        if let Some(draft) = draft {
            return self.end_as_draft(draft).await;
        }
        if let Some(reason) = self.used_up() {
            self.end(reason);
            return self.record(Vec::new(), None, FileChanges::default()).await;
        }
        let mut prefix = self.prefix().await?;
        let opening = self.opening().await?;
        // A turn adds to the prompt before its size is known, so that a quarter is left for it.
        let most = most_prompt_tokens(&self.context.model_named(&prefix.model).await?);
        let largest = most.map_or(LARGEST_PROMPT, |most| (most / 4 * 3).min(LARGEST_PROMPT));
        let mut due =
            self.head.usage.filter(|usage| usage.all_input_tokens() > largest).map(|_| "the prompt is long");
        // An agent that was removed in the meantime continues with its old definition.
        if let Ok(definition) = definition(self.context, &self.head.agent).await {
            let now =
                generation::prefix(self.context, &agent, &opening, definition, Some(&prefix.model)).await?;
            if now != prefix {
                prefix = now;
                due = Some("the agent, its prompt, model or tools changed");
            }
        }
        // Each model is called at most once per turn, and once more if its own conversation was not accepted.
        let mut may_begin_anew = true;
        // The models that were called, and the providers that said when they may be called again, which goes for all of their models.
        let (mut asked, mut resting) = (BTreeSet::new(), BTreeSet::new());
        loop {
            if let Some(reason) = due.take() {
                self = self.begin_generation(&prefix, &opening, reason).await?;
                if self.head.phase != SessionPhase::Think {
                    return Ok(self);
                }
                prefix = self.prefix().await?;
            }
            agent = agent.asking(self.context.model_named(&prefix.model).await?);
            asked.insert(prefix.model.clone());
            let thought = match agent.used(self.ask(&agent, &prefix).await).await {
                Err(error) if error.kind == ErrorKind::Throttled => {
                    if error.retry_after.is_some() {
                        resting.insert(prefix.instance.clone());
                    }
                    let other = self.takes_over(&prefix, &asked, &resting).await?;
                    let Some(other) = other else { return Err(error) };
                    tracing::warn!(session = self.head.id, %error, from = prefix.model, to = other.name, "another model takes over");
                    prefix.go_to(other);
                    due = Some("the model is overloaded");
                    continue;
                }
                thought => thought?,
            };
            match thought {
                Thought::Reply(reply) => return self.append(*reply).await,
                Thought::NoRoom => {
                    self.end(format!(
                        "The agent stopped at its limit of dollars: it has spent {}, and its next reply might cost more than is left.",
                        self.head.spent
                    ));
                    return self.record(Vec::new(), None, FileChanges::default()).await;
                }
                Thought::Refused => {
                    self.count_costs().await?;
                    let mut models =
                        prefix.definition.models.iter().skip_while(|model| **model != prefix.model);
                    let Some(next) = models.nth(1).cloned() else {
                        self.end(
                            "The model declined to continue; reword the ticket or choose another model."
                                .into(),
                        );
                        return self.record(Vec::new(), None, FileChanges::default()).await;
                    };
                    prefix.go_to(self.context.model_named(&next).await?);
                    due = Some("the model declined");
                }
                Thought::Unbound(error) if may_begin_anew => {
                    tracing::error!(session = self.head.id, %error, "the service did not take the conversation; this is a defect");
                    may_begin_anew = false;
                    due = Some("the service did not take the conversation");
                }
                Thought::TooLong(error) if may_begin_anew => {
                    tracing::warn!(session = self.head.id, %error, "the prompt is longer than the model accepts");
                    may_begin_anew = false;
                    due = Some("the prompt is too long");
                }
                Thought::Unbound(error) | Thought::TooLong(error) => return Err(error),
                Thought::Unseen(error) => {
                    tracing::warn!(session = self.head.id, %error, "the service did not take a picture; the agent goes on without pictures");
                    self.state.refuses_pictures = true;
                    due = Some("the service did not take a picture");
                }
            }
        }
    }

    /// Asks, and once more with twice as many tokens if the reply was cut off. One that is cut off again is used as far as it goes.
    async fn ask(&mut self, agent: &AgentExecution, prefix: &Prefix) -> Result<Thought, ActionError> {
        let messages = self.messages().await?;
        let begins = messages.len() <= 1;
        let expected = self.expected_input(&messages)?;
        let mut request = request(prefix, messages);
        let most = agent.max_output_tokens();
        let mut tokens = (most / 2).max(1);
        loop {
            let room = self.head.bounds.usd.map(|bound| bound.saturating_sub(self.head.spent_in_round()));
            request.max_output_tokens = tokens;
            let turn = format!("{}#{}", self.head.generation, self.head.messages);
            let id = QuestionId::new(&format!("session/{}", self.head.id), &turn, &request);
            let paid =
                agent.paid(&request, &id, expected, room, async || self.hear(agent, &request).await).await;
            let reply = match paid {
                Ok(Some(paid)) => paid.reply,
                Ok(None) => return Ok(Thought::NoRoom),
                Err(error) => {
                    return match agent.provider().why_refused(&error) {
                        Some(WhyRefused::Unbound) if !begins => Ok(Thought::Unbound(error)),
                        // The results of one turn may be more than the part of the prompt that was left for them.
                        Some(WhyRefused::TooLong) if !begins => Ok(Thought::TooLong(error)),
                        // Only a service can tell whether it can read a picture, and every request with that one would be refused.
                        Some(WhyRefused::Picture)
                            if self.state.takes_pictures && request.pictures().0 > 0 =>
                        {
                            Ok(Thought::Unseen(error))
                        }
                        _ => Err(error),
                    };
                }
            };
            match &reply.stop {
                StopReason::Truncated if tokens < most => {
                    // It has cost something too, which leaves less room.
                    self.count_costs().await?;
                    tokens = most;
                }
                StopReason::Complete | StopReason::ToolCalls | StopReason::Truncated => {
                    return Ok(Thought::Reply(Box::new(reply)));
                }
                StopReason::Refused => return Ok(Thought::Refused),
                // More tokens for the reply do not help; a new generation does, unless this one has only begun.
                StopReason::ContextFull => {
                    self.count_costs().await?;
                    let error = context_full();
                    return if begins { Err(error) } else { Ok(Thought::TooLong(error)) };
                }
                StopReason::Other(name) => {
                    return Err(ActionError::rejected(format!(
                        "the model stopped for the reason `{}`, which is not known here; run the step again, or choose another model",
                        http_client::excerpt(name)
                    )));
                }
            }
        }
    }

    /// The maximum input tokens of the next request, derived from the provider's last report; `None` if it has to be counted.
    fn expected_input(&self, messages: &[Said]) -> Result<Option<u64>, ActionError> {
        let (Some(usage), Some(last)) = (self.head.usage, messages.last()) else { return Ok(None) };
        let suffix = to_json(&last.message)?.len() as u64;
        if suffix > COUNTED_ABOVE {
            return Ok(None);
        }
        let before = usage.all_input_tokens().saturating_add(usage.output_tokens);
        Ok(Some(before.saturating_add(suffix).saturating_add(FRAMES)))
    }

    /// Receives a streamed reply, unless somebody stops the execution in the meantime.
    async fn hear(&self, agent: &AgentExecution, request: &ModelRequest) -> Result<ModelReply, NoReply> {
        let stop = async {
            loop {
                tokio::time::sleep(LOOK).await;
                if matches!(self.stop().await, Ok(Some(_))) {
                    return;
                }
            }
        };
        let within = agent.time_to_reply().map_err(NoReply::NotBilled)?;
        unless_stopped(agent.provider(), request, within, stop).await
    }

    /// Appends a reply. An empty one, or one that calls an invalid tool name, is counted but discarded, because services refuse it as
    /// part of a conversation. The model is told to continue, as after a reply without calls.
    async fn append(mut self, reply: ModelReply) -> Result<Self, ActionError> {
        self.count_costs().await?;
        self.head.usage = Some(reply.usage);
        self.head.turn += 1;
        self.head.phase = SessionPhase::Tools;
        self.state.cut_off = match reply.stop {
            StopReason::Truncated => self.state.cut_off.saturating_add(1),
            _ => 0,
        };
        self.state.misnamed = reply.calls.iter().any(|call| !is_tool_name(&call.name));
        let is_empty = reply.calls.is_empty() && reply.text.trim().is_empty();
        if is_empty || self.state.misnamed {
            return self.record(Vec::new(), None, FileChanges::default()).await;
        }
        self.state.last_text = domain::stored::cut_inline(&reply.text);
        let said = Said { message: reply.message, calls: reply.calls, text: reply.text };
        self.record(vec![said], None, FileChanges::default()).await
    }

    /// Takes the session's cost from the ledger, including lost replies.
    pub(super) async fn count_costs(&mut self) -> Result<(), ActionError> {
        let execution = &self.context.scope().execution;
        if !self.head.executions.contains(execution) {
            self.head.executions.push(execution.clone());
            self.joins = true;
        }
        let mut spent = MicroUsd::ZERO;
        for execution in &self.head.executions {
            let costs = self.context.table().costs_of_execution(execution).await?;
            let own = costs.iter().filter(|cost| cost.id.starts_with(&self.head.id));
            spent = spent + own.map(|cost| cost.cost.booked()).sum();
        }
        self.head.spent = spent;
        Ok(())
    }

    /// The limit that the session has reached, for people.
    pub(super) fn used_up(&self) -> Option<String> {
        let (head, bounds) = (&self.head, &self.head.bounds);
        if head.turns_in_round() >= bounds.turns {
            return Some(format!("The agent used up its {} turns before it was done.", bounds.turns));
        }
        if head.worked_ms_in_round() >= u64::from(bounds.minutes) * 60_000 {
            return Some(format!(
                "The agent used up its {} minutes of work before it was done.",
                bounds.minutes
            ));
        }
        let limit = bounds.usd.filter(|limit| head.spent_in_round() >= *limit)?;
        Some(format!("The agent spent its {limit} before it was done."))
    }

    /// Whether somebody stopped the execution, or it has ended.
    async fn stop(&self) -> Result<Option<Stop>, ActionError> {
        let execution = self.context.table().execution(&self.context.scope().execution).await?;
        Ok(execution.as_ref().and_then(stop_of))
    }
}

/// Whether a tool's name is valid in a conversation. A service refuses every later request that contains an invalid one, even if its own
/// model wrote it.
fn is_tool_name(name: &str) -> bool {
    /// In bytes; other services allow more.
    const LONGEST: usize = 64;
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(is_legal)
}

fn stop_of(execution: &ExecutionRecord) -> Option<Stop> {
    match execution.ended_at {
        Some(_) => Some(Stop::Done),
        None => execution.stop_requested_by.as_ref().map(|_| Stop::Wanted),
    }
}

/// Receives a reply until `stop` is over: then the connection is closed, and the usage reported by then is the minimum bill.
async fn unless_stopped(
    provider: &dyn AiProvider,
    request: &ModelRequest,
    within: Duration,
    stop: impl Future<Output = ()>,
) -> Result<ModelReply, NoReply> {
    let reported = Mutex::new(None);
    let told = |usage: Usage| *reported.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
    let reply = provider.stream(request, within, &told);
    tokio::select! {
        reply = reply => reply,
        () = stop => {
            let reported = *reported.lock().unwrap_or_else(PoisonError::into_inner);
            Err(NoReply::MayBeBilled { error: stopped(), reported })
        }
    }
}

/// The engine is about to stop the execution. To fail here would be faster: the execution would end as a failure, and its workflow would do what
/// it does after a failure, such as a rollback, which nobody asked for. So the step is retried until it is stopped.
fn being_stopped() -> ActionError {
    ActionError::unavailable("the execution is being stopped, so the model is not called anymore")
}

fn stopped() -> ActionError {
    ActionError::conflict("the execution was stopped, so the model is not called anymore")
}

/// The whole conversation as it is sent. Cache marks are not part of it: they are on the system prompt, the first message, the
/// last one of the request before, and the last one of this.
fn request(prefix: &Prefix, said: Vec<Said>) -> ModelRequest {
    let mut messages: Vec<ModelMessage> = Vec::with_capacity(said.len());
    for Said { mut message, .. } in said {
        match messages.last_mut() {
            // The model said nothing between the two, and some services refuse messages that do not alternate.
            Some(last) if last.speaker == message.speaker => last.parts.append(&mut message.parts),
            _ => messages.push(message),
        }
    }
    let count = messages.len();
    for at in [0, count.saturating_sub(3), count.saturating_sub(1)] {
        if let Some(part) = messages.get_mut(at).and_then(|message| message.parts.last_mut()) {
            part.cache = true;
        }
    }
    ModelRequest {
        model: prefix.model.clone(),
        effort: Some(prefix.effort),
        system: vec![PromptBlock { text: prefix.system.clone(), cache: true }],
        messages,
        tools: prefix.tools.clone(),
        reply_schema: None,
        max_output_tokens: 0,
    }
}

#[cfg(test)]
mod tests;
