//! Slack: the Events API (<https://docs.slack.dev/apis/events-api/>, JSON), slash commands
//! (<https://docs.slack.dev/interactivity/implementing-slash-commands/>, a form) and buttons
//! (<https://docs.slack.dev/interactivity/handling-user-interaction/>, JSON in a form's field).

mod answer;
mod signature;

use super::delivery::{Bot, Delivery, Malformed, Meaning, header, id_of_body, read_json};
use super::spec::SenderSpec;
use axum::http::HeaderMap;
use domain::event::{Condition, EventSpec, Matching};
use domain::routes::InputType::{Any, String as Text};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "slack",
    title: "Slack",
    set_up: "Slash Commands, Interactivity, and Event Subscriptions to the bot events app_mention and message.channels",
    verify: signature::verify,
    parse,
    events,
    answer: answer::answer,
    // Otherwise Slack would send the same bytes three more times.
    final_refusal: &[("x-slack-no-retry", "1")],
};

const SOURCE: SourceName = SourceName::from_static("slack");
const COMMAND: EventName = EventName::from_static("slack.command");
const MENTIONED: EventName = EventName::from_static("slack.mentioned");

fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(COMMAND, "Somebody typed the slash command.")
            .fields([("actor", Any), ("channel", Text), ("response_url", Text)])
            .condition(
                Condition::new("text", "The words of the command; `{name}` captures one.")
                    .required()
                    .compared(Matching::Captures, "text"),
            ),
        EventSpec::new(MENTIONED, "The bot was named in a channel or thread.")
            .fields([("text", Text), ("thread", Text), ("channel", Text), ("actor", Any)])
            .matched_by(["channel", "thread"]),
    ]
}

/// A delivery from the Events API.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: Option<String>,
    challenge: Option<String>,
    event_id: Option<String>,
    event: Option<Inner>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    #[serde(rename = "type")]
    kind: Option<String>,
    user: Option<String>,
    bot_id: Option<String>,
    text: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
    thread_ts: Option<String>,
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
    response_url: Option<String>,
    trigger_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Interaction {
    #[serde(rename = "type")]
    kind: Option<String>,
    trigger_id: Option<String>,
    user: Option<User>,
    #[serde(default)]
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: Option<String>,
    username: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Action {
    action_id: Option<String>,
    value: Option<String>,
}

fn parse(headers: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let is_form = header(headers, "content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    if !is_form {
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
    let envelope = match read_json::<Envelope>("Slack", body)? {
        Ok(envelope) => envelope,
        Err(reason) => return Ok(Delivery::new(id_of_body(body), Meaning::Ignored(reason))),
    };
    let id = envelope.event_id.unwrap_or_else(|| id_of_body(body));
    let meaning = match (envelope.kind.as_deref(), envelope.challenge, envelope.event) {
        (Some("url_verification"), Some(challenge), _) => {
            Meaning::Handshake(json!({ "challenge": challenge }))
        }
        (Some("event_callback"), _, Some(event)) if event.kind.as_deref() == Some("app_mention") => {
            mention(event, &id, bot)
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
    let text = event.text.unwrap_or_default();
    let fields = json!({
        "text": cut_inline(without_leading_mention(&text)),
        "thread": event.thread_ts.or_else(|| event.ts.clone()),
        "channel": channel,
        "actor": user,
        // The message to react to.
        "message": event.ts,
        "said_at": event.ts.as_deref().and_then(sent_at),
    });
    Meaning::Events(vec![slack_event(MENTIONED, delivery, user, None, fields)])
}

/// When a message was sent: its id is the time, in seconds and microseconds since 1970.
fn sent_at(id: &str) -> Option<String> {
    let seconds = id.split('.').next()?.parse().ok()?;
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_string())
}

/// Slack writes a mention as `<@U012AB3CD>`; a leading mention of the bot is not part of the text.
fn without_leading_mention(text: &str) -> &str {
    let text = text.trim();
    let Some(rest) = text.strip_prefix("<@") else { return text };
    rest.split_once('>').map_or(text, |(_, words)| words.trim())
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
    if !command.eq_ignore_ascii_case(bot.command) {
        let reason = format!("the command is `{command}`; accepted: `{}`", bot.command);
        return Delivery::new(id, Meaning::Ignored(reason));
    }
    let fields = json!({
        "text": cut_inline(form.text.as_deref().unwrap_or_default().trim()),
        "actor": user,
        "channel": form.channel_id,
        "response_url": form.response_url,
    });
    let event = slack_event(COMMAND, &id, user, form.user_name, fields);
    Delivery::new(id, Meaning::SlashCommand(event))
}

fn interaction(payload: &str, body: &[u8]) -> Result<Delivery, Malformed> {
    let interaction = match read_json::<Interaction>("Slack", payload.as_bytes())? {
        Ok(interaction) => interaction,
        Err(reason) => return Ok(Delivery::new(id_of_body(body), Meaning::Ignored(reason))),
    };
    let id = interaction.trigger_id.unwrap_or_else(|| id_of_body(body));
    let pressed = interaction.actions.into_iter().find_map(|action| Some((action.action_id?, action.value?)));
    let actor = interaction.user.and_then(|user| {
        Some(Actor { source: SOURCE, id: user.id?, display_name: user.username, person: None })
    });
    let meaning = match (interaction.kind.as_deref(), pressed, actor) {
        (Some("block_actions"), Some((action, value)), Some(actor)) => {
            Meaning::Button { kind: COMMAND, action, value, actor }
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
mod tests {
    use super::super::testing::{Vocabulary, check_any_delivery, headers};
    use super::*;

    const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("UBOT") };

    fn parsed(content_type: &'static str, body: &str) -> Delivery {
        parse(&headers(&[("content-type", content_type)]), body.as_bytes(), &BOT).unwrap()
    }

    #[test]
    fn whatever_arrives_is_read() {
        let vocabulary = Vocabulary {
            headers: &[
                &[("content-type", "application/json")],
                &[("content-type", "application/x-www-form-urlencoded")],
            ],
            names: &["type", "event", "user", "text", "channel", "event_id", "actions", "action_id", "value"],
            words: &["event_callback", "app_mention", "block_actions", "a b", "@ticketsmith revise"],
        };
        check_any_delivery(&SPEC, &vocabulary);
    }

    fn form(fields: &[(&str, &str)]) -> Delivery {
        parsed("application/x-www-form-urlencoded", &serde_urlencoded::to_string(fields).unwrap())
    }

    fn mention_by(user: &str) -> Delivery {
        let body = json!({
            "type": "event_callback",
            "event_id": "Ev1",
            "event": {"type": "app_mention", "user": user, "text": "<@UBOT> run SHOP-1", "channel": "C1", "ts": "1.2"},
        });
        parsed("application/json", &body.to_string())
    }

    #[test]
    fn a_challenge_is_handed_back() {
        let delivery = parsed("application/json", r#"{"type": "url_verification", "challenge": "abc"}"#);
        assert_eq!(delivery.meaning, Meaning::Handshake(json!({ "challenge": "abc" })));
    }

    #[test]
    fn a_mention_carries_its_thread_and_words() {
        let delivery = mention_by("U1");
        assert_eq!(delivery.id, "Ev1");
        let Meaning::Events(events) = delivery.meaning else { panic!("no event") };
        assert_eq!(events[0].kind, MENTIONED);
        assert_eq!(events[0].fields["text"], "run SHOP-1");
        assert_eq!(events[0].fields["thread"], "1.2");
        assert_eq!(mention_by("UBOT").meaning, Meaning::Ignored("the message is from a bot".into()));
    }

    #[test]
    fn a_command_knows_where_to_answer() {
        let delivery = form(&[
            ("command", "/ticketsmith"),
            ("text", " run SHOP-1 "),
            ("user_id", "U1"),
            ("channel_id", "C1"),
            ("response_url", "https://hooks.slack.com/commands/1"),
            ("trigger_id", "T1"),
        ]);
        assert_eq!(delivery.id, "T1");
        let Meaning::SlashCommand(event) = delivery.meaning else { panic!("no command") };
        assert_eq!(event.fields["text"], "run SHOP-1");
        assert_eq!(event.fields["response_url"], "https://hooks.slack.com/commands/1");
        assert_eq!(event.actor.unwrap().id, "U1");
        assert_eq!(form(&[("ssl_check", "1")]).meaning, Meaning::Ping);
        assert!(matches!(form(&[("command", "/other"), ("user_id", "U1")]).meaning, Meaning::Ignored(_)));
    }

    #[test]
    fn a_button_names_its_action_and_who_pressed_it() {
        let payload = json!({"type": "block_actions", "trigger_id": "T1", "user": {"id": "U1"},
            "actions": [{"action_id": "approve", "value": "x"}]});
        let delivery = form(&[("payload", &payload.to_string())]);
        let Meaning::Button { action, value, actor, .. } = delivery.meaning else { panic!("no button") };
        assert_eq!((action.as_str(), value.as_str(), actor.id.as_str()), ("approve", "x", "U1"));
    }
}
