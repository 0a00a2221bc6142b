//! `request_approval`: asks people a question and parks the execution on a task token until one of them answers.
//!
//! The question stands in the execution's progress comment and, where the project has a chat, in a message with buttons. It
//! is answered there, by the slash command, by a comment that mentions the bot, or by a move of the ticket; the first answer counts.

use crate::effect::{Done, Effect};
use crate::park::Park;
use crate::scope::Scope;
use domain::ActionError;
use domain::configuration::same_status;
use domain::plugins::{Communication, Message, MessageBody, MessageButton};
use records::{Moves, Topic, Waiter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What people are asked, answerable by yes or no.
    #[schemars(extend("x-aliases" = ["message"]))]
    pub question: String,
    /// What they should know to answer it, in Markdown.
    #[serde(default)]
    pub details: Option<String>,
    /// Who may answer: names of people and of groups. Default: everybody with the role approver or admin.
    #[serde(default)]
    pub approvers: Option<Vec<String>>,
    /// A status, as the tracker or `statuses:` of the configuration names it: whoever moves the execution's ticket there says yes.
    #[serde(default)]
    pub approve_status: Option<String>,
    /// A status: whoever moves the execution's ticket there says no.
    #[serde(default)]
    pub decline_status: Option<String>,
}

/// What later steps can read. A no is the error `Declined`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Who said yes, by their name in the configuration; absent when time passed and the step takes that for a yes.
    pub by: Option<String>,
    /// Where they said so: `slack`, `github`, `jira`, `api`, or `timeout`.
    pub via: String,
    /// When, as RFC 3339 in UTC.
    pub at: Option<String>,
    /// What they said with it.
    pub comment: Option<String>,
}

/// The message that asks, as the journal remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    channel: String,
    message_id: String,
}

/// Records that the execution waits for people.
///
/// # Errors
/// `Rejected` when a named approver is neither a person nor a group of the configuration; those of [`Park::wait`].
pub async fn run(park: &Park<'_>, input: &Input) -> Result<Waiter, ActionError> {
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
    park.wait(&Topic::Approval(park.scope.execution.clone()), input.question.clone(), approvers, moves).await
}

/// Asks in the project's channel; without a channel, the progress comment alone asks.
///
/// # Errors
/// The chat's errors; `Conflict` once the run is being rolled back.
pub async fn ask(
    chat: &dyn Communication,
    effect: &Effect,
    scope: &Scope,
    waiter: &Waiter,
    details: Option<&str>,
) -> Result<Done<Option<Asked>>, ActionError> {
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
                text: text(scope, waiter, details),
                buttons: vec![button("Approve", "approve"), button("Deny", "deny")],
            };
            chat.send_message(&Message { channel, thread: None, body }, &intent.mark).await?
        }
    };
    Ok(Done::for_good(Some(Asked { channel: sent.channel, message_id: sent.id })))
}

impl Asked {
    /// The channel's id and the message's in it.
    pub fn place(&self) -> (&str, &str) {
        (&self.channel, &self.message_id)
    }
}

fn text(scope: &Scope, waiter: &Waiter, details: Option<&str>) -> String {
    let question = waiter.question.as_deref().unwrap_or_default();
    let mut text = format!("**{question}**");
    if let Some(details) = details {
        text.push_str(&format!("\n\n{details}"));
    }
    let who = match waiter.approvers.as_slice() {
        [] => "every approver".to_owned(),
        named => named.join(", "),
    };
    text.push_str(&format!("\n\n{} · `{}` · may be answered by {who}", scope.project.key, waiter.execution));
    for (status, answer) in [(&waiter.moves.approve, "yes"), (&waiter.moves.decline, "no")] {
        if let Some(status) = status {
            text.push_str(&format!(" · to move the ticket to \u{201c}{status}\u{201d} is a {answer}"));
        }
    }
    text
}
