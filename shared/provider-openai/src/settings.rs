//! The settings of its section under `plugins`.

use domain::plugins::TokenPrices;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The vendor's own address, for which the price list holds.
const VENDOR: &str = "https://api.openai.com/v1";

/// Settings of OpenAI, or of a compatible server, under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct Settings {
    /// The API's address.
    pub base_url: String,
    /// Which of its APIs is used.
    pub api: Api,
    /// The model.
    pub model: String,
    /// The most tokens one reply may have.
    pub max_output_tokens: u32,
    /// The most tokens that a prompt and its reply may have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// What tokens cost, by model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, TokenPrices>,
    /// Whether the models take pictures, if their names do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<bool>,
}

/// Settings of OpenAI, or of a compatible server, under `plugins`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The API's address. Default: `https://api.openai.com/v1`.
    #[serde(default = "vendor")]
    base_url: String,
    /// Which API is used: `responses` (default), or `chat_completions` for servers that have only this one.
    #[serde(default)]
    api: Api,
    /// The model. Default: `gpt-5.6-terra`.
    #[serde(default = "model")]
    model: String,
    /// The most tokens one reply may have, reasoning included. Default: 32000.
    #[serde(default = "max_output_tokens")]
    #[schemars(range(min = 1))]
    max_output_tokens: u32,
    /// The most tokens that a prompt and its reply may have together. Default: the model's limit in the price list. An agent's
    /// conversation is restarted before it would exceed this.
    #[serde(default)]
    context_window: Option<u64>,
    /// What the tokens of each model cost, in dollars per million; 0 if they are free. Required where `base_url` is not OpenAI's own.
    #[serde(default)]
    prices: BTreeMap<String, TokenPrices>,
    /// Whether the models take pictures, such as those attached to a ticket. Default: true for OpenAI's own models, else false.
    #[serde(default)]
    pictures: Option<bool>,
}

/// One of the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// The Responses API.
    #[default]
    Responses,
    /// The Chat Completions API.
    ChatCompletions,
}

impl TryFrom<Written> for Settings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { base_url, api, model, max_output_tokens, context_window, prices, pictures } = written;
        TokenPrices::check(&prices)?;
        let settings = Self { base_url, api, model, max_output_tokens, context_window, prices, pictures };
        if !settings.is_vendors() && !settings.prices.contains_key(&settings.model) {
            let model = &settings.model;
            return Err(format!(
                "prices has no entry for the model `{model}`, and base_url is not {VENDOR}, whose prices are known; add \
                 `prices: {{ {model}: {{ input: …, output: … }} }}` in dollars per million tokens (0 if they are free)"
            ));
        }
        Ok(settings)
    }
}

impl Settings {
    /// Whether the service is the vendor's own.
    pub(crate) fn is_vendors(&self) -> bool {
        self.base_url.trim_end_matches('/') == VENDOR
    }
}

fn vendor() -> String {
    VENDOR.into()
}
fn model() -> String {
    "gpt-5.6-terra".into()
}
fn max_output_tokens() -> u32 {
    32_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(settings: Value) -> Result<Settings, String> {
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn other_servers_need_prices_and_the_vendor_does_not() {
        let vendor = read(json!({})).unwrap();
        assert!(vendor.is_vendors() && vendor.api == Api::Responses);
        assert!(read(json!({"base_url": "https://api.openai.com/v1/"})).unwrap().is_vendors());
        let other =
            json!({"base_url": "https://models.acme.example/v1", "api": "chat_completions", "model": "qwen"});
        let error = read(other.clone()).unwrap_err();
        assert!(
            error.contains("no entry for the model `qwen`") && error.contains("0 if they are free"),
            "{error}"
        );
        let mut priced = other;
        priced["prices"] = json!({"qwen": {"input": 0, "output": 0}});
        let priced_settings = read(priced.clone()).unwrap();
        assert!(!priced_settings.is_vendors());
        let written = serde_json::to_value(&priced_settings).unwrap();
        assert_eq!(read(written).unwrap(), priced_settings, "what is written can be read");
        priced["prices"]["qwen"]["input"] = json!(-1);
        assert!(read(priced).unwrap_err().contains("prices.qwen"));
        assert!(read(json!({"pricess": {}})).is_err());
    }
}
