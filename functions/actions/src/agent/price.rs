//! What tokens cost, by the price list of `genai-prices`: <https://github.com/pydantic/genai-prices>.

use domain::MicroUsd;
use domain::plugins::{AiProvider, TokenPrices, Usage};
use genai_prices::{Calculator, PriceRequest, ProviderInfo, UsageKey};
use jiff::Timestamp;
use providers::Model;

/// The cost of the usage, rounded up to the next micro-dollar; `None` if the list has no price for the model.
pub fn price(provider: &str, model: &str, usage: &Usage, at: Timestamp) -> Option<MicroUsd> {
    // The list counts cache reads and writes as part of the input; our `input_tokens` excludes them.
    let written = usage.cache_write_5m_tokens.saturating_add(usage.cache_write_1h_tokens);
    let counts = genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, usage.all_input_tokens() as f64),
        (UsageKey::CACHE_READ_TOKENS, usage.cache_read_tokens as f64),
        (UsageKey::CACHE_WRITE_TOKENS, written as f64),
        (UsageKey::CACHE_WRITE_1H_TOKENS, usage.cache_write_1h_tokens as f64),
        (UsageKey::OUTPUT_TOKENS, usage.output_tokens as f64),
    ]);
    listed(provider)?;
    let request = PriceRequest::new(model, &counts).with_provider_id(provider).with_timestamp(at);
    let priced = Calculator::bundled().calculate(&request).ok()?;
    Some(MicroUsd::from_usd_rounded_up(priced.total_price))
}

/// The most tokens that a prompt may have in addition to its reply, from the configuration or the list; `None` if neither says.
pub fn most_prompt_tokens(model: &Model) -> Option<u64> {
    let listed = || context_window(model.provider.price_provider(), &model.name);
    let window = model.context_window.or_else(listed)?;
    Some(window.saturating_sub(u64::from(model.max_output_tokens)))
}

/// The provider with exactly this name; the list itself also matches names that contain another.
fn listed(provider: &str) -> Option<ProviderInfo<'static>> {
    let found = Calculator::bundled().find_provider(Some(provider), None).ok().flatten();
    found.filter(|found| found.id() == provider)
}

/// The tokens that a prompt and its reply may have together, if the list has them. The look-up works like that for a price, which knows a
/// model by other names than its own, too.
fn context_window(provider: &str, model: &str) -> Option<u64> {
    let listed = listed(provider)?;
    let nothing = genai_prices::Usage::from([(UsageKey::INPUT_TOKENS, 0.0)]);
    let request = PriceRequest::new(model, &nothing).with_provider_id(provider);
    let known = Calculator::bundled().calculate(&request).ok()?.model_id;
    listed.models().find(|model| model.id() == known)?.context_window()
}

/// The price of a model that the configuration gives.
type GivenPrice<'p> = dyn Fn(&str) -> Option<TokenPrices> + Send + Sync + 'p;

/// The prices of one provider: those in the configuration, and those of the list.
pub struct Prices<'p> {
    list: &'p str,
    dearest_bounds_all: bool,
    given: Box<GivenPrice<'p>>,
}

impl<'p> Prices<'p> {
    /// The prices of a provider.
    pub fn of(provider: &'p dyn AiProvider) -> Self {
        Self {
            list: provider.price_provider(),
            dearest_bounds_all: provider.dearest_bounds_all(),
            given: Box::new(|model| provider.given_price(model)),
        }
    }

    /// The cost of the usage, rounded up to the next micro-dollar; `None` if the model has no known price.
    pub fn price(&self, model: &str, usage: &Usage, at: Timestamp) -> Option<MicroUsd> {
        match (self.given)(model) {
            Some(given) => Some(given.price(usage)),
            None => price(self.list, model, usage, at),
        }
    }

    /// The cost of a call to the model `asked` to which `answered` replied. A reply may come from another model, or from the same under
    /// another name, and is never cheaper for it. `None` if the requested model has no known price.
    pub fn bill(&self, asked: &str, answered: &str, usage: &Usage, at: Timestamp) -> Option<MicroUsd> {
        let own = self.price(asked, usage, at)?;
        Some(self.price(answered, usage, at).map_or(own, |other| other.max(own)))
    }

    /// The maximum cost of a request: all its input at the rate of a five-minute cache write, if it may be cached, and as much output
    /// as it may have. A model without a price is taken for the most expensive model of its provider, so that it is never taken for free; `None`
    /// if that is not a limit.
    pub fn worst_case(
        &self,
        model: &str,
        input_tokens: u64,
        is_cached: bool,
        output_tokens: u64,
        at: Timestamp,
    ) -> Option<MicroUsd> {
        let plain = Usage { input_tokens, output_tokens, ..Usage::default() };
        let written = Usage { cache_write_5m_tokens: input_tokens, output_tokens, ..Usage::default() };
        let of_model = |model: &str| {
            let of_written = is_cached.then(|| self.price(model, &written, at)).flatten();
            self.price(model, &plain, at).max(of_written)
        };
        let dearest = || {
            let listed = Calculator::bundled().find_provider(Some(self.list), None).ok().flatten();
            listed?.models().filter_map(|model| of_model(model.id())).max()
        };
        of_model(model).or_else(|| self.dearest_bounds_all.then(dearest).flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-11-22T00:00:00Z".parse().unwrap()
    }

    fn prices(list: &'static str, dearest_bounds_all: bool) -> Prices<'static> {
        Prices { list, dearest_bounds_all, given: Box::new(|_| None) }
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
        let prices = prices("anthropic", true);
        let worst =
            |is_cached| prices.worst_case("claude-sonnet-5-5", 10_000, is_cached, 1_000, at()).unwrap();
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
        let prices = prices("anthropic", true);
        let billed = |asked, answered| prices.bill(asked, answered, &usage, at());
        let (sonnet, opus) = (Some(MicroUsd(12_000)), Some(MicroUsd(24_000)));
        assert_eq!(billed("claude-sonnet-5-5", "claude-sonnet-5-5"), sonnet);
        assert_eq!(billed("claude-sonnet-5-5", "claude-haiku-5-5"), sonnet);
        assert_eq!(billed("claude-sonnet-5-5", "no-such-model"), sonnet);
        assert_eq!(billed("claude-sonnet-5-5", "claude-opus-5-5"), opus);
        assert_eq!(billed("no-such-model", "claude-haiku-5-5"), None, "a known price does not make it known");
    }

    #[test]
    fn a_model_without_a_price_is_taken_for_the_dearest() {
        let worst = |prices: Prices<'_>, model| prices.worst_case(model, 1_000, true, 1_000, at());
        let unknown = worst(prices("anthropic", true), "no-such-model").unwrap();
        let dear = worst(prices("anthropic", true), "claude-fable-5-1").unwrap();
        assert!(unknown >= dear && dear > MicroUsd::ZERO);
        assert_eq!(worst(prices("openai", false), "gpt-no-such-model"), None);
        assert_eq!(worst(prices("nobody", true), "no-such-model"), None);
    }

    #[test]
    fn reasoning_caches_and_long_prompts_of_openai_stay_within_the_worst_case() {
        let prices = prices("openai", false);
        // gpt-5.6-terra: $2 in, $12 out, $2.50 for cache writes, $0.20 for cache reads, each per million tokens.
        let usage = Usage {
            input_tokens: 1_000,
            cache_read_tokens: 6_000,
            cache_write_5m_tokens: 3_000,
            cache_write_1h_tokens: 0,
            output_tokens: 1_000,
        };
        let price = |model, usage: &Usage| prices.price(model, usage, at()).unwrap();
        assert_eq!(price("gpt-5.6-terra", &usage), MicroUsd(2_000 + 1_200 + 7_500 + 12_000));
        for model in ["gpt-5.6-terra", "gpt-5.6-sol", "gpt-5.5", "gpt-5"] {
            for times in [1, 40] {
                let usage = Usage {
                    input_tokens: usage.input_tokens * times,
                    cache_read_tokens: usage.cache_read_tokens * times,
                    cache_write_5m_tokens: usage.cache_write_5m_tokens * times,
                    ..usage
                };
                let worst = prices.worst_case(model, usage.all_input_tokens(), true, 1_000, at()).unwrap();
                assert!(price(model, &usage) <= worst, "{model} {times}");
            }
        }
    }

    #[test]
    fn caches_and_geographies_of_bedrock_stay_within_the_worst_case() {
        let prices = prices("aws", false);
        let usage = Usage {
            input_tokens: 1_000,
            cache_read_tokens: 6_000,
            cache_write_5m_tokens: 3_000,
            cache_write_1h_tokens: 0,
            output_tokens: 1_000,
        };
        let price = |model| prices.price(model, &usage, at()).unwrap();
        // claude-sonnet-5-5: $2 in, $10 out, $2.50 for cache writes, $0.10 for cache reads; a tenth more where it stays in a geography.
        assert_eq!(price("global.anthropic.claude-sonnet-5-5"), MicroUsd(2_000 + 600 + 7_500 + 10_000));
        assert_eq!(price("eu.anthropic.claude-sonnet-5-5"), MicroUsd(2_200 + 660 + 8_250 + 11_000));
        for model in [
            "global.anthropic.claude-sonnet-5-5",
            "eu.anthropic.claude-sonnet-5-5",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "us.amazon.nova-pro-v1:0",
            "openai.gpt-oss-120b-1:0",
        ] {
            let worst = prices.worst_case(model, usage.all_input_tokens(), true, 1_000, at()).unwrap();
            assert!(price(model) <= worst, "{model}");
        }
        let profile = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc";
        assert_eq!(prices.worst_case(profile, 1, true, 1, at()), None, "an unknown model is refused");
    }

    #[test]
    fn the_list_knows_how_long_a_prompt_may_be() {
        assert_eq!(context_window("openai", "gpt-5.6-terra"), Some(1_050_000));
        assert_eq!(context_window("aws", "eu.anthropic.claude-sonnet-5-5"), Some(1_000_000));
        assert_eq!(context_window("aws", "amazon.nova-pro-v1:0"), Some(300_000));
        assert_eq!(context_window("openai", "no-such-model"), None);
        assert_eq!(context_window("openai-compatible", "gpt-5.6-terra"), None);
    }

    #[test]
    fn given_prices_go_before_the_list() {
        let zero = TokenPrices { input: 0.0, output: 0.0, cache_read: None, cache_write: None };
        let given = Box::new(move |model: &str| (model == "in-house").then_some(zero));
        let prices = Prices { list: "openai-compatible", dearest_bounds_all: false, given };
        assert_eq!(prices.worst_case("in-house", 1_000, true, 1_000, at()), Some(MicroUsd::ZERO));
        assert_eq!(prices.worst_case("gpt-5", 1_000, true, 1_000, at()), None);
    }
}
