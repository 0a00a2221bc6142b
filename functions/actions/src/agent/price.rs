//! What tokens cost, by the price list of `genai-prices`: <https://github.com/pydantic/genai-prices>.

use domain::plugins::Usage;
use domain::{ActionError, MicroUsd};
use genai_prices::{Calculator, PriceRequest, UsageKey};
use jiff::Timestamp;

/// What the usage costs, rounded up to the next micro-dollar; `None` when the list has no price for the model.
pub fn price(provider: &str, model: &str, usage: &Usage, at: Timestamp) -> Option<MicroUsd> {
    // The list counts what was read from or written to a cache as part of the input; our `input_tokens` excludes it.
    let written = usage.cache_write_5m_tokens.saturating_add(usage.cache_write_1h_tokens);
    let counts = genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, usage.all_input_tokens() as f64),
        (UsageKey::CACHE_READ_TOKENS, usage.cache_read_tokens as f64),
        (UsageKey::CACHE_WRITE_TOKENS, written as f64),
        (UsageKey::CACHE_WRITE_1H_TOKENS, usage.cache_write_1h_tokens as f64),
        (UsageKey::OUTPUT_TOKENS, usage.output_tokens as f64),
    ]);
    let request = PriceRequest::new(model, &counts).with_provider_id(provider).with_timestamp(at);
    let priced = Calculator::bundled().calculate(&request).ok()?;
    Some(MicroUsd::from_usd_rounded_up(priced.total_price))
}

/// What a call of the model `asked` costs that `answered` replied to. A reply may come from another model, or from the same by
/// another name, and is never cheaper for it. `None` when the list has no price for the model that was asked.
pub fn bill(provider: &str, asked: &str, answered: &str, usage: &Usage, at: Timestamp) -> Option<MicroUsd> {
    let own = price(provider, asked, usage, at)?;
    Some(price(provider, answered, usage, at).map_or(own, |other| other.max(own)))
}

/// The most a request can cost: all its input at the rate of a cache write for five minutes, where the request asks for the cache, and
/// as much output as it may have. A model without a price is taken for the dearest model of its provider, so that it is never taken
/// for free.
///
/// # Errors
/// `Internal` when the list does not know the provider.
pub fn worst_case(
    provider: &str,
    model: &str,
    input_tokens: u64,
    is_cached: bool,
    output_tokens: u64,
    at: Timestamp,
) -> Result<MicroUsd, ActionError> {
    let plain = Usage { input_tokens, output_tokens, ..Usage::default() };
    let written = Usage { cache_write_5m_tokens: input_tokens, output_tokens, ..Usage::default() };
    let of_model = |model: &str| {
        let of_written = is_cached.then(|| price(provider, model, &written, at)).flatten();
        price(provider, model, &plain, at).max(of_written)
    };
    if let Some(known) = of_model(model) {
        return Ok(known);
    }
    let listed = Calculator::bundled().find_provider(Some(provider), None).ok().flatten();
    listed.and_then(|provider| provider.models().filter_map(|model| of_model(model.id())).max()).ok_or_else(
        || ActionError::internal(format!("the price list does not know the provider `{provider}`")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-11-22T00:00:00Z".parse().unwrap()
    }

    fn check(model: &str, usage: Usage, expected: Option<u64>) {
        assert_eq!(price("anthropic", model, &usage, at()), expected.map(MicroUsd), "{model}");
    }

    #[test]
    fn prices_as_the_provider_publishes_them() {
        // claude-sonnet-5-5: $2 in, $10 out, $2.50 and $4 for cache writes, $0.10 for cache reads, each per million tokens.
        let usage = Usage {
            input_tokens: 1_000,
            cache_read_tokens: 10_000,
            cache_write_5m_tokens: 2_000,
            cache_write_1h_tokens: 3_000,
            output_tokens: 500,
        };
        check("claude-sonnet-5-5", usage, Some(2_000 + 1_000 + 5_000 + 12_000 + 5_000));
        check("claude-haiku-4-5", Usage { output_tokens: 3, ..Usage::default() }, Some(15));
        check("no-such-model", usage, None);
    }

    #[test]
    fn long_prompts_may_have_other_prices() {
        let usage = |input_tokens| Usage { input_tokens, ..Usage::default() };
        check("claude-haiku-5-5", usage(100_000), Some(10_000));
        check("claude-haiku-5-5", usage(200_000), Some(100_000));
    }

    #[test]
    fn the_worst_case_bounds_every_split_of_the_same_tokens_and_no_more() {
        let worst =
            |is_cached| worst_case("anthropic", "claude-sonnet-5-5", 10_000, is_cached, 1_000, at()).unwrap();
        let bound = worst(true);
        assert_eq!((bound, worst(false)), (MicroUsd(25_000 + 10_000), MicroUsd(20_000 + 10_000)));
        for read in [0, 2_500, 10_000] {
            for written in [0, 2_500] {
                let usage = Usage {
                    input_tokens: 10_000_u64.saturating_sub(read + written),
                    cache_read_tokens: read,
                    cache_write_5m_tokens: written.min(10_000 - read),
                    cache_write_1h_tokens: 0,
                    output_tokens: 1_000,
                };
                assert!(price("anthropic", "claude-sonnet-5-5", &usage, at()).unwrap() <= bound);
            }
        }
    }

    #[test]
    fn another_model_in_the_reply_is_never_cheaper() {
        let usage = Usage { input_tokens: 1_000, output_tokens: 1_000, ..Usage::default() };
        let billed = |asked, answered| bill("anthropic", asked, answered, &usage, at());
        let (sonnet, opus) = (Some(MicroUsd(12_000)), Some(MicroUsd(24_000)));
        assert_eq!(billed("claude-sonnet-5-5", "claude-sonnet-5-5"), sonnet);
        assert_eq!(billed("claude-sonnet-5-5", "claude-haiku-5-5"), sonnet);
        assert_eq!(billed("claude-sonnet-5-5", "no-such-model"), sonnet);
        assert_eq!(billed("claude-sonnet-5-5", "claude-opus-5-5"), opus);
        assert_eq!(billed("no-such-model", "claude-haiku-5-5"), None, "a known price does not make it known");
    }

    #[test]
    fn a_model_without_a_price_is_taken_for_the_dearest() {
        let unknown = worst_case("anthropic", "no-such-model", 1_000, true, 1_000, at()).unwrap();
        let dear = worst_case("anthropic", "claude-fable-5-1", 1_000, true, 1_000, at()).unwrap();
        assert!(unknown >= dear && dear > MicroUsd::ZERO);
        assert!(worst_case("nobody", "no-such-model", 1, true, 1, at()).is_err());
    }
}
