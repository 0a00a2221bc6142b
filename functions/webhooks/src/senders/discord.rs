//! Discord's interactions (<https://docs.discord.com/developers/interactions/receiving-and-responding>): slash commands and buttons, as JSON.
//! Discord does not post messages to an address; `serve --pull` fetches them over the Gateway, in the form in which they come there.
//!
//! Each request wants an answer of Discord's own form within three seconds: the answer to a command, or that a button was pressed. Later
//! answers go to a path made of the interaction's token, which is valid for fifteen minutes.

mod answer;
mod message;
mod signature;

use super::delivery::{
    Bot, Button, Delivery, Malformed, Meaning, id_of_body, lenient, lenient_list, read_json,
};
use super::spec::SenderSpec;
use super::uploads::{Uploaded, linked};
use axum::http::HeaderMap;
use domain::event::{EventSpec, UPLOADS, common};
use domain::routes::InputType::{Any, String as Text};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName, same_name};
use records::ReplyPlace;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "discord",
    title: "Discord",
    set_up: "Developer Portal > the application > General Information > Interactions Endpoint URL",
    fetched: Some(
        "commands, buttons, mentions, replies to the bot and messages in its threads, over the Gateway",
    ),
    verify: signature::verify,
    parse,
    events,
    answer: answer::answer,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("discord");
const COMMAND: EventName = EventName::from_static("discord.command");

/// [Kinds of interactions](https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-type).
const PING: u64 = 1;
const SLASH_COMMAND: u64 = 2;
const PRESSED: u64 = 3;

/// The [kind of an option](https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-type)
/// that takes a file.
const FILE: u64 = 11;

/// [Kinds of answers](https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type).
const PONG: u64 = 1;
/// The message stays as it is until we change it.
const UPDATE_LATER: u64 = 6;

fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(COMMAND, "Somebody used the slash command in Discord.")
            .fields([("actor", Any), ("channel", Text), ("response_url", Text)])
            .condition(common::command_text())
            .also(common::CHAT_COMMAND),
        message::mentioned(),
    ]
}

#[derive(Debug, Deserialize)]
struct Interaction {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    application_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    token: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    channel_id: Option<String>,
    /// The same channel with its name, by which a configuration may refer to it.
    #[serde(default, deserialize_with = "lenient")]
    channel: Option<Channel>,
    #[serde(default, deserialize_with = "lenient")]
    member: Option<Member>,
    /// In direct messages, in place of `member`.
    #[serde(default, deserialize_with = "lenient")]
    user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    data: Option<Data>,
    #[serde(default, deserialize_with = "lenient")]
    message: Option<Message>,
    /// The name of an event of the Gateway.
    #[serde(default, rename = "t", deserialize_with = "lenient")]
    dispatched: Option<String>,
    /// What happened, in a webhook event: no interaction, and numbered apart.
    #[serde(default, deserialize_with = "lenient")]
    event: Option<WebhookEvent>,
}

#[derive(Debug, Deserialize)]
struct Channel {
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WebhookEvent {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Member {
    #[serde(default, deserialize_with = "lenient")]
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    options: Vec<Choice>,
    #[serde(default, deserialize_with = "lenient")]
    custom_id: Option<String>,
    /// What options name by an ID.
    #[serde(default, deserialize_with = "lenient")]
    resolved: Option<Resolved>,
}

#[derive(Debug, Deserialize)]
struct Resolved {
    #[serde(default, deserialize_with = "lenient")]
    attachments: Option<BTreeMap<String, Attached>>,
}

/// A file that was given to a command. Its address is a key by itself for a day or so.
#[derive(Debug, Deserialize)]
struct Attached {
    #[serde(default, deserialize_with = "lenient")]
    filename: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    url: Option<String>,
}

impl Data {
    /// The files that were given to the command, in the order of its options.
    fn uploads(&self) -> Option<String> {
        let resolved = self.resolved.as_ref()?.attachments.as_ref()?;
        let ids = self.options.iter().flat_map(Choice::files);
        let files = ids.filter_map(|id| resolved.get(id));
        linked(files.map(|file| Uploaded { name: file.filename.clone(), link: file.url.clone() }))
    }
}

/// What was typed for an option of a command, or the subcommand that was chosen with its own options.
#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default)]
    value: Value,
    #[serde(default, deserialize_with = "lenient_list")]
    options: Vec<Choice>,
}

impl Choice {
    /// The IDs of the files that were given for it or for its own options.
    fn files(&self) -> Vec<&str> {
        let own = self.value.as_str().filter(|_| self.kind == Some(FILE));
        own.into_iter().chain(self.options.iter().flat_map(Choice::files)).collect()
    }

    /// Its words, in the order in which they were typed.
    fn words(&self) -> String {
        match &self.value {
            _ if self.kind == Some(FILE) => String::new(),
            Value::Null => {
                let inner = self.options.iter().map(Choice::words).filter(|words| !words.is_empty());
                self.name.clone().into_iter().chain(inner).collect::<Vec<_>>().join(" ")
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// The message that a button is under. Only ours have buttons that come to us.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default, deserialize_with = "lenient_list")]
    embeds: Vec<Embed>,
}

#[derive(Debug, Deserialize)]
struct Embed {
    #[serde(default, deserialize_with = "lenient")]
    footer: Option<Footer>,
}

#[derive(Debug, Deserialize)]
struct Footer {
    #[serde(default, deserialize_with = "lenient")]
    text: Option<String>,
}

fn parse(_: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let interaction = read_json::<Interaction>("Discord", body)?;
    if interaction.dispatched.is_some() {
        return message::parse(body, bot);
    }
    let id = interaction.id.clone().unwrap_or_else(|| id_of_body(body));
    let meaning = meaning(interaction, &id, bot);
    Ok(Delivery::new(id, meaning))
}

fn meaning(interaction: Interaction, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let kind = interaction.kind.unwrap_or_default();
    if let Some(event) = interaction.event {
        let name = cut_inline(&event.kind.unwrap_or_default());
        return Meaning::Ignored(format!("Discord's event `{name}` is not used"));
    }
    if kind == PING {
        return Meaning::Handshake(json!({ "type": PONG }));
    }
    let address = match (&interaction.application_id, &interaction.token) {
        (Some(application), Some(token)) => Some(format!("/webhooks/{application}/{token}")),
        _ => None,
    };
    let user = interaction.member.and_then(|member| member.user).or(interaction.user);
    let actor = user.and_then(|user| {
        Some(Actor { source: SOURCE, id: user.id?, display_name: user.username, person: None })
    });
    match (kind, actor, interaction.data) {
        (SLASH_COMMAND, Some(actor), Some(data)) => {
            let name = format!("/{}", data.name.as_deref().unwrap_or_default());
            if !same_name(&name, bot.command) {
                let shown = cut_inline(&name);
                let words = format!("The command is `{shown}`; accepted: `{}`.", bot.command);
                return Meaning::Handshake(answer::in_words(&words));
            }
            let words = data.options.iter().map(Choice::words).filter(|words| !words.is_empty());
            let words: Vec<_> = words.collect();
            let fields = json!({
                "text": cut_inline(words.join(" ").trim()),
                "actor": actor.id,
                UPLOADS: data.uploads(),
                "channel": interaction.channel_id,
                "channel_name": interaction.channel.and_then(|channel| channel.name),
                "response_url": address,
            });
            let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
            let (kind, delivery) = (COMMAND, delivery.to_owned());
            Meaning::SlashCommand(Event {
                kind,
                delivery,
                actor: Some(actor),
                project: None,
                task_id: None,
                fields,
            })
        }
        (PRESSED, Some(actor), Some(Data { custom_id: Some(custom_id), .. })) => {
            let Some((action, value)) = pressed(&custom_id, interaction.message.as_ref()) else {
                return Meaning::Handshake(answer::in_words(
                    "This button is not known, or its message was changed.",
                ));
            };
            let reply = address.map(|address| ReplyPlace::Address { address });
            let acknowledgment = Some(json!({ "type": UPDATE_LATER }));
            Meaning::Button(Button { kind: COMMAND, action, value, actor, reply, acknowledgment })
        }
        (SLASH_COMMAND | PRESSED, _, _) => {
            Meaning::Ignored("the interaction lacks a field that Discord documents".into())
        }
        (kind, _, _) => Meaning::Ignored(format!("Discord's interaction of type {kind} is not used")),
    }
}

/// The action and the value of a button: `approve:{value}`, or `approve#{digest}` of a value in the footer of the message, as the provider
/// writes them.
fn pressed(custom_id: &str, message: Option<&Message>) -> Option<(String, String)> {
    let at = custom_id.find([':', '#'])?;
    let (action, rest) = custom_id.split_at(at);
    if let Some(value) = rest.strip_prefix(':') {
        return Some((action.to_owned(), value.to_owned()));
    }
    let digest = rest.strip_prefix('#')?;
    let footers = message?.embeds.iter().filter_map(|embed| embed.footer.as_ref()?.text.as_ref());
    let is_meant = |text: &&String| hex::encode(Sha256::digest(text.as_bytes())).get(..32) == Some(digest);
    footers.into_iter().find(is_meant).map(|value| (action.to_owned(), value.clone()))
}

#[cfg(test)]
mod tests;
