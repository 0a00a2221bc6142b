//! `request_approval`: asks people a question and parks the execution on a task token until one of them answers.
//!
//! The question is shown in the execution's progress comment and, if the project has a chat, in a message with buttons. It
//! is answered there, by the slash command, by a comment that mentions the bot, or by a move of the ticket; the first answer counts.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::effect::Effect;
use crate::park::{Park, ParkedQuestion};
use crate::scope::Scope;
use crate::spec::ActionSpec;
use domain::configuration::same_status;
use domain::execution::execution_of;
use domain::plugins::{Communication, Message, MessageBody, MessageButton, REST_OF_QUESTION};
use domain::text::literal;
use domain::{ActionError, Actor, PluginType};
use records::{Answer, Moves, Terms, Timeliness, Topic, Waiter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The question, answerable by yes or no.
    #[schemars(extend("x-aliases" = ["message"]))]
    pub question: String,
    /// Background for the answer, in Markdown.
    #[serde(default)]
    pub details: Option<String>,
    /// Who may answer: names of people and groups. Default: everybody with the role approver or admin.
    #[serde(default)]
    pub approvers: Option<Vec<String>>,
    /// A status, as the tracker or `statuses:` of the configuration names it: moving the execution's ticket there says yes.
    #[schemars(extend("x-status" = true))]
    #[serde(default)]
    pub approve_status: Option<String>,
    /// A status: moving the execution's ticket there says no.
    #[schemars(extend("x-status" = true))]
    #[serde(default)]
    pub decline_status: Option<String>,
    /// `requester`: the person who asked for the work may not answer.
    #[serde(default)]
    pub not_by: Option<NotBy>,
    /// How many different people must say yes. One no decides.
    #[schemars(range(min = 1, max = 20))]
    #[serde(default)]
    pub count: Option<u32>,
    /// After how many seconds without an answer people are reminded in the chat, and again.
    #[schemars(range(min = 60))]
    #[serde(default)]
    pub remind_seconds: Option<u64>,
    /// After how many seconds the step continues without an answer, as the workflow says; later answers are refused.
    #[serde(default)]
    pub timeout_seconds: Option<u64>,
    /// The key of an effect whose response was lost, if the question is about that: a yes lets the step act again.
    #[serde(default)]
    pub effect: Option<String>,
}

/// Who may not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotBy {
    /// The person who asked for the work.
    Requester,
}

/// What later steps can read. A no is the error `Declined`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Who said yes, by their name in the configuration; absent if time ran out and the step takes that for a yes.
    pub by: Option<String>,
    /// Where they said so: `slack`, `github`, `jira`, `api`, or `timeout`.
    pub via: String,
    /// When, as RFC 3339 in UTC.
    pub at: Option<String>,
    /// Their comment.
    pub comment: Option<String>,
}

/// The message that asks, as the journal remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sent {
    channel: String,
    message_id: String,
}

/// Records that the execution waits for people, and asks in the project's chat if it has one. The progress comment asks, too.
///
/// # Errors
/// `Rejected` if a named approver is neither a person nor a group of the configuration; the errors of [`Park::wait`]; the chat's errors.
pub struct RequestApproval;

impl Action for RequestApproval {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("request_approval")
        .effect()
        .parking()
        .with_credentials(&[PluginType::Communication]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        if context.effect().seeks() {
            return seek(context).await;
        }
        if let Some(key) = &input.effect {
            let (run, now) = (&context.scope().run, context.clock().now());
            context.table().effect_asked(run, key, now).await.map_err(ActionError::from)?;
        }
        let waiter = park(&context.park(), &input).await?;
        // Whether an effect happened is another question each time, and details such as a plan may be others than people saw.
        if input.effect.is_none()
            && input.details.is_none()
            && let Some(answer) = answered_before(context, &waiter).await?
        {
            context.table().answer_waiter(&waiter, &answer).await?;
            return Err(NoOutput::Parked);
        }
        let chat = match context.chat().await {
            Ok(chat) => chat,
            Err(NoOutput::Skipped(_)) => return Err(NoOutput::Parked),
            Err(other) => return Err(other),
        };
        let ask = async |effect: &Effect| ask(&*chat, effect, context.scope(), &waiter).await;
        // The message of an execution that has ended shows its question; its buttons have no effect here.
        let execution = &context.scope().execution;
        let again = (execution != execution_of(&context.scope().run))
            .then(|| context.effect().part(execution, Self::SPEC.id(), json!({"question": input.question})));
        if let Some(asked) = again.as_ref().unwrap_or(context.effect()).perform(ask).await? {
            let (table, now) = (context.table(), context.clock().now());
            let message = table.set_waiter_message(&waiter, &asked.channel, &asked.message_id, now);
            message.await.map_err(ActionError::from)?;
        }
        Err(NoOutput::Parked)
    }
}

/// The yes that people gave to the same question of the same step, before its execution failed or was stopped and a redrive continued
/// it.
///
/// # Errors
/// The table's errors.
async fn answered_before(context: &Context<'_>, waiter: &Waiter) -> Result<Option<Answer>, ActionError> {
    let (table, scope) = (context.table(), context.scope());
    let began_as = execution_of(&scope.run);
    if scope.execution == began_as {
        return Ok(None);
    }
    let mut found = None;
    for earlier in table.continued(began_as).await? {
        let topic = Topic::Approval(earlier.name).to_string();
        let asked = table.waiter(&topic, &waiter.key).await?;
        // An answer that came too late, because the execution had ended, is not one.
        let asked =
            asked.filter(|asked| asked.question == waiter.question && asked.told == Some(Timeliness::InTime));
        found = asked.and_then(|asked| asked.answer).filter(|answer| answer.approved).or(found);
    }
    Ok(found)
}

/// Records that the execution waits for people.
///
/// # Errors
/// `Rejected` if a named approver is neither a person nor a group of the configuration; the errors of [`Park::wait`].
async fn park(park: &Park<'_>, input: &Input) -> Result<Waiter, ActionError> {
    let configuration = &park.scope.configuration;
    let approvers = input.approvers.clone().unwrap_or_default();
    let known = |name: &&String| {
        configuration.groups.contains_key(*name) || configuration.users.iter().any(|user| user.name == **name)
    };
    if let Some(stranger) = approvers.iter().find(|name| !known(name)) {
        return Err(ActionError::rejected(format!(
            "the approver `{stranger}` is neither under `users` nor under `groups` of the configuration"
        )));
    }
    let status = |name: &Option<String>| {
        name.as_deref().map(|name| park.scope.project.tracker_status(name).to_owned())
    };
    let moves = Moves { approve: status(&input.approve_status), decline: status(&input.decline_status) };
    if let (Some(yes), Some(no)) = (&moves.approve, &moves.decline)
        && same_status(yes, no)
    {
        return Err(ActionError::rejected(format!("a move to `{yes}` cannot be both a yes and a no")));
    }
    let requester = || park.scope.actor.as_ref().map(Actor::account);
    let terms = Terms {
        not_by: input.not_by.and_then(|NotBy::Requester| requester()),
        count: input.count.unwrap_or(1),
        remind_seconds: input.remind_seconds,
    };
    let (question, details) = (input.question.clone(), input.details.clone());
    let timeout_seconds = input.timeout_seconds;
    park.wait_for_people(ParkedQuestion { question, details, approvers, moves, terms, timeout_seconds }).await
}

/// Asks in the project's channel; without a channel, only the progress comment asks.
///
/// # Errors
/// The chat's errors; `Conflict` once the run is being rolled back.
async fn ask(
    chat: &dyn Communication,
    effect: &Effect,
    scope: &Scope,
    waiter: &Waiter,
) -> Result<Done<Option<Sent>>, ActionError> {
    let Some(channel) = scope.project.channel.clone() else { return Ok(Done::for_good(None)) };
    let intent = effect.intend(false).await?;
    let earlier = match intent.resumed {
        true => chat.find_message(&channel, None, &intent.mark).await?,
        false => None,
    };
    let sent = match earlier {
        Some(sent) => sent,
        None => {
            let button = |label: &str, action: &str| MessageButton {
                label: label.to_owned(),
                action: action.to_owned(),
                value: format!("{} {}", waiter.execution, waiter.key),
                url: None,
            };
            let body = MessageBody {
                text: text(&scope.project.key, waiter),
                buttons: vec![button("Approve", "approve"), button("Deny", "deny")],
                rest: Some(REST_OF_QUESTION.to_owned()),
            };
            let message = Message { channel, thread: None, body };
            let place = Some(message.channel.clone());
            effect.send(place, chat.send_message(&message, &intent.mark)).await?
        }
    };
    Ok(Done::for_good(Some(Sent { channel: sent.channel, message_id: sent.id })))
}

/// Looks for the message of an attempt whose answer was lost.
async fn seek(context: &Context<'_>) -> Result<Done<Output>, NoOutput> {
    let chat = context.chat().await?;
    let Some(channel) = context.scope().project.channel.clone() else { return Err(NoOutput::Parked) };
    let look = async |effect: &Effect| {
        let intent = effect.intend(false).await?;
        let sent = match chat.find_message(&channel, None, &intent.mark).await? {
            Some(sent) => sent,
            None => effect.send(None, async { Err(ActionError::internal("nothing is sent")) }).await?,
        };
        Ok::<_, ActionError>(Done::for_good(Some(Sent { channel: sent.channel, message_id: sent.id })))
    };
    context.effect().perform(look).await?;
    Err(NoOutput::Parked)
}

/// The conditions come before the details: a chat cuts what is too long at its end.
fn text(project: &str, waiter: &Waiter) -> String {
    let question = waiter.question.as_deref().unwrap_or_default();
    let mut text = format!("**{}**", literal(question));
    let who = match waiter.approvers.as_slice() {
        [] => "every approver".to_owned(),
        named => named.join(", "),
    };
    text.push_str(&format!("\n\n{project} · `{}` · may be answered by {who}", waiter.execution));
    if waiter.terms.needed() > 1 {
        text.push_str(&format!(" · {} people must approve", waiter.terms.needed()));
    }
    if let Some(requester) = &waiter.terms.not_by {
        text.push_str(&format!(" · not by {}, who asked for it", literal(requester)));
    }
    for (status, answer) in [(&waiter.moves.approve, "yes"), (&waiter.moves.decline, "no")] {
        if let Some(status) = status {
            text.push_str(&format!(" · to move the ticket to \u{201c}{status}\u{201d} is a {answer}"));
        }
    }
    if let Some(details) = &waiter.details {
        text.push_str(&format!("\n\n{details}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_must_fulfill_comes_before_long_details() {
        let waiter = json!({
            "topic": "approval run", "key": "run/Ask", "execution": "run", "token": "t", "since": "2026-11-29T07:00:00.000000Z",
            "question": "May *it* go?", "details": "All of it.", "approvers": ["ada"],
            "terms": {"count": 2, "not_by": "grace"}, "moves": {"approve": "Ready"},
        });
        let waiter: Waiter = serde_json::from_value(waiter).unwrap();
        assert_eq!(
            text("SHOP", &waiter),
            "**May \\*it\\* go?**\n\nSHOP · `run` · may be answered by ada · 2 people must approve · not by grace, who asked for \
             it · to move the ticket to \u{201c}Ready\u{201d} is a yes\n\nAll of it."
        );
    }
}
