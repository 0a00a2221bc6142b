//! Reasoning that callers keep: encrypted, and bound to the model and to everything before it.
//!
//! The real content can be read by nobody, so here it is the count of its tokens, with an HMAC, with the account's key, of the count, the
//! model, the instructions, the tools and every item before. An item that comes back behind anything else is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Failure;

/// What Fernet tokens begin with.
const HEAD: &[u8] = &[0x80, 0, 0, 0, 0];
const COUNT: usize = 8;
const MOST_TOKENS: u64 = 128_000;

/// Everything before an item.
pub(super) struct Prefix(Sha256);

impl Prefix {
    pub(super) fn new(request: &Value) -> Self {
        let mut hash = Sha256::new();
        for part in ["model", "instructions", "tools"] {
            hash.update(format!("{part} {}\n", request[part]));
        }
        Self(hash)
    }

    pub(super) fn item(&mut self, item: &Value) {
        self.0.update(format!("{item}\n"));
    }

    /// The content of a reasoning item of so many tokens here.
    pub(super) fn encrypted(&self, key: &SecretString, tokens: u64) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
            // An HMAC takes a key of any length.
            return String::new();
        };
        mac.update(&self.0.clone().finalize());
        mac.update(&tokens.to_be_bytes());
        let mut content = HEAD.to_vec();
        content.extend(tokens.to_be_bytes());
        content.extend(mac.finalize().into_bytes());
        URL_SAFE.encode(content)
    }
}

/// The tokens that a returned item takes of the prompt.
pub(super) fn tokens_of(item: &Value) -> u64 {
    let content = item["encrypted_content"].as_str().and_then(|content| URL_SAFE.decode(content).ok());
    let count =
        content.as_deref().and_then(|content| content.get(HEAD.len()..HEAD.len() + COUNT)?.try_into().ok());
    count.map_or(0, u64::from_be_bytes).min(MOST_TOKENS)
}

/// Checks every reasoning item of a request.
pub(super) fn check(key: &SecretString, request: &Value) -> Result<(), Failure> {
    let mut prefix = Prefix::new(request);
    let items = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        if item["type"] == "reasoning" {
            let id = item["id"].as_str().unwrap_or_default();
            let Some(content) = item["encrypted_content"].as_str() else {
                return Err(Failure {
                    code: json!(null),
                    ..Failure::invalid(format!(
                        "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with \
                         `store` set to true, or remove this item from your input."
                    ))
                });
            };
            if content != prefix.encrypted(key, tokens_of(item)) {
                let begin: String = content.chars().take(4).collect();
                return Err(Failure {
                    code: json!("invalid_encrypted_content"),
                    ..Failure::invalid(format!(
                        "The encrypted content {begin}... could not be verified. Reason: Encrypted content could not be decrypted or parsed."
                    ))
                });
            }
            let follows = items.get(index + 1).and_then(|item| item["type"].as_str());
            if !matches!(follows, Some("function_call" | "message" | "reasoning")) {
                return Err(Failure::invalid(format!(
                    "Item '{id}' of type 'reasoning' was provided without its required following item."
                )));
            }
        }
        prefix.item(item);
    }
    Ok(())
}
