//! The `prometheus` section of a world file.

use serde::Deserialize;

/// A Prometheus that scrapes its Pushgateway as soon as a value is pushed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {}
