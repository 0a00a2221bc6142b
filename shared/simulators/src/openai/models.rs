//! The service's documented facts about each model, and the price of its replies.
//!
//! From [the models' pages](https://platform.openai.com/docs/models), [pricing](https://platform.openai.com/docs/pricing) and
//! [prompt caching](https://platform.openai.com/docs/guides/prompt-caching).

use crate::script::Usage;

/// A model.
#[derive(Debug)]
pub(super) struct Model {
    id: &'static str,
    /// Whether it reasons before it replies.
    pub(super) reasons: bool,
    /// Whether cache writes are reported and billed.
    pub(super) bills_writes: bool,
    /// The tokens that a request and its reply may have together.
    pub(super) context: u64,
    price: Option<Price>,
}

/// Billionths of a dollar for one token.
#[derive(Debug)]
struct Price {
    input: u64,
    output: u64,
    write: u64,
    read: u64,
    /// Whether a prompt over 272,000 tokens costs twice as much, and its reply half as much again.
    is_tiered: bool,
}

const LONG_PROMPT: u64 = 272_000;

const fn price(input: u64, output: u64, write: u64, read: u64) -> Option<Price> {
    Some(Price { input, output, write, read, is_tiered: true })
}

const NEWEST: Model = Model { id: "", reasons: true, bills_writes: true, context: 1_050_000, price: None };
const OLDER: Model = Model { bills_writes: false, context: 400_000, ..NEWEST };
/// A model of another vendor.
const UNKNOWN: Model = Model { reasons: false, bills_writes: false, context: 128_000, ..NEWEST };

static MODELS: &[Model] = &[
    Model { id: "gpt-5.6-luna", price: price(200, 1_200, 250, 20), ..NEWEST },
    Model { id: "gpt-5.6-sol", price: price(4_000, 20_000, 5_000, 400), ..NEWEST },
    Model { id: "gpt-5.6-terra", price: price(2_000, 12_000, 2_500, 200), ..NEWEST },
    Model { id: "gpt-5.5", price: price(5_000, 30_000, 5_000, 500), context: 1_000_000, ..OLDER },
    Model { id: "gpt-5.4", price: price(2_500, 15_000, 2_500, 250), context: 1_050_000, ..OLDER },
    Model { id: "gpt-5.4-mini", price: price(750, 4_500, 750, 75), ..OLDER },
];

/// The facts about the model with this ID.
pub(super) fn model(id: &str) -> &'static Model {
    MODELS.iter().find(|known| known.id == id).unwrap_or(const { &UNKNOWN })
}

/// The price of a reply, in billionths of a dollar; `None` if the model has no known price.
pub(super) fn cost(model: &Model, usage: Usage) -> Option<u64> {
    let price = model.price.as_ref()?;
    let Usage {
        input_tokens,
        output_tokens,
        cache_creation_input_tokens: written,
        cache_read_input_tokens: read,
    } = usage;
    let of = |tokens: u64, price: u64| tokens.saturating_mul(price);
    let prompt = of(input_tokens, price.input)
        .saturating_add(of(written, price.write))
        .saturating_add(of(read, price.read));
    let reply = of(output_tokens, price.output);
    let is_long = price.is_tiered && input_tokens.saturating_add(written).saturating_add(read) > LONG_PROMPT;
    Some(match is_long {
        true => prompt.saturating_mul(2).saturating_add(reply.saturating_mul(3) / 2),
        false => prompt.saturating_add(reply),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_token_has_its_price_and_a_long_prompt_costs_more() {
        let usage = Usage {
            input_tokens: 1_000,
            output_tokens: 100,
            cache_creation_input_tokens: 2_000,
            cache_read_input_tokens: 10_000,
        };
        // 0.004 + 0.002 + 0.010 + 0.004 dollars.
        assert_eq!(cost(model("gpt-5.6-sol"), usage), Some(20_000_000));
        let long = Usage { cache_read_input_tokens: 270_000, ..usage };
        assert_eq!(
            cost(model("gpt-5.6-sol"), long),
            Some(2 * (4_000_000 + 10_000_000 + 108_000_000) + 3_000_000)
        );
        assert_eq!(cost(model("qwen"), usage), None);
    }
}
