//! Calls of models: introduced to their work, paid for before they are made, recorded after.

pub mod check_log;
pub mod checks;
pub mod fence;
pub mod files;
mod paid;
mod payment;
mod picture;
pub mod price;
pub mod session;
pub mod template;

use crate::agent::template::{Authored, Templates};
use crate::scope::Scope;
use domain::action::Agent;
use domain::configuration::InstanceName;
use domain::execution::execution_of;
use domain::plugins::{AiProvider, ModelReply, ModelRequest, NoReply, Part, PromptBlock, StopReason};
use domain::{ActionError, ActionId, Clock, MicroUsd, Stored};
use jiff::{SignedDuration, Timestamp};
use minijinja::Value;
use providers::Model;
use records::{Limits, QuestionId, Table};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How much time a function reserves to record a reply and its consequences.
const TIME_TO_RECORD: SignedDuration = SignedDuration::from_secs(30);
/// The minimum time for a model call; with less, the next invocation makes it.
const LEAST_TIME: SignedDuration = SignedDuration::from_mins(5);
/// How much of it must be left for the reply once the request is counted.
const LEAST_TIME_TO_REPLY: SignedDuration = SignedDuration::from_mins(2);

/// An agent working on one step: calls its model within the limits, and stores large values.
pub struct AgentExecution {
    provider: Arc<dyn AiProvider>,
    table: Table,
    clock: Arc<dyn Clock>,
    templates: Templates,
    limits: Limits,
    charge: Charge,
    agent: Agent,
    /// Its name in the records.
    name: String,
    /// The provider's name in the configuration.
    instance: InstanceName,
    model: String,
    max_output_tokens: u32,
    /// When the function must be done with all its calls.
    deadline: Timestamp,
    calls: AtomicU32,
    spent: AtomicU64,
    unpriced: AtomicBool,
    /// The last question.
    last: Mutex<Option<QuestionId>>,
}

/// Whom calls are charged to.
#[derive(Debug, Clone)]
pub struct Charge {
    /// The invocation's id: every attempt pays for itself.
    pub invocation: String,
    /// The request.
    pub action: ActionId,
    /// The ticket it is spent on.
    pub task_id: Option<String>,
    /// The account, by [`domain::Actor::account`].
    pub account: String,
    /// The project's key.
    pub project: String,
    /// The workflow's name, for a recorded execution.
    pub workflow: Option<String>,
    /// The execution's name.
    pub execution: String,
    /// The name of the execution that began its run: a redrive replays replies that were paid for there.
    pub began_as: String,
    /// The state's name with its loop indexes.
    pub state: String,
}

impl Charge {
    /// Charges the invocation's calls to the scope's actor and project.
    pub fn new(scope: &Scope, invocation: &str, action: ActionId, task_id: Option<String>) -> Self {
        Self {
            invocation: invocation.to_owned(),
            action,
            task_id,
            account: scope.account(),
            project: scope.project.key.clone(),
            workflow: None,
            execution: scope.execution.clone(),
            began_as: execution_of(&scope.run).to_owned(),
            state: scope.state.clone(),
        }
    }
}

/// A question to the model.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The part that is likely to be sent again within minutes, the repository; the provider caches it.
    pub material: Option<String>,
    /// The question itself, rendered from a template.
    pub text: String,
    /// The most tokens the reply may have; the configuration's limit also applies.
    pub max_output_tokens: Option<u32>,
}

impl AgentExecution {
    /// An agent without calls so far, in a function that ends at `deadline`.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a field of the agent, and named where it is given"
    )]
    pub fn new(
        table: Table,
        clock: Arc<dyn Clock>,
        templates: Templates,
        limits: Limits,
        charge: Charge,
        agent: Agent,
        model: Model,
        deadline: Timestamp,
    ) -> Self {
        Self {
            provider: model.provider,
            table,
            clock,
            templates,
            limits,
            charge,
            agent,
            name: agent.as_str().to_owned(),
            model: model.name,
            instance: model.instance,
            max_output_tokens: model.max_output_tokens,
            deadline: deadline - TIME_TO_RECORD,
            calls: AtomicU32::new(0),
            spent: AtomicU64::new(0),
            unpriced: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Renders the step's own template, or else the action's.
    ///
    /// # Errors
    /// `Rejected` if there is no such template, or it uses a variable that the step does not provide.
    pub fn render(&self, own: Option<&str>, default: &str, context: &Value) -> Result<String, ActionError> {
        self.templates.render(own.unwrap_or(default), context)
    }

    /// Asks for a value with its own schema.
    ///
    /// # Errors
    /// As [`AgentExecution::ask_text`]; `Rejected` too when the reply does not have the form.
    pub async fn ask<T: JsonSchema + DeserializeOwned>(&self, question: Question) -> Result<T, ActionError> {
        let text = self.call(question, Some(reply_schema::<T>())).await?;
        let read = serde_json::from_str(&text).map_err(|error| {
            ActionError::rejected(format!(
                "the model's reply does not have the form that was asked for: {}",
                http_client::excerpt(&error.to_string())
            ))
        });
        self.used(read).await
    }

    /// The result of the last reply. An unusable reply is not replayed to a redrive, which would fail in the same way.
    ///
    /// # Errors
    /// That of `result`.
    pub async fn used<T>(&self, result: Result<T, ActionError>) -> Result<T, ActionError> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Err(_), Some(question)) = (&result, last)
            && let Err(error) = self.table.note_useless_reply(&question, &self.charge.execution).await
        {
            tracing::warn!(%error, "a useless reply was not recorded as one; a redrive replays it");
        }
        result
    }

    /// Asks for text.
    ///
    /// # Errors
    /// `BudgetExceeded` before anything is sent when the worst case does not fit a limit; `Unavailable` when too little of the
    /// function's time is left; `ReplyLost` when no reply came of a call that may be billed; `Rejected` when the model declines or
    /// its reply is cut off; the provider's errors.
    pub async fn ask_text(&self, question: Question) -> Result<String, ActionError> {
        self.call(question, None).await
    }

    /// The calls' cost so far; `None` if one of them has no known price.
    pub fn spent(&self) -> Option<MicroUsd> {
        let spent = MicroUsd(self.spent.load(Ordering::Relaxed));
        (!self.unpriced.load(Ordering::Relaxed)).then_some(spent)
    }

    /// Restores a value that an earlier step stored.
    ///
    /// # Errors
    /// `Internal` when it has expired or is damaged.
    pub async fn load<T: DeserializeOwned>(
        &self,
        stored: Option<&Stored<T>>,
    ) -> Result<Option<T>, ActionError> {
        match stored {
            Some(stored) => Ok(Some(self.table.load(stored).await?)),
            None => Ok(None),
        }
    }

    /// Stores a value for later steps.
    ///
    /// # Errors
    /// `Rejected` when it is too large.
    pub async fn store<T: Serialize>(&self, value: &T) -> Result<Stored<T>, ActionError> {
        Ok(self.table.store(&self.charge.execution, value, self.clock.now()).await?)
    }

    async fn call(
        &self,
        question: Question,
        schema: Option<serde_json::Value>,
    ) -> Result<String, ActionError> {
        let request = self.request(question, schema)?;
        let id = QuestionId::new(&self.charge.began_as, &self.charge.state, &request);
        let within = || self.time_left(LEAST_TIME_TO_REPLY).map_err(NoReply::NotBilled);
        let paid =
            self.paid(&request, &id, None, None, async || self.provider.complete(&request, within()?).await);
        match paid.await? {
            Some(paid) => self.used(finished_text(paid.reply, &self.instance)).await,
            None => Err(ActionError::internal("a call without its own limit found no room for itself")),
        }
    }

    /// How much of the function's time is left for a call.
    ///
    /// # Errors
    /// `Unavailable` if it is at most `least`.
    fn time_left(&self, least: SignedDuration) -> Result<Duration, ActionError> {
        let left = self.deadline.duration_since(self.clock.now());
        if left > least {
            return Ok(left.unsigned_abs());
        }
        let seconds = left.as_secs().max(0);
        Err(ActionError::unavailable(format!(
            "{seconds} s of the function's time are left, too few to call the model; the next attempt continues from here"
        )))
    }

    fn request(
        &self,
        question: Question,
        reply_schema: Option<serde_json::Value>,
    ) -> Result<ModelRequest, ActionError> {
        let path = match self.agent {
            Agent::Planning => "prompts/system/planning.md",
            Agent::Development => "prompts/system/development.md",
        };
        let introduction = self.templates.text(path)?;
        let mut prompt = Vec::new();
        prompt.extend(question.material.map(|text| Part::text(text).cached()));
        prompt.push(Part::text(question.text));
        let most = question
            .max_output_tokens
            .map_or(self.max_output_tokens, |most| most.min(self.max_output_tokens));
        Ok(ModelRequest {
            system: vec![PromptBlock { text: format!("{introduction}\n{}\n", fence::RULE), cache: true }],
            reply_schema,
            ..ModelRequest::question(self.model.clone(), prompt, most)
        })
    }
}

fn finished_text(reply: ModelReply, instance: &InstanceName) -> Result<String, ActionError> {
    match reply.stop {
        StopReason::Complete if reply.text.trim().is_empty() => Err(ActionError::rejected(
            "the model's reply is empty; run the step again, or choose another model",
        )),
        StopReason::Complete => Ok(reply.text),
        StopReason::Refused => Err(ActionError::rejected(
            "the model declined to answer; reword the ticket or choose another model",
        )),
        StopReason::Truncated => Err(ActionError::rejected(format!(
            "the model's reply was cut off at its limit of tokens; make the ticket smaller or raise plugins.{instance}.max_output_tokens"
        ))),
        StopReason::ContextFull => Err(context_full()),
        StopReason::ToolCalls => {
            Err(ActionError::rejected("the model called a tool, but was offered none; choose another model"))
        }
        StopReason::Other(name) => Err(ActionError::rejected(format!(
            "the model stopped for the reason `{}`",
            http_client::excerpt(&name)
        ))),
    }
}

/// What was asked and the reply to it are longer than the model can hold.
fn context_full() -> ActionError {
    ActionError::rejected(
        "the model's reply was cut off because the conversation filled the model's context window; \
         make the ticket smaller, or choose a model with a larger context window",
    )
}

/// The JSON Schema of a reply.
fn reply_schema<T: JsonSchema>() -> serde_json::Value {
    let settings =
        SchemaSettings::draft2020_12().for_deserialize().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The variables of a step's template: its inputs by name, with references replaced by stored values.
pub fn template_values(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::from_object(entries.into_iter().collect::<BTreeMap<&str, Value>>())
}

/// The workflow author's words, which agents follow: printed as they are. Outside text that a workflow's template inserted
/// was fenced by the compiler.
pub fn authored(text: Option<&str>) -> Value {
    let text = text.filter(|text| !text.is_empty());
    text.map_or_else(|| Value::from(()), |text| Value::from_object(Authored(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use domain::plugins::{ModelMessage, Speaker, Usage};

    fn reply(stop: StopReason) -> ModelReply {
        ModelReply {
            message: ModelMessage { speaker: Speaker::Model, parts: vec![Part::text("text")] },
            text: "text".into(),
            calls: Vec::new(),
            stop,
            usage: Usage::default(),
            model: "m".into(),
            request_id: None,
        }
    }

    fn finished(stop: StopReason) -> Result<String, ActionError> {
        finished_text(reply(stop), &"claude".parse().unwrap())
    }

    #[test]
    fn only_a_complete_reply_is_used() {
        assert_eq!(finished(StopReason::Complete).unwrap(), "text");
        let empty = ModelReply { text: " \n".into(), ..reply(StopReason::Complete) };
        let error = finished_text(empty, &"claude".parse().unwrap()).unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains("is empty"), "{error}");
        for (stop, words) in [
            (StopReason::Refused, "declined"),
            (StopReason::ToolCalls, "offered none"),
            (StopReason::Truncated, "max_output_tokens"),
            (StopReason::ContextFull, "larger context window"),
            (StopReason::Other("pause_turn".into()), "`pause_turn`"),
        ] {
            let error = finished(stop).unwrap_err();
            assert!(error.kind == ErrorKind::Rejected && error.message.contains(words), "{error}");
        }
    }

    #[test]
    fn reply_schemas_stand_alone() {
        let schema = reply_schema::<crate::artifacts::CodeReply>().to_string();
        assert!(!schema.contains("$ref"), "{schema}");
        assert!(schema.contains("occurs exactly once"), "fields are described: {schema}");
    }

    #[test]
    fn authors_are_quoted_as_they_write() {
        let templates = Templates::default();
        let context =
            template_values([("prompt", authored(Some("Say hi."))), ("instructions", authored(None))]);
        let text = templates.render("prompts/text.md", &context).unwrap();
        assert!(text.ends_with("\n\nSay hi.\n") || text.ends_with("\n\nSay hi."), "{text}");
    }
}
