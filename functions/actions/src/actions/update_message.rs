//! `update_message`: changes a message sent before.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::plugins::{MessageBody, SentMessage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
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
/// `Rejected` if there is no such message or it is not ours; the chat's errors.
pub struct UpdateMessage;

impl Action for UpdateMessage {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("update_message", PluginType::Communication).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let chat = context.chat().await?;
        context.effect().intend(true).await?;
        let sent = SentMessage { channel: input.channel, id: input.message_id, url: None };
        let body = MessageBody { text: input.message, buttons: Vec::new(), rest: None };
        let place = Some(sent.channel.clone());
        context.effect().send_again(place, chat.update_message(&sent, &body, None)).await?;
        Ok(Done::for_good(Output { channel: sent.channel, message_id: sent.id }))
    }
}
