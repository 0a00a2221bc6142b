//! What is billed.

use serde_json::{Value, json};

use super::models::{Model, Price};
use super::world::Usage;

/// What all replies so far cost, whether or not their answers arrived.
#[derive(Debug, Default)]
pub(super) struct Bill {
    usage: Usage,
    /// In billionths of a dollar.
    nanos: u64,
    /// Whether a reply came from a model without a known price.
    is_partial: bool,
}

impl Bill {
    /// Adds a reply. `for_an_hour` is the part of its cache writes that is kept for an hour.
    pub(super) fn add(&mut self, model: &Model, usage: Usage, for_an_hour: u64) {
        self.usage.add(usage);
        match model.price {
            Some(price) => self.nanos = self.nanos.saturating_add(cost(price, usage, for_an_hour)),
            None => self.is_partial = true,
        }
    }

    /// The tokens, and the dollars unless a price is unknown.
    pub(super) fn json(&self) -> Value {
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

/// What a reply costs, in billionths of a dollar.
fn cost(price: Price, usage: Usage, for_an_hour: u64) -> u64 {
    let for_five_minutes = usage.cache_creation_input_tokens.saturating_sub(for_an_hour);
    let prompt = [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens]
        .into_iter()
        .fold(0, u64::saturating_add);
    let times = price.long_prompt.filter(|(limit, _)| prompt > *limit).map_or(1, |(_, times)| times);
    [
        (usage.input_tokens, price.input),
        (usage.output_tokens, price.output),
        (for_five_minutes, price.write_5m),
        (for_an_hour, price.write_1h),
        (usage.cache_read_input_tokens, price.read),
    ]
    .into_iter()
    .map(|(tokens, price)| tokens.saturating_mul(price))
    .fold(0, u64::saturating_add)
    .saturating_mul(times)
}

#[cfg(test)]
mod tests {
    use super::super::models::model;
    use super::*;

    fn usd(id: &str, usage: Usage, for_an_hour: u64) -> Value {
        let mut bill = Bill::default();
        bill.add(model(id), usage, for_an_hour);
        bill.json()["usd"].clone()
    }

    #[test]
    fn every_kind_of_token_has_its_price() {
        let usage = Usage {
            input_tokens: 1_000,
            output_tokens: 100,
            cache_creation_input_tokens: 3_000,
            cache_read_input_tokens: 10_000,
        };
        // 0.002 + 0.001 + 2,000 for five minutes 0.005 + 1,000 for an hour 0.004 + read 0.001
        assert_eq!(usd("claude-sonnet-5-5", usage, 1_000), json!(0.013));
        assert_eq!(usd("claude-sonnet-5-5-20260928", usage, 1_000), json!(0.013));
        assert_eq!(usd("in-house", usage, 0), Value::Null);
    }

    #[test]
    fn a_long_prompt_costs_more() {
        let usage = |cached| Usage { input_tokens: 1, cache_read_input_tokens: cached, ..Usage::default() };
        assert_eq!(usd("claude-haiku-5-5", usage(99_999), 0), json!(0.00100009));
        assert_eq!(usd("claude-haiku-5-5", usage(100_000), 0), json!(0.0050005));
    }
}
