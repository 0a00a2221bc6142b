//! `emit_metric`: records a value of a metric.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::plugins::{Metric, Series, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The metric's name: a letter, then letters, digits and `_`.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// The unit. Default: `none`.
    #[serde(default)]
    pub unit: Unit,
    /// The dimensions that identify its series, by name: `{ team: checkout }`.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Whether the service confirmed the value. It is false if a response was lost and the value is not sent again, because the
    /// service would count it twice.
    pub confirmed: bool,
}

/// Records the value once: if the response was lost, it is sent again only if that changes nothing.
///
/// # Errors
/// `Rejected` for a name or a dimension that not every service accepts; the service's errors.
pub struct EmitMetric;

impl Action for EmitMetric {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("emit_metric", PluginType::Monitoring).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let monitoring = context.monitoring().await?;
        let series = Series::new(input.metric, input.dimensions)?;
        let intent = context.effect().intend(false).await?;
        if intent.doubtful && !monitoring.replaces_repeats() && !context.effect().seeks() {
            return Ok(Done::for_good(Output { confirmed: false }));
        }
        let place = format!("the metric {}", series.name());
        let metric = Metric { series, value: input.value, unit: input.unit, at: intent.mark.at };
        context.effect().send_again(Some(place), monitoring.emit_metric(&metric)).await?;
        Ok(Done::for_good(Output { confirmed: true }))
    }
}
