//! The time series of a process: each metric with every combination of its labels, at zero from the start. A series that appears only with
//! its first event makes Prometheus' `increase` miss that event, and an alert on it cannot distinguish "none" from "not measured".

use crate::metrics::{ACTIONS, ALL, DELIVERIES, Kind, Metric};
use domain::ErrorKind;
use metrics::{Label, counter, gauge, histogram};

/// The outcomes of deliveries, as [`delivery`](crate::metrics::delivery) takes them.
pub const DELIVERY_OUTCOMES: [&str; 14] = [
    "already_at_work",
    "answered",
    "duplicate",
    "ignored",
    "in_line",
    "malformed",
    "pending",
    "pong",
    "recorded",
    "refused",
    "started",
    "unavailable",
    "unreadable",
    "unverified",
];

/// The outcomes of actions that did not fail; the other values are the kinds of errors.
pub const ACTION_OUTCOMES: [&str; 3] = ["parked", "skipped", "succeeded"];

/// The kinds of tokens.
pub const TOKEN_KINDS: [&str; 4] = ["cache_read", "cache_write", "input", "output"];

/// The causes of delays, as `by` names them.
pub const THROTTLED_BY: [&str; 3] = ["circuit", "limit", "provider"];

/// The operations of the embedded table.
pub const TABLE_OPERATIONS: [&str; 8] = [
    "BatchGetItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

/// The files for whose sake the disk is waited for.
pub const SYNCED_FILES: [&str; 2] = ["executions", "table"];

/// What labels can say in a process.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The senders of deliveries.
    pub sources: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// The providers, by their names in the configuration.
    pub providers: Vec<String>,
    /// The models that the configuration names.
    pub models: Vec<String>,
}

impl Series {
    /// Gives every series to the installed exporter, at zero.
    pub fn begin(&self) {
        for metric in ALL {
            for labels in self.combinations(metric) {
                match metric.kind {
                    Kind::Counter => counter!(metric.name, labels).increment(0),
                    Kind::Gauge => gauge!(metric.name, labels).increment(0.0),
                    // It is shown with no values once it is known.
                    Kind::Histogram(_) => drop(histogram!(metric.name, labels)),
                }
            }
        }
    }

    /// Every combination of a metric's labels.
    fn combinations(&self, metric: &Metric) -> Vec<Vec<Label>> {
        let mut all = vec![Vec::new()];
        for label in metric.labels {
            let values = self.values(metric, label);
            let with = |labels: &Vec<Label>, value: &String| {
                let mut labels = labels.clone();
                labels.push(Label::new(*label, value.clone()));
                labels
            };
            all = all.iter().flat_map(|labels| values.iter().map(|value| with(labels, value))).collect();
        }
        all
    }

    fn values(&self, metric: &Metric, label: &str) -> Vec<String> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        match label {
            "source" => self.sources.clone(),
            "action" => self.actions.clone(),
            "provider" => self.providers.clone(),
            "model" => self.models.clone(),
            "by" => texts(&THROTTLED_BY),
            "kind" => texts(&TOKEN_KINDS),
            "operation" => texts(&TABLE_OPERATIONS),
            "file" => texts(&SYNCED_FILES),
            "outcome" if metric.name == DELIVERIES.name => texts(&DELIVERY_OUTCOMES),
            "outcome" if metric.name == ACTIONS.name => {
                let errors = ErrorKind::ALL.map(ErrorKind::as_str);
                texts(&ACTION_OUTCOMES).into_iter().chain(texts(&errors)).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_every_metric_has_values() {
        let one = |text: &str| vec![text.to_owned()];
        let series = Series { sources: one("s"), actions: one("a"), providers: one("p"), models: one("m") };
        for metric in ALL {
            for label in metric.labels {
                assert!(!series.values(metric, label).is_empty(), "{} {label}", metric.name);
            }
            let expected: usize =
                metric.labels.iter().map(|label| series.values(metric, label).len()).product();
            assert_eq!(series.combinations(metric).len(), expected, "{}", metric.name);
        }
    }
}
