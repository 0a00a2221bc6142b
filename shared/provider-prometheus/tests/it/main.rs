//! Prometheus over HTTP, against the simulator.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::ErrorKind;
use domain::plugins::{Metric, Monitoring, Series, Unit};
use jiff::Timestamp;
use provider_prometheus::Prometheus;
use provider_testing::{MonitoringContract, Service, assert_described, options, world_with};
use serde_json::json;
use simulators::Simulation;

const PROMETHEUS: Service = Service { name: "prometheus", descriptions: &[] };

async fn simulation() -> Simulation {
    PROMETHEUS
        .described_simulation_of(world_with("unused: { field: nothing-in-particular }", "prometheus: {}"))
        .await
}

fn prometheus(simulation: &Simulation) -> Prometheus {
    let settings = json!({"base_url": simulation.url("prometheus")});
    Prometheus::new(serde_json::from_value(settings).unwrap(), &options()).unwrap()
}

#[tokio::test]
async fn prometheus_keeps_the_contract() {
    let simulation = simulation().await;
    let contract = MonitoringContract {
        service: PROMETHEUS,
        simulation: &simulation,
        provider: &prometheus(&simulation),
        paths: ["^/metrics/", "^/api/v1/query$"],
        no_events: Some("no events"),
    };
    contract.check().await;
}

fn metric(value: f64, dimension: &str) -> Metric {
    let dimensions = [(dimension.to_owned(), "x".to_owned())].into();
    let series = Series::new("queue_length".to_owned(), dimensions).unwrap();
    Metric { series, value, unit: Unit::None, at: Timestamp::now() }
}

#[tokio::test]
async fn a_value_takes_the_place_of_the_one_before_and_of_no_other() {
    let simulation = simulation().await;
    let prometheus = prometheus(&simulation);
    assert!(prometheus.replaces_repeats());
    for (value, dimension) in [(1.0, "a"), (2.0, "a"), (3.0, "b")] {
        prometheus.emit_metric(&metric(value, dimension)).await.unwrap();
    }
    let state = simulation.state()["prometheus"].clone();
    let groups = state["groups"].as_object().unwrap();
    let mut values: Vec<_> = groups.values().map(|group| group[0]["value"].as_f64().unwrap()).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!(values, [2.0, 3.0]);
    assert_described(&simulation);
}

#[tokio::test]
async fn labels_that_prometheus_gives_itself_are_refused_before_anything_is_sent() {
    let simulation = simulation().await;
    for dimension in ["job", "instance", "series"] {
        let refused = prometheus(&simulation).emit_metric(&metric(1.0, dimension)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Rejected);
        assert!(refused.message.contains(&format!("`{dimension}`")), "{refused}");
    }
    assert_eq!(simulation.log().len(), 0);
}

#[tokio::test]
async fn doctor_asks_whether_prometheus_answers() {
    let simulation = simulation().await;
    prometheus(&simulation).answers().await.unwrap();
    assert_described(&simulation);
}
