//! The embedded metric format checked against its specification, and dashboards against the existing metrics.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::MicroUsd;
use domain::plugins::Usage;
use observability::emf::Exporter;
use observability::metrics::{self, ThrottledBy};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

fn written(exporter: &Exporter) -> Vec<Value> {
    let mut bytes = Vec::new();
    exporter.write(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The specification of a document, as a schema:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn specification() -> Value {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    json!({
        "type": "object",
        "required": ["_aws"],
        "properties": { "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "additionalProperties": false,
            "properties": {
                "Timestamp": { "type": "integer" },
                "CloudWatchMetrics": { "type": "array", "items": {
                    "type": "object",
                    "required": ["Namespace", "Dimensions", "Metrics"],
                    "additionalProperties": false,
                    "properties": {
                        "Namespace": name,
                        "Dimensions": { "type": "array", "minItems": 1, "items": {
                            "type": "array", "maxItems": 9, "items": name,
                        } },
                        "Metrics": { "type": "array", "maxItems": 100, "items": {
                            "type": "object",
                            "required": ["Name"],
                            "additionalProperties": false,
                            "properties": { "Name": name, "Unit": { "enum": ["Seconds", "Count"] } },
                        } },
                    },
                } },
            },
        } },
    })
}

/// The references of a document lead to members of its root of the right types.
fn check_references(document: &Value) {
    for directive in document["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        for dimension in
            directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
        {
            assert!(document[dimension.as_str().unwrap()].is_string(), "{dimension} in {document}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let value = &document[metric["Name"].as_str().unwrap()];
            let numbers = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            assert!(numbers.iter().all(Value::is_number) && numbers.len() <= 100, "{metric} in {document}");
        }
    }
}

/// One test, for a process has one exporter.
#[test]
fn an_invocation_writes_its_figures_once_as_the_specification_says() {
    let exporter = Exporter::install("ticketsmith-dev").unwrap();
    assert!(written(&exporter).is_empty(), "nothing was recorded yet");

    metrics::delivery("jira", "started", Duration::from_millis(40));
    metrics::action("create_branch", "succeeded", Duration::from_millis(1500));
    metrics::throttled("jira", ThrottledBy::Limit);
    let usage = Usage { input_tokens: 1200, output_tokens: 34, ..Usage::default() };
    metrics::model_call("claude-sonnet-5-5", &usage, Some(MicroUsd(2_740)));
    metrics::model_call("claude-sonnet-5-5", &usage, None);

    let documents = written(&exporter);
    let validator = jsonschema::validator_for(&specification()).unwrap();
    for document in &documents {
        let errors: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{document:#}: {errors:?}");
        check_references(document);
        assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Namespace"], "ticketsmith-dev");
    }
    let find = |metric: &str, label: &str, value: &str| {
        let found = documents.iter().find(|document| !document[metric].is_null() && document[label] == value);
        found.map(|document| document[metric].clone())
    };
    assert_eq!(find("ticketsmith_deliveries_total", "outcome", "started"), Some(json!(1)));
    assert_eq!(find("ticketsmith_delivery_duration_seconds", "source", "jira"), Some(json!([0.04])));
    assert_eq!(find("ticketsmith_actions_total", "action", "create_branch"), Some(json!(1)));
    assert_eq!(find("ticketsmith_provider_throttles_total", "by", "limit"), Some(json!(1)));
    assert_eq!(find("ticketsmith_model_tokens_total", "kind", "input"), Some(json!(2400)));
    assert_eq!(
        find("ticketsmith_model_tokens_total", "kind", "cache_read"),
        None,
        "what is zero is not sent"
    );
    let cost = find("ticketsmith_model_call_cost_dollars", "model", "claude-sonnet-5-5");
    assert_eq!(cost, Some(json!([0.00274])), "a price that is not known is not taken for zero");

    assert!(written(&exporter).is_empty(), "a figure is sent once");
}

/// The names of metrics in a Prometheus query, without a histogram's suffixes.
fn names_in(query: &str) -> Vec<String> {
    let words = query.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let names = words.filter(|word| word.starts_with("ticketsmith_"));
    let is_declared = |name: &str| metrics::ALL.iter().any(|metric| metric.name == name);
    let series = |name: &str| {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending));
        of_histogram.filter(|name| is_declared(name)).unwrap_or(name).to_owned()
    };
    names.map(series).collect()
}

#[test]
fn the_dashboard_shows_every_figure_and_none_that_does_not_exist() {
    let dashboard: Value =
        serde_json::from_str(include_str!("../../../../infra/grafana/ticketsmith.json")).unwrap();
    let queries = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| {
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{} shows nothing", panel["title"]);
        panel["targets"].as_array().unwrap().iter().map(|target| target["expr"].as_str().unwrap())
    });
    let shown: BTreeSet<String> = queries
        .flat_map(|query| {
            let names = names_in(query);
            assert!(!names.is_empty(), "{query} asks for no figure of ours");
            names
        })
        .collect();
    let declared: BTreeSet<String> = metrics::ALL.iter().map(|metric| metric.name.to_owned()).collect();
    assert_eq!(shown, declared);
}

#[test]
fn the_cloudwatch_dashboard_asks_for_figures_by_their_labels() {
    let stack = include_str!("../../../../infra/cdk/lib/observability.ts");
    let mut asked = BTreeSet::new();
    for line in stack.lines().filter(|line| line.contains("recorded(\"")) {
        let (_, rest) = line.split_once("recorded(\"").unwrap();
        let (name, rest) = rest.split_once("\", [").unwrap();
        let labels: Vec<_> =
            rest.split_once(']').unwrap().0.split(", ").map(|label| label.trim_matches('"')).collect();
        let metric = metrics::ALL.iter().find(|metric| metric.name == format!("ticketsmith_{name}"));
        assert_eq!(metric.unwrap_or_else(|| panic!("{name} is declared nowhere")).labels, labels, "{name}");
        asked.insert(format!("ticketsmith_{name}"));
    }
    // These are counted on one machine only.
    let of_serve = [&metrics::ACTIONS_RUNNING, &metrics::TABLE_CALLS, &metrics::DISK_SYNCS];
    let sent = metrics::ALL.iter().filter(|metric| !of_serve.contains(metric));
    assert_eq!(asked, sent.map(|metric| metric.name.to_owned()).collect());
}
