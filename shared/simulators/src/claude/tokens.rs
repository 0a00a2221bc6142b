//! Tokens and the prompt cache.
//!
//! The count is an estimate that anybody can repeat: one token for every four characters of text, rounded up for each
//! block. Caching follows the
//! [documented rules](https://platform.claude.com/docs/en/build-with-claude/prompt-caching): a request is a row of
//! blocks (tools, system, messages); a block marked with `cache_control` ends a prefix, which is written to the cache
//! when it is first seen and read from it afterwards, for five minutes from its last use or an hour. Each mark finds what was
//! written at its own block or at one of the 19 before it. A prefix shorter than the model's least length is not cached, silently.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::blocks::as_blocks;
use super::models::model;
use super::{images, thinking};
use crate::script::{Usage, estimate};

/// How many blocks a mark searches for an earlier write: its own and those before it.
const LOOK_BACK: usize = 20;

struct Block {
    tokens: u64,
    /// Identifies everything up to and with this block.
    prefix: [u8; 32],
    /// How long the prefix that ends here is kept, when it is marked.
    kept: Option<SignedDuration>,
}

/// Everything the model reads, block by block, as it was sent.
fn read(request: &Value) -> Vec<Value> {
    let mut read = as_blocks(&request["tools"]);
    read.extend(as_blocks(&request["system"]));
    for message in request["messages"].as_array().into_iter().flatten() {
        read.extend(as_blocks(&message["content"]).into_iter().map(|mut block| {
            block["role"] = message["role"].clone();
            block
        }));
    }
    read
}

/// Everything the model reads, block by block.
fn blocks(request: &Value) -> Vec<Block> {
    let format = &request["output_config"]["format"];
    let mut hash = Sha256::new_with_prefix(format!("{}{format}", request["model"]));
    read(request)
        .into_iter()
        .map(|mut block| {
            let control = block.as_object_mut().and_then(|block| block.remove("cache_control"));
            let kept = control
                .filter(|control| control["type"] == "ephemeral")
                .map(|control| SignedDuration::from_mins(if control["ttl"] == "1h" { 60 } else { 5 }));
            hash.update(block.to_string());
            Block { tokens: tokens_of(&block), prefix: hash.clone().finalize().into(), kept }
        })
        .collect()
}

fn tokens_of(block: &Value) -> u64 {
    match (block["type"].as_str(), block["text"].as_str()) {
        (Some("image"), _) => images::tokens(block),
        (Some("thinking"), _) => thinking::tokens_of(block),
        (_, Some(text)) => estimate(text),
        (_, None) => estimate(&block.to_string()),
    }
}

/// The tokens of everything the model reads.
pub(super) fn total(request: &Value) -> u64 {
    blocks(request).iter().map(|block| block.tokens).sum()
}

/// The blocks that are marked for the cache.
pub(super) fn marked(request: &Value) -> Vec<Value> {
    read(request).into_iter().filter(|block| block["cache_control"]["type"] == "ephemeral").collect()
}

/// The cached prefixes, with their lifetime and expiry.
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
        let least = model(request["model"].as_str().unwrap_or_default()).least_cached;
        self.0.retain(|_, (_, until)| *until > now);
        let lengths: Vec<u64> = blocks
            .iter()
            .scan(0, |length, block| {
                *length += block.tokens;
                Some(*length)
            })
            .collect();
        let marks = || blocks.iter().zip(&lengths).enumerate().filter(|(_, (block, _))| block.kept.is_some());
        let mut read = 0;
        for (index, _) in marks() {
            let positions = blocks.iter().zip(&lengths).take(index + 1).rev().take(LOOK_BACK);
            for (block, length) in positions {
                if let Some((kept, until)) = self.0.get_mut(&block.prefix) {
                    read = read.max(*length);
                    *until = now.checked_add(*kept).unwrap_or(*until);
                    break;
                }
            }
        }
        let (mut written, mut written_for_an_hour) = (0, 0);
        for (_, (block, length)) in marks() {
            let (known, Some(kept)) = (read + written, block.kept) else { continue };
            if *length < least || *length <= known {
                continue;
            }
            written += length - known;
            if kept > SignedDuration::from_mins(5) {
                written_for_an_hour += length - known;
            }
            if let Ok(until) = now.checked_add(kept) {
                self.0.insert(block.prefix, (kept, until));
            }
        }
        let usage = Usage {
            input_tokens: lengths.last().copied().unwrap_or_default() - read - written,
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
    use serde_json::json;

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

    #[test]
    fn a_mark_finds_what_was_written_at_twenty_blocks_and_no_further() {
        let long = "word ".repeat(2000);
        let request = |extra: usize| {
            let mut blocks = vec![json!({"type": "text", "text": long})];
            blocks.extend((0..extra).map(|number| json!({"type": "text", "text": format!("{number:04}")})));
            blocks.last_mut().unwrap()["cache_control"] = json!({"type": "ephemeral"});
            json!({"model": "m", "messages": [{"role": "user", "content": blocks}]})
        };
        for (extra, read) in [(19, 2500), (20, 0)] {
            let mut cache = Cache::default();
            cache.read(&request(0), Timestamp::UNIX_EPOCH);
            let usage = cache.read(&request(extra), Timestamp::UNIX_EPOCH).usage;
            assert_eq!(usage.cache_read_input_tokens, read, "{extra}");
            assert_eq!(usage.cache_creation_input_tokens, 2500 + extra as u64 - read);
        }
    }

    #[test]
    fn a_prefix_is_read_without_its_mark_only_where_another_mark_follows() {
        let long = "word ".repeat(2000);
        let mut request = json!({"model": "claude-sonnet-5-5", "system": [{"type": "text", "text": long,
            "cache_control": {"type": "ephemeral", "ttl": "1h"}}], "messages": [{"role": "user", "content": "one?"}]});
        let mut cache = Cache::default();
        let start = Timestamp::UNIX_EPOCH;
        let first = cache.read(&request, start);
        assert_eq!((first.usage.cache_creation_input_tokens, first.written_for_an_hour), (2500, 2500));
        request["system"][0].as_object_mut().unwrap().remove("cache_control");
        assert_eq!(cache.read(&request, start).usage.cache_read_input_tokens, 0);
        request["messages"][0]["content"] =
            json!([{"type": "text", "text": "two?", "cache_control": {"type": "ephemeral"}}]);
        let later = cache.read(&request, start + SignedDuration::from_mins(59)).usage;
        assert_eq!((later.cache_read_input_tokens, later.cache_creation_input_tokens), (2500, 1));
    }
}
