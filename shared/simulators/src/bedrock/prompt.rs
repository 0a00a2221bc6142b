//! A model's input, block by block, and the cache in front of it.
//!
//! The count is an estimate that anybody can repeat: one token for every four characters of text, rounded up for each block.
//! [Cache points](https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html) end prefixes, which are written to the cache when
//! they are first seen and read from it for five minutes from their last use.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::models::Model;
use crate::script::{Usage, estimate};

/// How long a prefix is kept.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// The most tokens of a picture.
const IMAGE: u64 = 4_784;

/// A block that is not a mark, and whether a mark follows it.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) value: Value,
    pub(super) is_marked: bool,
}

/// Everything that the model reads: tools, system, messages.
pub(super) fn blocks(request: &Value) -> Vec<Block> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut all = list(&request["toolConfig"]["tools"]);
    all.extend(list(&request["system"]));
    for message in request["messages"].as_array().into_iter().flatten() {
        all.extend(list(&message["content"]).into_iter().map(|mut block| {
            if block.get("cachePoint").is_none() {
                block["role"] = message["role"].clone();
            }
            block
        }));
    }
    let mut blocks: Vec<Block> = Vec::new();
    for value in all {
        match (value.get("cachePoint"), blocks.last_mut()) {
            (Some(_), Some(last)) => last.is_marked = true,
            (Some(_), None) => {}
            (None, _) => blocks.push(Block { value, is_marked: false }),
        }
    }
    blocks
}

fn tokens(block: &Value) -> u64 {
    match (block.get("image"), block["text"].as_str()) {
        (Some(_), _) => IMAGE,
        (None, Some(text)) => estimate(text),
        (None, None) => estimate(&block.to_string()),
    }
}

/// The tokens of everything that the model reads.
pub(super) fn total(request: &Value) -> u64 {
    let format = &request["outputConfig"]["textFormat"];
    let format = if format.is_null() { 0 } else { estimate(&format.to_string()) };
    blocks(request).iter().map(|block| tokens(&block.value)).sum::<u64>() + format
}

/// The cached prefixes, and until when.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeMap<[u8; 32], Timestamp>);

impl Cache {
    /// Reads a request of a model through the cache.
    pub(super) fn read(&mut self, model: &Model, name: &str, request: &Value, now: Timestamp) -> Usage {
        self.0.retain(|_, until| *until > now);
        let mut hash = Sha256::new_with_prefix(json!([name, request["outputConfig"]]).to_string());
        let (mut length, mut read, mut written) = (0_u64, 0_u64, 0_u64);
        let mut marks = Vec::new();
        for block in blocks(request) {
            hash.update(block.value.to_string());
            length += tokens(&block.value);
            if block.is_marked && model.caches && length >= model.least_cached {
                marks.push((<[u8; 32]>::from(hash.clone().finalize()), length));
            }
        }
        let until = now.checked_add(KEPT).unwrap_or(now);
        for (prefix, length) in marks {
            if self.0.insert(prefix, until).is_some() {
                read = read.max(length);
            } else {
                written = length.saturating_sub(read);
            }
        }
        let input_tokens = total(request).saturating_sub(read).saturating_sub(written);
        Usage {
            input_tokens,
            output_tokens: 0,
            cache_creation_input_tokens: written,
            cache_read_input_tokens: read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::models::model;
    use super::*;

    #[test]
    fn a_marked_prefix_is_written_once_and_read_for_five_minutes() {
        let name = "eu.anthropic.claude-sonnet-5-5";
        let request = |question: &str| {
            json!({"system": [{"text": "word ".repeat(2_000)}, {"cachePoint": {"type": "default"}}],
                   "messages": [{"role": "user", "content": [{"text": question}]}]})
        };
        let mut cache = Cache::default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut read = |question: &str, minutes| {
            let usage =
                cache.read(model(name), name, &request(question), start + SignedDuration::from_mins(minutes));
            (usage.cache_creation_input_tokens, usage.cache_read_input_tokens, usage.input_tokens)
        };
        assert_eq!(read("one?", 0), (2_500, 0, 1));
        assert_eq!(read("two??", 4), (0, 2_500, 2));
        assert_eq!(read("one?", 10), (2_500, 0, 1));
        let other = "openai.gpt-oss-120b-1:0";
        let usage = Cache::default().read(model(other), other, &request("one?"), start);
        assert_eq!((usage.cache_creation_input_tokens, usage.input_tokens), (0, 2_501));
    }
}
