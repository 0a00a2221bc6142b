//! Slack: the Events API (<https://docs.slack.dev/apis/events-api/>, JSON), slash commands
//! (<https://docs.slack.dev/interactivity/implementing-slash-commands/>, a form) and buttons
//! (<https://docs.slack.dev/interactivity/handling-user-interaction/>, JSON in a form's field).

mod answer;
mod forwarded;
mod signature;
mod uploads;

use super::delivery::{
    Bot, Button, Delivery, Malformed, Meaning, Received, id_of_body, in_context, is_form, lenient,
    lenient_list, read_json,
};
use super::spec::SenderSpec;
use super::uploads::WithUploads;
use crate::mention::{Said, words_for_bot};
use crate::spoken::Markup;
use axum::http::HeaderMap;
use domain::event::{EventSpec, UPLOADS, common};
use domain::routes::InputType::{Any, String as Text};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName, same_name};
use forwarded::{Attachment, with_forwarded};
use records::ReplyPlace;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use uploads::{Upload, linked};

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "slack",
    title: "Slack",
    set_up: "Slash Commands, Interactivity, and Event Subscriptions to the bot events app_mention, message.channels and message.groups",
    fetched: Some("mentions, commands, buttons and replies, by Socket Mode"),
    verify: signature::verify,
    parse,
    events,
    answer: answer::answer,
    // Otherwise Slack would send the same bytes three more times.
    final_refusal: &[("x-slack-no-retry", "1")],
};

const SOURCE: SourceName = SourceName::from_static("slack");
const COMMAND: EventName = EventName::from_static("slack.command");
/// Nothing starts on it directly: it is words for the ticket that its thread is about.
const REPLIED: EventName = EventName::from_static("slack.replied");
const MENTIONED: EventName = EventName::from_static("slack.mentioned");

/// Kinds of messages in which people say something: with a file, as "/me", or in a thread and its channel at once. Other kinds report changes
/// (<https://docs.slack.dev/reference/events/message#subtypes>).
const SAID: [&str; 3] = ["file_share", "me_message", "thread_broadcast"];

fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(COMMAND, "Somebody typed the slash command.")
            .fields([("actor", Any), ("channel", Text), ("response_url", Text)])
            .condition(common::command_text())
            .also(common::CHAT_COMMAND),
        EventSpec::new(MENTIONED, "The bot was named in a channel or thread.")
            .fields([("text", Text), ("thread", Text), ("channel", Text), ("actor", Any)])
            .matched_by(["channel", "thread"])
            .also(common::CHAT_MENTIONED),
    ]
}

/// A delivery from the Events API.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    challenge: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    event_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    event: Option<Inner>,
    /// For whom it is sent: our bot user.
    #[serde(default, deserialize_with = "lenient_list")]
    authorizations: Vec<AuthorizedUser>,
}

#[derive(Debug, Deserialize)]
struct AuthorizedUser {
    #[serde(default, deserialize_with = "lenient")]
    user_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    is_bot: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    bot_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    text: Option<String>,
    /// What was uploaded with it.
    #[serde(default, deserialize_with = "lenient_list")]
    files: Vec<Upload>,
    /// What was forwarded with it, and previews of its links.
    #[serde(default, deserialize_with = "lenient_list")]
    attachments: Vec<Attachment>,
    /// What else happened than a new message.
    #[serde(default, deserialize_with = "lenient")]
    subtype: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    ts: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    thread_ts: Option<String>,
    /// By whom and when, if the message was changed after it was sent.
    edited: Option<IgnoredAny>,
}

/// A form: a slash command, a button in `payload`, or Slack's check of our certificate.
#[derive(Debug, Deserialize)]
struct Form {
    ssl_check: Option<String>,
    payload: Option<String>,
    command: Option<String>,
    text: Option<String>,
    user_id: Option<String>,
    user_name: Option<String>,
    channel_id: Option<String>,
    channel_name: Option<String>,
    response_url: Option<String>,
    trigger_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Interaction {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    trigger_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    response_url: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Action {
    #[serde(default, deserialize_with = "lenient")]
    action_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    value: Option<String>,
}

fn parse(headers: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    if !is_form(headers) {
        return event_callback(body, bot);
    }
    let form: Form =
        serde_urlencoded::from_bytes(body).map_err(|error| Malformed::Form(error.to_string()))?;
    match &form.payload {
        Some(payload) => interaction(payload, body),
        None => Ok(slash_command(form, body, bot)),
    }
}

fn event_callback(body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let envelope = read_json::<Envelope>("Slack", body)?;
    let id = envelope.event_id.unwrap_or_else(|| id_of_body(body));
    let ours = envelope.authorizations.into_iter().filter(|user| user.is_bot == Some(true));
    let ours = ours.filter_map(|user| user.user_id).next();
    let bot = Bot { account: ours.as_deref().or(bot.account), ..*bot };
    let meaning = match (envelope.kind.as_deref(), envelope.challenge, envelope.event) {
        (Some("url_verification"), Some(challenge), _) => {
            Meaning::Handshake(json!({ "challenge": challenge }))
        }
        (Some("event_callback"), _, Some(event)) if event.kind.as_deref() == Some("app_mention") => {
            mention(event, &id, &bot)
        }
        (Some("event_callback"), _, Some(event)) if event.kind.as_deref() == Some("message") => {
            in_thread(event, &id, &bot)
        }
        (kind, _, event) => Meaning::Ignored(format!(
            "Slack's `{}` with event `{}` is not used",
            kind.unwrap_or_default(),
            event.and_then(|event| event.kind).unwrap_or_default()
        )),
    };
    Ok(Delivery::new(id, meaning))
}

fn mention(event: Inner, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let (Some(user), Some(channel)) = (event.user, event.channel) else {
        return Meaning::Ignored("the message has no author".into());
    };
    if event.bot_id.is_some() || bot.is(&user) {
        return Meaning::Ignored("the message is from a bot".into());
    }
    if event.edited.is_some() {
        return Meaning::Ignored("the message was edited; only the original counts".into());
    }
    let text = named(event.text.as_deref().unwrap_or_default().trim(), bot);
    let said = words_for_bot(&text, bot.mention, bot.command, Markup::Mrkdwn);
    let said = said.unwrap_or(Said { words: &text, is_addressed: false, before: "" });
    let is_in_thread = event.thread_ts.is_some();
    let words = with_forwarded(typed(&in_context(&said)), &event.attachments);
    let spoken = WithUploads::new(words, linked(&event.files, &user), is_in_thread);
    let thread = event.thread_ts.or_else(|| event.ts.clone());
    let delivery = &known_by(&channel, event.ts.as_deref(), delivery);
    let fields = json!({
        "text": cut_inline(&spoken.text),
        UPLOADS: spoken.uploads,
        "thread": thread,
        "channel": channel,
        "actor": user,
        // The message to react to.
        "message": event.ts,
        "said_at": event.ts.as_deref().and_then(sent_at),
    });
    let reply = thread.map(|thread| ReplyPlace::Thread { channel, thread });
    let words = said.is_addressed.then_some(spoken.words);
    Meaning::Events(vec![Received {
        event: slack_event(MENTIONED, delivery, user, None, fields),
        words,
        reply,
        also_as: Vec::new(),
    }])
}

/// A message in a channel that we are a member of. In a thread, it is about the message that began it.
fn in_thread(event: Inner, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let ignored = |reason: &str| Meaning::Ignored(reason.to_owned());
    let (Some(user), Some(channel), Some(thread)) = (event.user, event.channel, event.thread_ts) else {
        return ignored("the message is in no thread");
    };
    if event.bot_id.is_some() || bot.is(&user) {
        return ignored("the message is from a bot");
    }
    if event.edited.is_some() || event.subtype.is_some_and(|subtype| !SAID.contains(&subtype.as_str())) {
        return ignored("the message was changed; only the original counts");
    }
    let text = event.text.as_deref().unwrap_or_default().trim();
    let uploads = linked(&event.files, &user);
    if text.is_empty() && uploads.is_none() {
        return ignored("the message has no words");
    }
    if bot.account.is_some_and(|account| text.contains(&format!("<@{account}"))) {
        return ignored("a message that mentions the bot is reported as a mention, too");
    }
    if text.starts_with("<@") {
        return ignored("the message is for somebody else");
    }
    let words = with_forwarded(typed(text), &event.attachments);
    let spoken = WithUploads::new(words, uploads, true);
    let delivery = &known_by(&channel, event.ts.as_deref(), delivery);
    let fields = json!({
        "text": cut_inline(&spoken.text),
        UPLOADS: spoken.uploads,
        "thread": thread,
        "channel": channel,
        "actor": user,
        "message": event.ts,
        "said_at": event.ts.as_deref().and_then(sent_at),
    });
    Meaning::InThread(Box::new(Received {
        event: slack_event(REPLIED, delivery, user, None, fields),
        words: Some(spoken.words),
        reply: Some(ReplyPlace::Thread { channel, thread }),
        also_as: Vec::new(),
    }))
}

/// The text as it was typed: Slack escapes three characters (<https://docs.slack.dev/messaging/formatting-message-text#escaping>), which code
/// is full of.
fn typed(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A message's identity, whether Slack delivers it or it is read from its channel.
fn known_by(channel: &str, message: Option<&str>, delivery: &str) -> String {
    message.map_or_else(|| delivery.to_owned(), |message| format!("{channel}/{message}"))
}

/// When a message was sent: its id is the time, in seconds and microseconds since 1970.
fn sent_at(id: &str) -> Option<String> {
    let seconds = id.split('.').next()?.parse().ok()?;
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_string())
}

/// The text with the bot's name in place of `<@U012AB3CD>` if that is the bot. If its account is unknown, that is the only one who is
/// mentioned: Slack sends messages that mention it.
fn named(text: &str, bot: &Bot<'_>) -> String {
    let mentions: Vec<&str> =
        text.match_indices("<@").filter_map(|(at, _)| Some(&text[at..=at + text[at..].find('>')?])).collect();
    let account =
        |mention: &str| mention[2..mention.len() - 1].split('|').next().unwrap_or_default().to_owned();
    let mut accounts: Vec<String> = mentions.iter().map(|mention| account(mention)).collect();
    accounts.dedup();
    let ours = match (bot.account, accounts.as_slice()) {
        (Some(own), _) => own,
        (None, [only]) => only,
        (None, _) => return text.to_owned(),
    };
    let ours = mentions.iter().filter(|mention| account(mention) == ours);
    ours.fold(text.to_owned(), |text, mention| text.replace(mention, bot.mention))
}

fn slash_command(form: Form, body: &[u8], bot: &Bot<'_>) -> Delivery {
    let id = form.trigger_id.unwrap_or_else(|| id_of_body(body));
    if form.ssl_check.is_some() {
        return Delivery::new(id, Meaning::Ping);
    }
    let (Some(command), Some(user)) = (form.command, form.user_id) else {
        let reason = "the form is neither a slash command nor a button".into();
        return Delivery::new(id, Meaning::Ignored(reason));
    };
    if !same_name(&command, bot.command) {
        let reason = format!("the command is `{command}`; accepted: `{}`", bot.command);
        return Delivery::new(id, Meaning::Ignored(reason));
    }
    let fields = json!({
        "text": cut_inline(typed(form.text.as_deref().unwrap_or_default()).trim()),
        "actor": user,
        "channel": form.channel_id,
        "channel_name": form.channel_name,
        "response_url": form.response_url,
    });
    let event = slack_event(COMMAND, &id, user, form.user_name, fields);
    Delivery::new(id, Meaning::SlashCommand(event))
}

fn interaction(payload: &str, body: &[u8]) -> Result<Delivery, Malformed> {
    let interaction = read_json::<Interaction>("Slack", payload.as_bytes())?;
    let id = interaction.trigger_id.unwrap_or_else(|| id_of_body(body));
    let pressed = interaction.actions.into_iter().find_map(|action| Some((action.action_id?, action.value?)));
    let actor = interaction.user.and_then(|user| {
        Some(Actor { source: SOURCE, id: user.id?, display_name: user.username, person: None })
    });
    let reply = interaction.response_url.map(|address| ReplyPlace::Address { address });
    let meaning = match (interaction.kind.as_deref(), pressed, actor) {
        (Some("block_actions"), Some((action, value)), Some(actor)) => {
            Meaning::Button(Button { kind: COMMAND, action, value, actor, reply, acknowledgment: None })
        }
        (kind, _, _) => {
            Meaning::Ignored(format!("Slack's interaction `{}` is not used", kind.unwrap_or_default()))
        }
    };
    Ok(Delivery::new(id, meaning))
}

fn slack_event(
    kind: EventName,
    delivery: &str,
    user: String,
    display_name: Option<String>,
    fields: Value,
) -> Event {
    let fields = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let actor = Actor { source: SOURCE, id: user, display_name, person: None };
    Event { kind, delivery: delivery.to_owned(), actor: Some(actor), project: None, task_id: None, fields }
}

#[cfg(test)]
mod tests;
