//! A webhook that a simulated service sends, and its signature.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

/// How long a receiver may take. The most patient service waits 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One webhook, signed and ready to be posted; posting it twice is a redelivery.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Path at the receiver, such as `/webhooks/jira`.
    pub path: &'static str,
    /// Headers, in lower case, with the signature.
    pub headers: Vec<(&'static str, String)>,
    /// The exact signed bytes.
    pub body: Vec<u8>,
}

/// A receiver's answer to a webhook.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// HTTP status.
    pub status: u16,
    /// Body: JSON if it is JSON, text otherwise.
    pub body: Value,
}

/// The receiver did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the receiver at {to} did not answer: {reason}")]
pub struct Unreachable {
    /// Address of the receiver.
    pub to: String,
    /// What went wrong.
    pub reason: String,
}

impl Outgoing {
    /// Posts the webhook to a receiver; `to` is its address without a path.
    ///
    /// # Errors
    /// [`Unreachable`] when no answer came within ten seconds.
    pub async fn post(&self, client: &reqwest::Client, to: &str) -> Result<Receipt, Unreachable> {
        let address = format!("{}{}", to.trim_end_matches('/'), self.path);
        let unreachable =
            |error: reqwest::Error| Unreachable { to: address.clone(), reason: error.to_string() };
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

/// The HMAC-SHA256 of the parts, one after the other, in hexadecimal.
pub(crate) fn hmac_hex(secret: &SecretString, parts: &[&[u8]]) -> String {
    // A key of any length is accepted, so the error cannot come; an empty signature would be refused by any receiver.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return String::new();
    };
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

/// The signature of [WebSub](https://www.w3.org/TR/websub/#signing-content), which several services use under names of their own:
/// `sha256=` and the HMAC of the body in hexadecimal.
#[must_use]
pub fn sign_sha256(secret: &SecretString, body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(secret, &[body]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that GitHub and the WebSub documentation of Jira publish.
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
    }
}
