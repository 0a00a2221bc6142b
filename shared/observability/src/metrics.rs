//! Every metric, declared once: its name, unit, labels and description, and the one function that records it.
//!
//! Labels are our own words, providers and the models that the configuration names, never a ticket, a person or an execution: each
//! combination of labels is a time series that is stored and, in CloudWatch, billed.

use domain::MicroUsd;
use domain::plugins::Usage;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use std::time::Duration;

/// The declaration of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The name, in Prometheus and in CloudWatch. Prometheus adds `_bucket`, `_sum` and `_count` to a histogram's.
    pub name: &'static str,
    /// The unit; absent for dollars, for which none is defined.
    pub unit: Option<Unit>,
    /// How it is recorded.
    pub kind: Kind,
    /// The names of its labels, which are CloudWatch's dimensions.
    pub labels: &'static [&'static str],
    /// Its description, in a sentence.
    pub description: &'static str,
}

/// How a metric is recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Keeps the distribution and the sum of many values. Holds the upper bounds of Prometheus' buckets.
    Histogram(&'static [f64]),
}

/// Deliveries by outcome.
pub const DELIVERIES: Metric = Metric {
    name: "ticketsmith_deliveries_total",
    unit: Some(Unit::Count),
    kind: Kind::Counter,
    labels: &["source", "outcome"],
    description: "Webhook deliveries by source and outcome.",
};

/// The time until a delivery is answered.
pub const DELIVERY_DURATION: Metric = Metric {
    name: "ticketsmith_delivery_duration_seconds",
    unit: Some(Unit::Seconds),
    kind: Kind::Histogram(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0]),
    labels: &["source"],
    description: "Time from receiving a delivery's headers to its answer.",
};

/// Attempts of actions by outcome.
pub const ACTIONS: Metric = Metric {
    name: "ticketsmith_actions_total",
    unit: Some(Unit::Count),
    kind: Kind::Counter,
    labels: &["action", "outcome"],
    description: "Attempts of actions by outcome: succeeded, skipped, parked, or the kind of error.",
};

/// The duration of an attempt of an action.
pub const ACTION_DURATION: Metric = Metric {
    name: "ticketsmith_action_duration_seconds",
    unit: Some(Unit::Seconds),
    kind: Kind::Histogram(&[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0]),
    labels: &["action"],
    description: "Duration of one attempt of an action, without the waits between attempts.",
};

/// Actions running now; only on one machine, because Lambda counts its own.
pub const ACTIONS_RUNNING: Metric = Metric {
    name: "ticketsmith_actions_running",
    unit: Some(Unit::Count),
    kind: Kind::Gauge,
    labels: &["action"],
    description: "Actions running in this process.",
};

/// Requests that had to wait.
pub const THROTTLES: Metric = Metric {
    name: "ticketsmith_provider_throttles_total",
    unit: Some(Unit::Count),
    kind: Kind::Counter,
    labels: &["provider", "by"],
    description: "Requests to providers that were delayed: by the provider, by our own rate limit, or because the provider kept failing.",
};

/// Tokens as models report them.
pub const TOKENS: Metric = Metric {
    name: "ticketsmith_model_tokens_total",
    unit: Some(Unit::Count),
    kind: Kind::Counter,
    labels: &["model", "kind"],
    description: "Tokens reported by models: input, output, cache_read, cache_write.",
};

/// The cost of model calls. The sum is the amount spent; reservations do not count.
pub const CALL_COST: Metric = Metric {
    name: "ticketsmith_model_call_cost_dollars",
    unit: None,
    kind: Kind::Histogram(&[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0]),
    labels: &["model"],
    description: "Cost of each settled model call in US dollars, at list prices.",
};

/// Requests to the embedded table of `serve`.
pub const TABLE_CALLS: Metric = Metric {
    name: "ticketsmith_table_calls_total",
    unit: Some(Unit::Count),
    kind: Kind::Counter,
    labels: &["operation"],
    description: "Requests to the embedded table, by DynamoDB's name of the operation.",
};

/// Waits of `serve` for its disk.
pub const DISK_SYNCS: Metric = Metric {
    name: "ticketsmith_disk_syncs_total",
    unit: Some(Unit::Count),
    kind: Kind::Counter,
    labels: &["file"],
    description: "Waits for the disk: of the table, which many writes share, and of the log of executions.",
};

/// Every metric.
pub const ALL: [&Metric; 10] = [
    &DELIVERIES,
    &DELIVERY_DURATION,
    &ACTIONS,
    &ACTION_DURATION,
    &ACTIONS_RUNNING,
    &THROTTLES,
    &TOKENS,
    &CALL_COST,
    &TABLE_CALLS,
    &DISK_SYNCS,
];

/// What delayed a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottledBy {
    /// The provider answered that there were too many requests.
    Provider,
    /// Our own rate limit.
    Limit,
    /// The circuit breaker, because the provider kept failing.
    Circuit,
}

/// Gives the units and descriptions of all metrics to the installed exporter.
pub fn describe() {
    for metric in ALL {
        let Metric { name, unit, description, .. } = metric;
        match (metric.kind, *unit) {
            (Kind::Counter, Some(unit)) => describe_counter!(*name, unit, *description),
            (Kind::Counter, None) => describe_counter!(*name, *description),
            (Kind::Gauge, Some(unit)) => describe_gauge!(*name, unit, *description),
            (Kind::Gauge, None) => describe_gauge!(*name, *description),
            (Kind::Histogram(_), Some(unit)) => describe_histogram!(*name, unit, *description),
            (Kind::Histogram(_), None) => describe_histogram!(*name, *description),
        }
    }
}

/// Records a delivery: `source` as in its path, its `outcome`, and how long the answer took.
pub fn delivery(source: &'static str, outcome: &'static str, took: Duration) {
    counter!(DELIVERIES.name, "source" => source, "outcome" => outcome).increment(1);
    histogram!(DELIVERY_DURATION.name, "source" => source).record(took);
}

/// Records an attempt of an action: its name, its `outcome` as in [`ACTIONS`], and its duration.
pub fn action(action: &'static str, outcome: &'static str, took: Duration) {
    counter!(ACTIONS.name, "action" => action, "outcome" => outcome).increment(1);
    histogram!(ACTION_DURATION.name, "action" => action).record(took);
}

/// Counts the action as running until the returned value is dropped.
#[must_use = "the action counts as running until this is dropped"]
pub fn action_running(action: &'static str) -> impl Drop {
    struct Running(metrics::Gauge);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.decrement(1.0);
        }
    }
    let running = gauge!(ACTIONS_RUNNING.name, "action" => action);
    running.increment(1.0);
    Running(running)
}

/// Records that a request to `provider`, by its name in the configuration, was delayed.
pub fn throttled(provider: &str, by: ThrottledBy) {
    let by = match by {
        ThrottledBy::Provider => "provider",
        ThrottledBy::Limit => "limit",
        ThrottledBy::Circuit => "circuit",
    };
    counter!(THROTTLES.name, "provider" => provider.to_owned(), "by" => by).increment(1);
}

/// Records a request to the embedded table, by DynamoDB's name of the operation.
pub fn table_call(operation: &str) {
    counter!(TABLE_CALLS.name, "operation" => operation.to_owned()).increment(1);
}

/// Records how often the disk was waited for in total, for a file: `table` or `executions`.
pub fn disk_syncs(file: &'static str, all: u64) {
    counter!(DISK_SYNCS.name, "file" => file).absolute(all);
}

/// Records a settled call of `model`, by its name in the configuration: the reported tokens, and the price if it is known.
pub fn model_call(model: &str, usage: &Usage, price: Option<MicroUsd>) {
    let kinds = [
        ("input", usage.input_tokens),
        ("output", usage.output_tokens),
        ("cache_read", usage.cache_read_tokens),
        ("cache_write", usage.cache_write_5m_tokens + usage.cache_write_1h_tokens),
    ];
    for (kind, tokens) in kinds {
        counter!(TOKENS.name, "model" => model.to_owned(), "kind" => kind).increment(tokens);
    }
    if let Some(price) = price {
        histogram!(CALL_COST.name, "model" => model.to_owned()).record(price.0 as f64 / 1e6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_prometheus_conventions() {
        for metric in ALL {
            assert!(metric.name.starts_with("ticketsmith_"), "{}", metric.name);
            let is_total = metric.name.ends_with("_total");
            assert_eq!(
                is_total,
                metric.kind == Kind::Counter,
                "only counters end in _total: {}",
                metric.name
            );
            assert_eq!(
                metric.unit == Some(Unit::Seconds),
                metric.name.ends_with("_seconds"),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn labels_never_name_a_ticket_a_person_or_an_execution() {
        let bounded = ["source", "outcome", "action", "provider", "by", "model", "kind", "operation", "file"];
        for metric in ALL {
            assert!(metric.labels.iter().all(|label| bounded.contains(label)), "{metric:?}");
        }
    }
}
