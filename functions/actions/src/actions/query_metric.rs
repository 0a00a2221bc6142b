//! `query_metric`: returns a recent value of a metric.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::plugins::{MetricQuery, Series, Statistic};
use domain::{ActionError, PluginType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How far back a query looks: a week, for which services keep each minute.
const MOST_MINUTES: u32 = 7 * 24 * 60;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The metric's name.
    pub metric: String,
    /// The dimensions that identify its series, by name.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// How its values are put together. Default: `average`.
    #[serde(default)]
    pub statistic: Statistic,
    /// How many minutes it looks back, at most 10080. Default: 60.
    #[serde(default = "an_hour")]
    pub minutes: u32,
}

fn an_hour() -> u32 {
    60
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The values put together; nothing if there are none.
    pub value: Option<f64>,
}

/// Asks for the values up to now.
///
/// # Errors
/// `Rejected` for an invalid name or time; the service's errors.
pub struct QueryMetric;

impl Action for QueryMetric {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("query_metric", PluginType::Monitoring);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let monitoring = context.monitoring().await?;
        if !(1..=MOST_MINUTES).contains(&input.minutes) {
            return Err(ActionError::rejected(format!(
                "`minutes` is {}; accepted: 1 to {MOST_MINUTES}",
                input.minutes
            ))
            .into());
        }
        let series = Series::new(input.metric, input.dimensions)?;
        let within = Duration::from_secs(u64::from(input.minutes) * 60);
        let query = MetricQuery { series, statistic: input.statistic, within };
        Ok(Done::for_good(Output { value: monitoring.query_metric(&query).await? }))
    }
}
