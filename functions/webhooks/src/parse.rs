//! What a delivery means. Each sender has its own small types that hold only the fields used, everything optional: what
//! senders add, leave out or send in another type is never an error.

mod github;
mod jira;
mod slack;

use crate::signature::{Sender, Verified};
use axum::http::HeaderMap;
use domain::configuration::Webhooks;
use domain::{Actor, Event, Source};
use records::ClosedPullRequest;
use serde::de::{DeserializeOwned, IgnoredAny};
use sha2::{Digest, Sha256};

/// One delivery, understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Delivery {
    /// The sender's id for it, the same when it is sent again.
    pub(crate) id: String,
    pub(crate) meaning: Meaning,
}

/// What a delivery means to us.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Something happened that workflows can be started by. Never empty.
    Events(Vec<Event>),
    /// Somebody typed our slash command and waits for the answer.
    SlashCommand(Event),
    /// Somebody pressed a button of ours.
    Button { action: String, value: String, actor: Actor },
    /// A pull request came to its end, which later figures count.
    PullRequestClosed(ClosedPullRequest),
    /// The sender asks whether we are here.
    Ping,
    /// Slack asks for this text back.
    Challenge(String),
    /// Nothing for us, with the reason.
    Ignored(String),
}

/// A delivery that is not what its sender's documentation says a delivery is.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is not valid JSON: {0}")]
    Json(String),
    #[error("the body is not a JSON object; accepted: a delivery as {0} sends it")]
    NotAnObject(&'static str),
    #[error("the body is not a valid form: {0}")]
    Form(String),
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
}

/// Reads a verified delivery.
pub(crate) fn parse(
    sender: Sender,
    headers: &HeaderMap,
    body: &Verified,
    settings: &Webhooks,
) -> Result<Delivery, Malformed> {
    match sender {
        Sender::Jira => jira::parse(headers, body.bytes(), settings),
        Sender::Github => github::parse(headers, body.bytes(), settings),
        Sender::Slack => slack::parse(headers, body.bytes(), settings),
    }
}

/// Reads a JSON object into a type of ours. A field of another type than ours is `Ok(Err(reason))`: valid, but not for us.
fn read_json<T: DeserializeOwned>(
    sender: &'static str,
    bytes: &[u8],
) -> Result<Result<T, String>, Malformed> {
    let error = match serde_json::from_slice(bytes) {
        Ok(payload) if starts_object(bytes) => return Ok(Ok(payload)),
        Ok(_) => return Err(Malformed::NotAnObject(sender)),
        Err(error) => error,
    };
    // A wrong type ends the reading early; what follows may still be no JSON.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| Malformed::Json(error.to_string()))?;
    if !starts_object(bytes) {
        return Err(Malformed::NotAnObject(sender));
    }
    Ok(Err(format!(
        "a field has another type than {sender} documents, at line {} column {}",
        error.line(),
        error.column()
    )))
}

/// Structs can be read from JSON arrays too, which no sender sends.
fn starts_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// The id of a delivery whose sender gives none: equal bodies are one delivery.
fn id_of_body(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

/// Whether an id is the bot's own account at a sender; GitHub writes an App's login with `[bot]` behind it.
fn is_own_account(settings: &Webhooks, source: Source, id: &str) -> bool {
    let bare = |id: &str| id.trim_end_matches("[bot]").to_lowercase();
    settings.own_accounts.get(&source).is_some_and(|own| !own.is_empty() && bare(own) == bare(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn any_json() -> impl Strategy<Value = Value> {
        // The senders' own field names, so that random objects reach the deeper code.
        const NAMES: [&str; 34] = [
            "webhookEvent",
            "user",
            "accountId",
            "issue",
            "key",
            "fields",
            "project",
            "changelog",
            "items",
            "field",
            "fromString",
            "toString",
            "comment",
            "author",
            "body",
            "action",
            "label",
            "name",
            "repository",
            "full_name",
            "sender",
            "login",
            "number",
            "review",
            "state",
            "pull_request",
            "check_suite",
            "type",
            "event",
            "text",
            "channel",
            "event_id",
            "actions",
            "action_id",
        ];
        const WORDS: [&str; 14] = [
            "jira:issue_updated",
            "comment_created",
            "labels",
            "status",
            "a b",
            "@ticketsmith revise",
            "labeled",
            "created",
            "submitted",
            "changes_requested",
            "event_callback",
            "app_mention",
            "block_actions",
            "acme/shop",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            prop::sample::select(&WORDS[..]).prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((prop::sample::select(&NAMES[..]), inner), 0..8).prop_map(|fields| {
                    Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
                }),
            ]
        })
    }

    fn parse_as_everybody(body: &[u8]) {
        let settings = Webhooks::default();
        for event in ["issues", "issue_comment", "pull_request_review", "pull_request", "check_suite", "x"] {
            let mut headers = HeaderMap::new();
            headers.insert("x-github-event", HeaderValue::from_static(event));
            let _ = github::parse(&headers, body, &settings);
        }
        let _ = jira::parse(&HeaderMap::new(), body, &settings);
        for content_type in ["application/json", "application/x-www-form-urlencoded"] {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static(content_type));
            let _ = slack::parse(&headers, body, &settings);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
            parse_as_everybody(&body);
        }

        #[test]
        fn arbitrary_json_never_panics(value in any_json()) {
            parse_as_everybody(value.to_string().as_bytes());
            let form = serde_urlencoded::to_string([("payload", value.to_string())]).unwrap();
            parse_as_everybody(form.as_bytes());
        }
    }

    #[test]
    fn what_is_no_delivery_is_told_from_what_is_not_for_us() {
        for (body, expected) in [
            (&b"{"[..], true),
            (b"", true),
            (b"[]", true),
            (b"[\"jira:issue_updated\"]", true),
            (b"null", true),
            (b"\xff", true),
            (b"{\"webhookEvent\": 1, \"x\": }", true),
            (b"{\"webhookEvent\": 1}", false),
            (b"{\"webhookEvent\": \"jira:version_released\"}", false),
            (b" {}", false),
        ] {
            let result = jira::parse(&HeaderMap::new(), body, &Webhooks::default());
            assert_eq!(result.is_err(), expected, "{}", String::from_utf8_lossy(body));
            if let Ok(delivery) = result {
                assert!(matches!(delivery.meaning, Meaning::Ignored(_)));
            }
        }
    }
}
