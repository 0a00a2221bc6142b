//! The price of a reply.

use super::models::Price;
use crate::script::Usage;

/// The price of a reply, in billionths of a dollar. `for_an_hour` is the part of its cache writes that is kept for an hour.
pub(super) fn cost(price: Price, usage: Usage, for_an_hour: u64) -> u64 {
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
    use crate::script::Bill;
    use serde_json::{Value, json};

    fn usd(id: &str, usage: Usage, for_an_hour: u64) -> Value {
        let mut bill = Bill::default();
        bill.add(usage, model(id).price.map(|price| cost(price, usage, for_an_hour)));
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
