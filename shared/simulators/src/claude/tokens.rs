//! Tokens and the prompt cache.
//!
//! The count is an estimate that anybody can repeat: one token for every four characters of text, rounded up for each
//! block. Caching follows the
//! [documented rules](https://platform.claude.com/docs/en/build-with-claude/prompt-caching): a request is a row of
//! blocks (tools, system, messages); a block marked with `cache_control` ends a prefix, which is written to the cache
//! when it is first seen and read from it afterwards, for five minutes from its last use or an hour; a prefix shorter
//! than the least length is not cached, silently.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::Usage;

const CHARACTERS_A_TOKEN: usize = 4;
/// Prefixes of fewer tokens are not cached.
const LEAST_CACHED_TOKENS: u64 = 1024;

/// Estimates the tokens of a text.
pub(super) fn estimate(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARACTERS_A_TOKEN) as u64
}

/// The text of the first `tokens` tokens.
pub(super) fn cut(text: &str, tokens: u64) -> String {
    let characters = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(CHARACTERS_A_TOKEN);
    text.chars().take(characters).collect()
}

struct Block {
    tokens: u64,
    /// Identifies everything up to and with this block.
    prefix: [u8; 32],
    /// How long the prefix that ends here is kept, when it is marked.
    kept: Option<SignedDuration>,
}

/// Everything the model reads, block by block.
fn blocks(request: &Value) -> Vec<Block> {
    let as_blocks = |value: &Value| match value {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(list) => list.clone(),
        _ => Vec::new(),
    };
    let mut read = as_blocks(&request["tools"]);
    read.extend(as_blocks(&request["system"]));
    for message in request["messages"].as_array().into_iter().flatten() {
        read.extend(as_blocks(&message["content"]).into_iter().map(|mut block| {
            block["role"] = message["role"].clone();
            block
        }));
    }
    let format = &request["output_config"]["format"];
    let mut hash = Sha256::new_with_prefix(format!("{}{format}", request["model"]));
    read.into_iter()
        .map(|mut block| {
            let control = block.as_object_mut().and_then(|block| block.remove("cache_control"));
            let kept = control
                .filter(|control| control["type"] == "ephemeral")
                .map(|control| SignedDuration::from_mins(if control["ttl"] == "1h" { 60 } else { 5 }));
            hash.update(block.to_string());
            let text = match block["text"].as_str() {
                Some(text) => text.to_owned(),
                None => block.to_string(),
            };
            Block { tokens: estimate(&text), prefix: hash.clone().finalize().into(), kept }
        })
        .collect()
}

/// The tokens of everything the model reads.
pub(super) fn total(request: &Value) -> u64 {
    blocks(request).iter().map(|block| block.tokens).sum()
}

/// How many blocks are marked to be cached.
pub(super) fn marked(request: &Value) -> usize {
    blocks(request).iter().filter(|block| block.kept.is_some()).count()
}

/// The prefixes that are cached, with the time they are kept and until when.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeMap<[u8; 32], (SignedDuration, Timestamp)>);

/// What reading a request costs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) usage: Usage,
    /// The part of the cache writes that is kept for an hour.
    pub(super) written_for_an_hour: u64,
}

impl Cache {
    /// Reads a request through the cache.
    pub(super) fn read(&mut self, request: &Value, now: Timestamp) -> Reading {
        let blocks = blocks(request);
        self.0.retain(|_, (_, until)| *until > now);
        let total: u64 = blocks.iter().map(|block| block.tokens).sum();
        let mut length = 0;
        let mut read = 0;
        let mut marked = Vec::new();
        for block in &blocks {
            length += block.tokens;
            if let Some((kept, until)) = self.0.get_mut(&block.prefix) {
                read = length;
                *until = now.checked_add(*kept).unwrap_or(*until);
            }
            if let Some(kept) = block.kept.filter(|_| length >= LEAST_CACHED_TOKENS) {
                marked.push((length, block.prefix, kept));
            }
        }
        let (mut written, mut written_for_an_hour) = (0, 0);
        for (length, prefix, kept) in marked {
            let known = read + written;
            if length > known {
                written += length - known;
                if kept > SignedDuration::from_mins(5) {
                    written_for_an_hour += length - known;
                }
                if let Ok(until) = now.checked_add(kept) {
                    self.0.insert(prefix, (kept, until));
                }
            }
        }
        let usage = Usage {
            input_tokens: total - read - written,
            output_tokens: 0,
            cache_creation_input_tokens: written,
            cache_read_input_tokens: read,
        };
        Reading { usage, written_for_an_hour }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_prefix_is_written_once_then_read_until_it_ages() {
        let long = "word ".repeat(2000);
        let request = |question: &str| {
            json!({"model": "m", "system": [{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}],
                   "messages": [{"role": "user", "content": question}]})
        };
        let mut cache = Cache::default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let first = cache.read(&request("one?"), start).usage;
        assert_eq!(
            (first.cache_creation_input_tokens, first.cache_read_input_tokens, first.input_tokens),
            (2500, 0, 1)
        );
        let later = start + SignedDuration::from_mins(4);
        let second = cache.read(&request("two??"), later).usage;
        assert_eq!(
            (second.cache_creation_input_tokens, second.cache_read_input_tokens, second.input_tokens),
            (0, 2500, 2)
        );
        let aged = cache.read(&request("three"), later + SignedDuration::from_mins(6)).usage;
        assert_eq!(aged.cache_creation_input_tokens, 2500);
    }

    #[test]
    fn a_short_prefix_is_not_cached() {
        let request = json!({"model": "m", "messages": [{"role": "user", "content": [
            {"type": "text", "text": "short", "cache_control": {"type": "ephemeral"}}]}]});
        let mut cache = Cache::default();
        let read = cache.read(&request, Timestamp::UNIX_EPOCH);
        assert_eq!(read.usage.input_tokens, 2);
        assert_eq!(read.usage.cache_creation_input_tokens, 0);
    }
}
