//! Messages, as the Gateway sends them (<https://docs.discord.com/developers/events/gateway-events#message-create>): mentions of the bot, replies to
//! its messages, and messages in threads that people began on them.

use super::SOURCE;
use crate::mention::{Said, words_for_bot};
use crate::senders::delivery::{
    Bot, Delivery, Malformed, Meaning, Received, id_of_body, in_context, lenient, lenient_list, read_json,
};
use crate::senders::uploads::{Uploaded, WithUploads, linked};
use crate::spoken::Markup;
use domain::event::{EventSpec, UPLOADS, common};
use domain::routes::InputType::{Any, String as Text};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName};
use records::ReplyPlace;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const MESSAGE_CREATE: &str = "MESSAGE_CREATE";
const MENTIONED: EventName = EventName::from_static("discord.mentioned");
/// Nothing starts on it directly: it is words for the ticket that its thread is about.
const REPLIED: EventName = EventName::from_static("discord.replied");

/// [Kinds of messages](https://docs.discord.com/developers/resources/message#message-object-message-types) that people write.
const PLAIN: u64 = 0;
const REPLY: u64 = 19;

/// An event of the Gateway, with what messages do not say.
#[derive(Debug, Deserialize)]
struct Dispatched {
    #[serde(default, rename = "t", deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, rename = "d", deserialize_with = "lenient")]
    message: Option<Message>,
    /// The ID of the bot to which it was sent.
    #[serde(default, deserialize_with = "lenient")]
    own_account: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    place: Option<Place>,
}

/// Where a message was written.
#[derive(Debug, Default, Deserialize)]
struct Place {
    /// The channel, or the one that the thread is in.
    #[serde(default, deserialize_with = "lenient")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    channel_name: Option<String>,
    /// The thread, which has the ID of the message on which people began it.
    #[serde(default, deserialize_with = "lenient")]
    thread: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    channel_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    author: Option<Author>,
    #[serde(default, deserialize_with = "lenient")]
    webhook_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    content: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    timestamp: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    edited_timestamp: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    attachments: Vec<Attached>,
    /// The message that it answers.
    #[serde(default, deserialize_with = "lenient")]
    referenced_message: Option<Referenced>,
}

#[derive(Debug, Deserialize)]
struct Author {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    bot: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    system: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Attached {
    #[serde(default, deserialize_with = "lenient")]
    filename: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Referenced {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    author: Option<Author>,
}

pub(super) fn mentioned() -> EventSpec {
    EventSpec::new(
        MENTIONED,
        "The bot was named in a channel or thread in Discord. Only `serve --pull` fetches it.",
    )
    .fields([("text", Text), ("thread", Text), ("channel", Text), ("actor", Any)])
    .matched_by(["channel", "thread"])
    .also(common::CHAT_MENTIONED)
}

pub(super) fn parse(body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let Dispatched { name, message, own_account, place } = read_json::<Dispatched>("Discord", body)?;
    let bot = Bot { account: own_account.as_deref().or(bot.account), ..*bot };
    let ignored = |reason: String| Ok(Delivery::new(id_of_body(body), Meaning::Ignored(reason)));
    let name = name.unwrap_or_default();
    if name != MESSAGE_CREATE {
        return ignored(format!("Discord's event `{}` is not used", cut_inline(&name)));
    }
    let Some(mut message) = message else { return ignored("the event has no message".to_owned()) };
    let (Some(id), Some(channel)) = (message.id.take(), message.channel_id.take()) else {
        return ignored("the message has no ID or no channel".to_owned());
    };
    // The same message, whether it was sent or is read from its channel.
    let delivery = format!("{channel}/{id}");
    let written = Written { id, channel, place: place.unwrap_or_default() };
    let meaning = meaning(message, written, &delivery, &bot);
    Ok(Delivery::new(delivery, meaning))
}

/// Which message it is, and where it was written.
struct Written {
    id: String,
    /// The channel or thread in which it is.
    channel: String,
    place: Place,
}

impl Written {
    /// The message as others name it: one in a thread with the thread, which is a channel of its own.
    fn named(&self) -> String {
        match &self.place.thread {
            Some(thread) => format!("{thread}/{}", self.id),
            None => self.id.clone(),
        }
    }
}

fn meaning(message: Message, written: Written, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let ignored = |reason: &str| Meaning::Ignored(reason.to_owned());
    let Some(Author { id: Some(user), username, bot: is_bot, system }) = message.author else {
        return ignored("the message has no author");
    };
    if is_bot == Some(true) || system == Some(true) || message.webhook_id.is_some() || bot.is(&user) {
        return ignored("the message is from a bot");
    }
    if !matches!(message.kind, Some(PLAIN | REPLY)) {
        return ignored("the message reports a change");
    }
    if message.edited_timestamp.is_some() {
        return ignored("the message was edited; only the original counts");
    }
    let content = message.content.unwrap_or_default();
    let (text, is_named) = named(content.trim(), bot);
    let answered = message.referenced_message.filter(|_| message.kind == Some(REPLY));
    let answered = answered.filter(|answered| {
        let author = answered.author.as_ref().and_then(|author| author.id.as_deref());
        author.is_some_and(|author| bot.is(author))
    });
    let own = answered.and_then(|answered| answered.id);
    let is_in_thread = written.place.thread.is_some() || own.is_some();
    if !is_named && !is_in_thread {
        return ignored("the message is not for the bot");
    }
    // A thread begins with a message of ours, or with the mention itself.
    let thread = written.place.thread.clone().or(own).unwrap_or_else(|| written.id.clone());
    let files = message.attachments.into_iter();
    let uploads = linked(files.map(|file| Uploaded { name: file.filename, link: file.url }));
    if text.is_empty() && uploads.is_none() {
        return ignored(
            "the message has no words, or Discord does not give them without the Message Content intent",
        );
    }
    if !is_named && text.starts_with("<@") {
        return ignored("the message is for somebody else");
    }
    let said = words_for_bot(&text, bot.mention, bot.command, Markup::Markdown).filter(|_| is_named);
    let said = said.unwrap_or(Said { words: &text, is_addressed: !is_named, before: "" });
    let spoken = WithUploads::new(in_context(&said), uploads, is_in_thread);
    let channel = written.place.channel.clone().unwrap_or_else(|| written.channel.clone());
    let fields = json!({
        "text": cut_inline(&spoken.text),
        UPLOADS: spoken.uploads,
        "thread": thread,
        "channel": channel,
        "channel_name": written.place.channel_name,
        "actor": user,
        // The message to react to.
        "message": written.named(),
        "said_at": message.timestamp.as_deref().and_then(sent_at),
    });
    let words = said.is_addressed.then_some(spoken.words);
    let kind = if is_named { MENTIONED } else { REPLIED };
    let received = Received {
        event: event(kind, delivery, user, username, fields),
        words,
        reply: Some(ReplyPlace::Thread { channel, thread }),
        also_as: Vec::new(),
    };
    match is_named {
        true => Meaning::Events(vec![received]),
        false => Meaning::InThread(Box::new(received)),
    }
}

/// The text with the bot's name in place of its mentions, and whether there are any: `<@ID>`, or `<@!ID>` from older clients
/// (<https://docs.discord.com/developers/reference#message-formatting>).
fn named(text: &str, bot: &Bot<'_>) -> (String, bool) {
    let Some(account) = bot.account else { return (text.to_owned(), false) };
    let mentions = [format!("<@{account}>"), format!("<@!{account}>")];
    let is_named = mentions.iter().any(|mention| text.contains(mention));
    (mentions.iter().fold(text.to_owned(), |text, mention| text.replace(mention, bot.mention)), is_named)
}

fn sent_at(timestamp: &str) -> Option<String> {
    Some(timestamp.parse::<jiff::Timestamp>().ok()?.to_string())
}

fn event(kind: EventName, delivery: &str, user: String, username: Option<String>, fields: Value) -> Event {
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    let actor = Actor { source: SOURCE, id: user, display_name: username, person: None };
    let delivery = delivery.to_owned();
    Event { kind, delivery, actor: Some(actor), project: None, task_id: None, fields }
}

#[cfg(test)]
mod tests;
