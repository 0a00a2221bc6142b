//! `update_message`: changes a message sent before.

use crate::effect::{Done, Effect};
use domain::ActionError;
use domain::plugins::{Communication, MessageBody, SentMessage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel.
    pub message_id: String,
    /// The new text in Markdown.
    #[schemars(extend("x-aliases" = ["text"]))]
    pub message: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel.
    pub message_id: String,
}

/// Replaces the message's text; doing so again changes nothing.
///
/// # Errors
/// `Rejected` when there is no such message or it is not ours; the chat's errors.
pub async fn run(
    chat: &dyn Communication,
    effect: &Effect,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    effect.intend(true).await?;
    let sent = SentMessage { channel: input.channel, id: input.message_id, url: None };
    chat.update_message(&sent, &MessageBody { text: input.message, buttons: Vec::new() }, None).await?;
    Ok(Done::for_good(Output { channel: sent.channel, message_id: sent.id }))
}
