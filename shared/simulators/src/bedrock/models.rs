//! The service's documented facts about each model, and the price of its replies.
//!
//! From [supported models](https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html),
//! [prompt caching](https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html) and
//! [pricing](https://aws.amazon.com/bedrock/pricing/).

use crate::script::Usage;

/// A model.
#[derive(Debug)]
pub(super) struct Model {
    id: &'static str,
    /// Whether it accepts cache points.
    pub(super) caches: bool,
    /// A prefix of fewer tokens is not cached.
    pub(super) least_cached: u64,
    /// Whether it reasons on its own when tools are offered, with reasoning bound to everything before it.
    pub(super) binds_reasoning: bool,
    /// Whether its tokens can be counted.
    pub(super) counts: bool,
    /// The tokens that a request may have.
    pub(super) context: u64,
    price: Option<Price>,
}

/// Billionths of a dollar for one token, by a global inference profile. Those of a geography and models themselves cost a tenth more.
#[derive(Debug)]
struct Price {
    input: u64,
    output: u64,
    write: u64,
    read: u64,
}

const CLAUDE: Model = Model {
    id: "",
    caches: true,
    least_cached: 512,
    binds_reasoning: true,
    counts: true,
    context: 1_000_000,
    price: None,
};

/// An unknown model.
const UNKNOWN: Model =
    Model { caches: false, binds_reasoning: false, counts: false, least_cached: 1_024, ..CLAUDE };

static MODELS: &[Model] = &[
    Model {
        id: "amazon.nova-pro-v1:0",
        caches: true,
        context: 300_000,
        price: Some(Price { input: 800, output: 3_200, write: 800, read: 200 }),
        ..UNKNOWN
    },
    Model {
        id: "anthropic.claude-opus-5-5",
        price: Some(Price { input: 4_000, output: 20_000, write: 5_000, read: 200 }),
        ..CLAUDE
    },
    Model {
        id: "anthropic.claude-sonnet-5-5",
        price: Some(Price { input: 2_000, output: 10_000, write: 2_500, read: 100 }),
        ..CLAUDE
    },
];

fn base(id: &str) -> &str {
    match id.split_once('.') {
        Some(("apac" | "eu" | "global" | "us", base)) => base,
        _ => id,
    }
}

/// The facts about a model, by its own ID or that of an inference profile.
pub(super) fn model(id: &str) -> &'static Model {
    MODELS.iter().find(|known| known.id == base(id)).unwrap_or(const { &UNKNOWN })
}

/// The price of a reply, in billionths of a dollar; `None` without a known price.
pub(super) fn cost(id: &str, usage: Usage) -> Option<u64> {
    let price = model(id).price.as_ref()?;
    let global = [
        (usage.input_tokens, price.input),
        (usage.output_tokens, price.output),
        (usage.cache_creation_input_tokens, price.write),
        (usage.cache_read_input_tokens, price.read),
    ]
    .into_iter()
    .map(|(tokens, price)| tokens.saturating_mul(price))
    .fold(0, u64::saturating_add);
    let is_regional = base(id).starts_with("anthropic.") && !id.starts_with("global.");
    Some(if is_regional { global.saturating_mul(11) / 10 } else { global })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geography_costs_a_tenth_more() {
        let usage = Usage { input_tokens: 1_000, output_tokens: 100, ..Usage::default() };
        assert_eq!(cost("global.anthropic.claude-sonnet-5-5", usage), Some(3_000_000));
        assert_eq!(cost("eu.anthropic.claude-sonnet-5-5", usage), Some(3_300_000));
        assert_eq!(cost("amazon.nova-pro-v1:0", usage), Some(1_120_000));
        assert_eq!(cost("in.house", usage), None);
    }
}
