//! Monitoring.

use super::Mark;
use crate::error::ActionError;
use async_trait::async_trait;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where a team sees how its systems are.
#[async_trait]
pub trait Monitoring: Send + Sync {
    /// Records one value of a metric.
    async fn emit_metric(&self, metric: &Metric) -> Result<(), ActionError>;

    /// Whether recording a value again replaces the first one, instead of counting twice.
    fn replaces_repeats(&self) -> bool;

    /// Sends an event; it carries the mark, by which its receiver recognizes a repeat. Returns the service's ID of it.
    async fn emit_event(&self, event: &MonitoringEvent, mark: &Mark) -> Result<String, ActionError>;

    /// The values of a metric in a time up to now, put together; `None` if there are none.
    async fn query_metric(&self, query: &MetricQuery) -> Result<Option<f64>, ActionError>;
}

/// The longest name of a metric or dimension, in characters.
const LONGEST_NAME: usize = 255;
/// The longest value of a dimension, in characters.
const LONGEST_VALUE: usize = 1024;
/// How many dimensions a metric may have.
const MOST_DIMENSIONS: usize = 30;

/// A value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Which series it belongs to.
    pub series: Series,
    /// The value, a finite number.
    pub value: f64,
    /// The unit.
    pub unit: Unit,
    /// When it was measured.
    pub at: Timestamp,
}

/// A metric with its dimensions, as every service can name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    name: String,
    dimensions: BTreeMap<String, String>,
}

impl Series {
    /// A metric of this name and with these dimensions.
    ///
    /// # Errors
    /// `Rejected` for a value that not every service accepts, with the accepted ones.
    pub fn new(name: String, dimensions: BTreeMap<String, String>) -> Result<Self, ActionError> {
        let is_legal = |name: &str| {
            (1..=LONGEST_NAME).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let accepted = "accepted: a letter, then letters, digits and `_`, at most 255 characters";
        if !is_legal(&name) {
            return Err(ActionError::rejected(format!(
                "`{name}` cannot be the name of a metric; {accepted}"
            )));
        }
        if let Some(wrong) = dimensions.keys().find(|name| !is_legal(name)) {
            return Err(ActionError::rejected(format!(
                "`{wrong}` cannot be the name of a dimension; {accepted}"
            )));
        }
        let fits = |value: &str| {
            (1..=LONGEST_VALUE).contains(&value.len())
                && value.chars().all(|c| c == ' ' || c.is_ascii_graphic())
        };
        if let Some((name, _)) = dimensions.iter().find(|(_, value)| !fits(value)) {
            return Err(ActionError::rejected(format!(
                "the dimension `{name}` has a value that not every service accepts; accepted: 1 to {LONGEST_VALUE} ASCII characters without line breaks"
            )));
        }
        if dimensions.len() > MOST_DIMENSIONS {
            let count = dimensions.len();
            return Err(ActionError::rejected(format!(
                "the metric has {count} dimensions; accepted: at most {MOST_DIMENSIONS}"
            )));
        }
        Ok(Self { name, dimensions })
    }

    /// The metric's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its dimensions, by name.
    pub fn dimensions(&self) -> &BTreeMap<String, String> {
        &self.dimensions
    }
}

/// The unit of a metric's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Anything else.
    #[default]
    None,
    /// Things.
    Count,
    /// Time in seconds.
    Seconds,
    /// Time in milliseconds.
    Milliseconds,
    /// Sizes in bytes.
    Bytes,
    /// Parts of a hundred.
    Percent,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitoringEvent {
    /// The kind of event, in words.
    pub name: String,
    /// What there is to know about it: an object.
    pub detail: serde_json::Map<String, serde_json::Value>,
    /// When it happened.
    pub at: Timestamp,
}

/// A question about a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricQuery {
    /// Which series.
    pub series: Series,
    /// How its values are put together.
    pub statistic: Statistic,
    /// How far back it looks: whole minutes.
    pub within: Duration,
}

/// How values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Their mean.
    #[default]
    Average,
    /// Their sum.
    Sum,
    /// The least of them.
    Minimum,
    /// The greatest of them.
    Maximum,
    /// How many there are.
    Count,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, dimensions: &[(&str, &str)]) -> Result<Series, String> {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series::new(name.to_owned(), dimensions.collect()).map_err(|error| error.message)
    }

    #[test]
    fn what_not_every_service_accepts_is_refused_with_what_is() {
        assert_eq!(series("deploys_total", &[("team", "a b/c")]).unwrap().name(), "deploys_total");
        for (name, dimensions, expected) in [
            ("", vec![], "cannot be the name of a metric"),
            ("1st", vec![], "a letter, then letters"),
            ("a-b", vec![], "`a-b`"),
            ("m", vec![("a b", "x")], "`a b` cannot be the name of a dimension"),
            ("m", vec![("__name__", "x")], "`__name__` cannot"),
            ("m", vec![("team", "")], "the dimension `team` has a value"),
            ("m", vec![("team", "ü")], "ASCII"),
            ("m", vec![("team", "a\nb")], "line breaks"),
        ] {
            let error = series(name, &dimensions).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        let many: Vec<_> = (0..31).map(|number| format!("d{number}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
        assert!(series("m", &many).unwrap_err().contains("at most 30"));
    }
}
