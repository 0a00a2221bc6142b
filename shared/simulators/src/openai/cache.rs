//! The prompt cache, which works without being requested: <https://platform.openai.com/docs/guides/prompt-caching>.
//!
//! A prompt of 1,024 tokens or more is kept, and a later one that begins in the same way reads what they have in common, in steps of
//! 128 tokens. Here they have whole items in common.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::models::Model;
use crate::script::{Usage, estimate};

const LEAST: u64 = 1024;
const STEP: u64 = 128;
const KEPT: SignedDuration = SignedDuration::from_mins(10);

/// Until when each prefix is kept.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeMap<[u8; 32], Timestamp>);

/// The tokens of an item: of its texts, and of everything else.
pub(super) fn tokens(item: &Value) -> u64 {
    match item["type"].as_str() {
        Some("reasoning") => super::reasoning::tokens_of(item),
        _ => estimate(&item.to_string()),
    }
}

impl Cache {
    /// Reads a prompt, item by item, through the cache.
    pub(super) fn read(&mut self, model: &Model, name: &str, items: &[Value], now: Timestamp) -> Usage {
        self.0.retain(|_, until| *until > now);
        let mut hash = Sha256::new_with_prefix(name);
        let (mut total, mut common) = (0, 0);
        let mut prefixes = Vec::new();
        for item in items {
            hash.update(item.to_string());
            total += tokens(item);
            let prefix: [u8; 32] = hash.clone().finalize().into();
            if self.0.contains_key(&prefix) {
                common = total;
            }
            prefixes.push(prefix);
        }
        let whole_steps = |tokens: u64| if tokens < LEAST { 0 } else { tokens / STEP * STEP };
        let (read, kept) = (whole_steps(common), whole_steps(total));
        if kept > 0
            && let Ok(until) = now.checked_add(KEPT)
        {
            self.0.extend(prefixes.into_iter().map(|prefix| (prefix, until)));
        }
        let written = if model.bills_writes { kept.saturating_sub(read) } else { 0 };
        Usage {
            input_tokens: total - read - written,
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
    use serde_json::json;

    #[test]
    fn what_prompts_have_in_common_is_read_in_steps_until_it_ages() {
        let long = json!({"text": "word ".repeat(1_000)});
        let mut cache = Cache::default();
        let mut read = |name: &str, question: &str, at: i64| {
            let items = [long.clone(), json!({"text": question})];
            cache.read(model(name), name, &items, Timestamp::from_second(at).unwrap())
        };
        let (first, again) = (read("gpt-5.6-sol", "one", 0), read("gpt-5.6-sol", "two", 60));
        assert_eq!((first.cache_read_input_tokens, first.cache_creation_input_tokens), (0, 1_152));
        assert_eq!((again.cache_read_input_tokens, again.cache_creation_input_tokens), (1_152, 0));
        assert_eq!(read("gpt-5.5", "one", 60).cache_creation_input_tokens, 0, "it is free for older models");
        assert_eq!(read("gpt-5.6-sol", "three", 7_200).cache_read_input_tokens, 0);
    }
}
