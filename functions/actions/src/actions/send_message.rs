//! `send_message`: sends a message to a channel or thread.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::PluginType;
use domain::plugins::{Message, MessageBody};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `#name` or the channel's id. Default: the project's channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// The message in Markdown.
    #[schemars(extend("x-aliases" = ["text"]))]
    pub message: String,
    /// The id of the message whose thread it goes to.
    #[schemars(extend("x-aliases" = ["thread_ts"]))]
    #[serde(default)]
    pub thread: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel.
    pub message_id: String,
    /// Where people see it.
    pub url: Option<String>,
}

/// Sends the message, unless an earlier attempt did.
///
/// # Errors
/// `Rejected` when neither the step nor the project names a channel, or no channel has that name; the chat's errors.
pub struct SendMessage;

impl Action for SendMessage {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("send_message", PluginType::Communication)
        .effect()
        .writing(&[Partition::Thread]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let chat = context.chat().await?;
        let project = &context.scope().project;
        let channel = input.channel.or_else(|| project.channel.clone()).ok_or_else(|| {
            ActionError::rejected(format!(
                "the step names no channel, and the project {} has no `channel` in the configuration",
                project.key
            ))
        })?;
        let is_in_thread = input.thread.is_some();
        let intent = context.effect().intend(false).await?;
        let earlier = match intent.resumed {
            true => chat.find_message(&channel, input.thread.as_deref(), &intent.mark).await?,
            false => None,
        };
        let sent = match earlier {
            Some(sent) => sent,
            None => {
                let body = MessageBody { text: input.message, buttons: Vec::new(), rest: None };
                let message = Message { channel, thread: input.thread, body };
                let place = Some(message.channel.clone());
                context.effect().send(place, chat.send_message(&message, &intent.mark)).await?
            }
        };
        if !is_in_thread {
            context.note_thread(&sent).await?;
        }
        Ok(Done::for_good(Output { channel: sent.channel, message_id: sent.id, url: sent.url }))
    }
}
