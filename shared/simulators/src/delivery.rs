//! Webhooks that the simulated services send: what people do, and the signed requests that tell of it.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::github::{LineComment, Verdict};

/// How long a receiver may take. GitHub, the slowest to give up, waits 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Something a person does in a service that the service tells by a webhook.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// A label is put on a Jira ticket.
    JiraLabel {
        /// Key of the ticket.
        ticket: String,
        /// The label.
        label: String,
        /// Short name of the person.
        by: String,
    },
    /// A Jira ticket moves to another status.
    JiraTransition {
        /// Key of the ticket.
        ticket: String,
        /// Name of the status.
        to: String,
        /// Short name of the person.
        by: String,
    },
    /// A comment is written on a Jira ticket.
    JiraComment {
        /// Key of the ticket.
        ticket: String,
        /// Text, in which `[~accountid:…]` is a mention.
        text: String,
        /// Short name of the person.
        by: String,
    },
    /// A label is put on a GitHub issue.
    GithubLabel {
        /// As `owner/name`.
        repository: String,
        /// Number of the issue or pull request.
        issue: u64,
        /// The label.
        label: String,
        /// Login of the person.
        by: String,
    },
    /// A comment is written on a GitHub issue or pull request.
    GithubComment {
        /// As `owner/name`.
        repository: String,
        /// Number of the issue or pull request.
        issue: u64,
        /// Text in Markdown.
        text: String,
        /// Login of the person.
        by: String,
    },
    /// A pull request is reviewed.
    GithubReview {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// `approved`, `changes_requested` or `commented`.
        verdict: Verdict,
        /// The review's text in Markdown.
        text: String,
        /// Remarks on lines of the changed files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        comments: Vec<LineComment>,
        /// Login of the person.
        by: String,
    },
    /// A pull request is closed.
    GithubClose {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// Whether it is merged first.
        #[serde(default)]
        merge: bool,
        /// Login of the person.
        by: String,
    },
    /// The slash command is typed in Slack.
    SlackCommand {
        /// What follows the command, such as `run SHOP-1`.
        text: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
    },
    /// The bot is mentioned in Slack.
    SlackMention {
        /// The message; the mention is put first when it has none.
        text: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
        /// `ts` of the message whose thread it continues.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
    },
    /// A button of a Slack message is pressed.
    SlackButton {
        /// The button's `action_id`.
        action_id: String,
        /// `ts` of the message.
        message: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
    },
}

/// One webhook, signed and ready to be posted; posting it twice is a redelivery.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Path at the receiver, such as `/webhooks/jira`.
    pub path: &'static str,
    /// Headers, in lower case, with the signature.
    pub headers: Vec<(&'static str, String)>,
    /// The exact bytes that are signed.
    pub body: Vec<u8>,
}

/// What the receiver of a webhook answered.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// HTTP status.
    pub status: u16,
    /// Body: JSON where it is JSON, text otherwise.
    pub body: Value,
}

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// No delivery of the world has this name.
    #[error("no delivery is named `{name}`; the world has: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The person could not do it: a ticket, person or status does not exist.
    #[error("this cannot be done in the simulated world: {0}")]
    Refused(String),
    /// The receiver did not answer.
    #[error("the receiver at {to} did not answer: {reason}")]
    Unreachable {
        /// Address of the receiver.
        to: String,
        /// What went wrong.
        reason: String,
    },
}

impl Outgoing {
    /// Posts the webhook to a receiver; `to` is its address without a path.
    ///
    /// # Errors
    /// [`DeliveryError::Unreachable`] when no answer came within ten seconds.
    pub async fn post(&self, client: &reqwest::Client, to: &str) -> Result<Receipt, DeliveryError> {
        let address = format!("{}{}", to.trim_end_matches('/'), self.path);
        let unreachable = |error: reqwest::Error| DeliveryError::Unreachable {
            to: address.clone(),
            reason: error.to_string(),
        };
        let mut request = client.post(&address).timeout(TIMEOUT).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(unreachable)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Receipt { status, body })
    }
}

fn hmac_hex(secret: &SecretString, parts: &[&[u8]]) -> String {
    // A key of any length is accepted, so the error cannot come; an empty signature would be refused by any receiver.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return String::new();
    };
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

/// The signature of [GitHub's](https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)
/// `X-Hub-Signature-256` and of Jira's `X-Hub-Signature`: `sha256=` and the HMAC of the body in hexadecimal.
#[must_use]
pub fn sign_sha256(secret: &SecretString, body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(secret, &[body]))
}

/// The signature of [Slack's](https://docs.slack.dev/authentication/verifying-requests-from-slack/)
/// `X-Slack-Signature`: `v0=` and the HMAC of `v0:{timestamp}:{body}` in hexadecimal; `timestamp` in Unix seconds.
#[must_use]
pub fn sign_slack(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let prefix = format!("v0:{timestamp}:");
    format!("v0={}", hmac_hex(secret, &[prefix.as_bytes(), body]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors which GitHub, the WebSub documentation of Jira and Slack publish.
    #[test]
    fn published_signatures() {
        let secret = SecretString::from("It's a Secret to Everybody");
        assert_eq!(
            sign_sha256(&secret, b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert_eq!(
            sign_sha256(&secret, b"Hello World!"),
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
        );
        let secret = SecretString::from("8f742231b10e8888abcd99yyyzzz85a5");
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
            &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
            &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
            &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            sign_slack(&secret, 1_531_420_618, body.as_bytes()),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }
}
