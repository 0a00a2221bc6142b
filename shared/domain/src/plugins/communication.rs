//! Chat.

use super::Mark;
use crate::error::ActionError;
use crate::task::Attachment;
use async_trait::async_trait;

/// A chat.
#[async_trait]
pub trait Communication: Send + Sync {
    /// Sends a message to a channel (`#name` or an id) or into a thread; it carries the mark.
    async fn send_message(&self, message: &Message, mark: &Mark) -> Result<SentMessage, ActionError>;

    /// The message that an earlier attempt with the same mark sent to this channel.
    async fn find_message(
        &self,
        channel: &str,
        thread: Option<&str>,
        mark: &Mark,
    ) -> Result<Option<SentMessage>, ActionError>;

    /// Replaces a message's text, keeping its mark.
    async fn update_message(
        &self,
        sent: &SentMessage,
        body: &MessageBody,
        mark: Option<&Mark>,
    ) -> Result<(), ActionError>;

    /// The id of the channel in which the bot and a person, by their account, write to each other. The default, for chats in which the bot
    /// does not write to single people, is `Rejected`.
    async fn direct_messages(&self, _account: &str) -> Result<String, ActionError> {
        Err(ActionError::rejected("this chat has no direct messages"))
    }

    /// Answers a person, in Markdown, at the address that their command or button gave for it. Nobody else sees the answer. The default,
    /// for chats that give no such address, is `Rejected`.
    async fn respond(&self, _address: &str, _markdown: &str) -> Result<(), ActionError> {
        Err(ActionError::rejected("this chat has no addresses to answer at"))
    }

    /// The files linked in a text that [`read_attachment`](Self::read_attachment) reads, each once and in their order. It sends no requests. The
    /// default, for chats whose files are not read, is an empty list.
    fn files_in(&self, _words: &str) -> Vec<Attachment> {
        Vec::new()
    }

    /// Reads the content of a file that people uploaded to the chat, as [`files_in`](Self::files_in) found it. Whoever linked it may not be
    /// allowed to see it: unless the link alone gives the file to anybody, one that is not shared where [`FileChannels`] says is refused. More
    /// than `most` bytes are refused. No credentials leave the chat's own hosts, and nothing is read from others. The default, for chats whose
    /// files are not read, is `Rejected`.
    async fn read_attachment(
        &self,
        _file: &Attachment,
        _channels: &FileChannels,
        _most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        Err(ActionError::rejected("files of this chat cannot be read"))
    }

    /// Adds a reaction by its name without colons, unless it is already there.
    async fn react(&self, sent: &SentMessage, reaction: &str) -> Result<(), ActionError>;
}

/// The channels whose files may be read, by their names or IDs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileChannels {
    /// The project's own. Its files may be read unless the channel is private, wherever they are linked: who may start work in the project need
    /// not be a member.
    pub project: Option<String>,
    /// The one in which the words were written that link the files: everybody who can write there can see its files.
    pub said_in: Option<String>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `#name` or the channel's id.
    pub channel: String,
    /// The id of the message whose thread it goes to.
    pub thread: Option<String>,
    /// Its text.
    pub body: MessageBody,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageBody {
    /// Markdown; also what notifications show.
    pub text: String,
    /// Buttons under it.
    pub buttons: Vec<MessageButton>,
    /// Where all of the text can be read if the chat's limit cuts it, as a phrase in Markdown without a period.
    pub rest: Option<String>,
}

/// [`MessageBody::rest`] of a question to people.
pub const REST_OF_QUESTION: &str = "`ticketsmith approval list` shows all of it";

/// A button under a message: pressing it sends its value back as a delivery, or opens its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageButton {
    /// The label.
    pub label: String,
    /// Which action it is: `approve`, `deny`, `stop`.
    pub action: String,
    /// Its data; at most 2,000 characters.
    pub value: String,
    /// The address it opens.
    pub url: Option<String>,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel (Slack's `ts`).
    pub id: String,
    /// The URL for people, if the chat provides one.
    pub url: Option<String>,
}
