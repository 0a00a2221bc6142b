//! The bill.

use serde_json::{Value, json};

use super::reply::Usage;

/// What all replies so far cost, whether or not their answers arrived.
#[derive(Debug, Default)]
pub(crate) struct Bill {
    usage: Usage,
    /// In billionths of a dollar.
    nanos: u64,
    /// Whether a reply came from a model without a known price.
    is_partial: bool,
}

impl Bill {
    /// Adds a reply at a price in billionths of a dollar; `None` if the model has no known price.
    pub(crate) fn add(&mut self, usage: Usage, nanos: Option<u64>) {
        self.usage.add(usage);
        match nanos {
            Some(nanos) => self.nanos = self.nanos.saturating_add(nanos),
            None => self.is_partial = true,
        }
    }

    /// The tokens, and the dollars unless a price is unknown.
    pub(crate) fn json(&self) -> Value {
        let Usage { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } =
            self.usage;
        json!({
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cache_creation_input_tokens": cache_creation_input_tokens,
            "cache_read_input_tokens": cache_read_input_tokens,
            "usd": (!self.is_partial).then_some(self.nanos as f64 / 1e9),
        })
    }
}
