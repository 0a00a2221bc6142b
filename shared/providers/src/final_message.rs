//! The final pass over an error before it is logged and recorded: whichever provider's data it quotes, it shows no credential.

use crate::connect::Providers;
use domain::ActionError;
use domain::text::{CUT, TextLimit, cut, printable};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Shorter texts in a secret are names and numbers, not credentials.
const SHORTEST: usize = 8;

/// Nobody reads more than this, and no record should keep more.
const LONGEST: TextLimit = TextLimit::characters(4_000);

impl Providers {
    /// The error without the credentials of the connected providers, in any encoding, without
    /// control characters, and cut.
    pub async fn without_secrets(&self, error: ActionError) -> ActionError {
        let secrets = self.connected_secrets().await;
        let credentials: Vec<String> = secrets.iter().flat_map(credentials).collect();
        let message = http_client::redact(&error.message, credentials.iter().map(String::as_str));
        ActionError { message: cut(&printable(&message), LONGEST, CUT), ..error }
    }
}

/// The texts of a secret's JSON that may be credentials, each line separately.
fn credentials(secret: &SecretString) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![serde_json::from_str(secret.expose_secret()).unwrap_or(Value::Null)];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => found.extend(text.lines().map(str::trim).map(str::to_owned)),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    // An address or an account is not a secret, and errors name it. The frame of a key is not part of it.
    found.retain(|text| text.len() >= SHORTEST && !text.contains('@') && !text.starts_with("-----"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_is_found_in_every_form_of_secret() {
        let secret = r#"{"jira": {"email": "bot@acme.example", "api_token": "hunter2-token"}, "app_id": "1234567",
            "key": "-----BEGIN KEY-----\nAAAAAAAAAA\nBBBBBBBBBB\n-----END KEY-----\n", "list": ["another-one", 5, null]}"#;
        let mut found = credentials(&secret.into());
        found.sort();
        assert_eq!(found, ["AAAAAAAAAA", "BBBBBBBBBB", "another-one", "hunter2-token"]);
        assert!(credentials(&"no JSON".into()).is_empty());
    }
}
