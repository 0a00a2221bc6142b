//! The settings of its section under `plugins`.

use domain::plugins::TokenPrices;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of Bedrock under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct Settings {
    /// The region whose endpoint is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The endpoint's address, if it is not the region's public one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model, or the inference profile.
    pub model: String,
    /// The most tokens one reply may have.
    pub max_output_tokens: u32,
    /// The most tokens that a prompt and its reply may have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// What tokens cost, by model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, TokenPrices>,
}

/// Settings of Bedrock under `plugins`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The region of the endpoint: `eu-central-1`. Default: that of the deployment, or `AWS_REGION` of `serve`.
    #[serde(default)]
    region: Option<String>,
    /// The endpoint's address, such as that of a VPC endpoint. Default: the region's public endpoint.
    #[serde(default)]
    base_url: Option<String>,
    /// The ID of a model, or the ID or ARN of an inference profile. Default: `global.anthropic.claude-sonnet-5-5`, whose requests AWS may
    /// serve in any of its commercial regions; `eu.anthropic.claude-sonnet-5-5` stays in the EU.
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
    /// The token prices of each model, in dollars per million, for models that the price list does not know: application inference profiles,
    /// imported models.
    #[serde(default)]
    prices: BTreeMap<String, TokenPrices>,
}

impl TryFrom<Written> for Settings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { region, base_url, model, max_output_tokens, context_window, prices } = written;
        TokenPrices::check(&prices)?;
        if model.is_empty() {
            return Err(
                "model is empty; accepted: the ID of a model, or the ID or ARN of an inference profile"
                    .into(),
            );
        }
        Ok(Self { region, base_url, model, max_output_tokens, context_window, prices })
    }
}

fn model() -> String {
    "global.anthropic.claude-sonnet-5-5".into()
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
    fn nothing_has_to_be_set_and_what_is_written_can_be_read() {
        let settings = read(json!({})).unwrap();
        assert_eq!((settings.region.as_deref(), settings.max_output_tokens), (None, 32_000));
        assert_eq!(read(serde_json::to_value(&settings).unwrap()).unwrap(), settings);
        assert!(read(json!({"model": ""})).unwrap_err().contains("inference profile"));
        let error = read(json!({"prices": {"m": {"input": -1, "output": 0}}})).unwrap_err();
        assert!(error.contains("prices.m"), "{error}");
        assert!(read(json!({"modell": "m"})).is_err());
    }
}
