//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Prometheus under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of Prometheus, whose metrics are asked for.
    pub base_url: String,
    /// The address of the Pushgateway. Default: `base_url`, if a proxy sends `/metrics` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushgateway_url: Option<String>,
    /// The job that pushed values belong to. Default: `ticketsmith`.
    #[serde(default = "job")]
    pub job: String,
}

fn job() -> String {
    "ticketsmith".into()
}
