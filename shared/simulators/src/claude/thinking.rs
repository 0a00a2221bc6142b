//! Thinking blocks are signed over everything before them:
//! [preserved thinking](https://platform.claude.com/docs/en/build-with-claude/preserved-thinking).
//!
//! The signature names the model and is an HMAC, with the account's key, of the thinking and of its prefix: `system`, `tools`, every
//! earlier message and the blocks before it, all without `cache_control`. A block that comes back behind anything else is refused, as
//! the service does for newer accounts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Failure;
use super::blocks::as_blocks;
use super::models::model;
use crate::script::estimate;

/// The bytes of a signature that name the model, and those that count the tokens of the thinking.
const MODEL: usize = 8;
const TOKENS: usize = 8;
/// No thought is longer.
const MOST_TOKENS: u64 = 128_000;

/// A thinking block for a reply to `request`, behind the blocks that the reply begins with. What was thought is only shown where the
/// request asks for it.
pub(super) fn block(key: &SecretString, request: &Value, before: &[Value], thought: &str) -> Value {
    let shown = if request["thinking"]["display"] == "summarized" { thought } else { "" };
    let mut prefix = Prefix::new(request);
    for message in request["messages"].as_array().into_iter().flatten() {
        prefix.message(message);
    }
    prefix.role(&json!("assistant"));
    before.iter().for_each(|block| prefix.block(block));
    let count = estimate(thought);
    let mut signature = model_tag(request).to_vec();
    signature.extend(count.to_be_bytes());
    signature.extend(prefix.sign(key, shown, count));
    json!({"type": "thinking", "thinking": shown, "signature": STANDARD.encode(signature)})
}

/// The tokens that a returned block takes of the prompt.
pub(super) fn tokens_of(block: &Value) -> u64 {
    let signature = decoded(block).unwrap_or_default();
    let count = signature.get(MODEL..MODEL + TOKENS).and_then(|bytes| bytes.try_into().ok());
    // Signatures of older models are not checked.
    count.map_or(0, u64::from_be_bytes).min(MOST_TOKENS)
}

/// Checks every thinking block of a request.
pub(super) fn check(key: &SecretString, request: &Value) -> Result<(), Failure> {
    let binds = model(request["model"].as_str().unwrap_or_default()).binds_thinking;
    let mut prefix = Prefix::new(request);
    for (index, message) in request["messages"].as_array().into_iter().flatten().enumerate() {
        prefix.role(&message["role"]);
        for (place, block) in as_blocks(&message["content"]).iter().enumerate() {
            if block["type"] == "thinking" && binds {
                let at = format!("messages.{index}.content.{place}: Invalid `signature` in `thinking` block");
                check_block(key, request, &prefix, block, &at)?;
            }
            prefix.block(block);
        }
    }
    Ok(())
}

fn check_block(
    key: &SecretString,
    request: &Value,
    prefix: &Prefix,
    block: &Value,
    at: &str,
) -> Result<(), Failure> {
    let signature = decoded(block).filter(|signature| signature.len() == MODEL + TOKENS + 32);
    let Some((tag, rest)) = signature.as_deref().and_then(|signature| signature.split_at_checked(MODEL))
    else {
        return Err(Failure::invalid(at));
    };
    // The service drops other models' thinking without an error.
    if tag != model_tag(request) {
        return Ok(());
    }
    let thinking = block["thinking"].as_str().unwrap_or_default();
    let expected = prefix.sign(key, thinking, tokens_of(block));
    match rest.get(TOKENS..) == Some(&expected[..]) {
        true => Ok(()),
        false => Err(Failure::invalid(format!(
            "{at}. The block is bound to a different conversation. Remove the block, or set \
             `thinking.block_binding.prefix_mismatch_behavior` to \"drop_block\". That setting requires the \
             `thinking-binding-controls-2026-08-01` value in the `anthropic-beta` header."
        ))),
    }
}

fn decoded(block: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(block["signature"].as_str()?).ok()
}

fn model_tag(request: &Value) -> [u8; MODEL] {
    let digest = Sha256::digest(request["model"].as_str().unwrap_or_default());
    let mut tag = [0; MODEL];
    tag.copy_from_slice(digest.split_at(MODEL).0);
    tag
}

/// Everything before a block.
#[derive(Clone)]
struct Prefix(Sha256);

impl Prefix {
    fn new(request: &Value) -> Self {
        let mut prefix = Self(Sha256::new());
        for part in ["tools", "system"] {
            prefix.0.update(part);
            as_blocks(&request[part]).iter().for_each(|block| prefix.block(block));
        }
        prefix
    }

    fn message(&mut self, message: &Value) {
        self.role(&message["role"]);
        as_blocks(&message["content"]).iter().for_each(|block| self.block(block));
    }

    fn role(&mut self, role: &Value) {
        self.0.update(format!("{role}\n"));
    }

    /// Marks for the cache are outside the binding, and so are null fields, which a caller may omit.
    fn block(&mut self, block: &Value) {
        let mut block = block.clone();
        if let Value::Object(fields) = &mut block {
            fields.retain(|name, value| name != "cache_control" && !value.is_null());
        }
        self.0.update(format!("{block}\n"));
    }

    fn sign(&self, key: &SecretString, thinking: &str, count: u64) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
            // An HMAC takes a key of any length.
            return [0; 32];
        };
        mac.update(&self.0.clone().finalize());
        mac.update(&count.to_be_bytes());
        mac.update(thinking.as_bytes());
        mac.finalize().into_bytes().into()
    }
}
