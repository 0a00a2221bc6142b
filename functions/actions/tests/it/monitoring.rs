//! Metrics and events, and projects without monitoring.

use crate::world::World;
use domain::ErrorKind;
use serde_json::{Value, json};

/// The built-in world with this monitoring.
async fn world(provider: &str) -> World {
    World::start_with(|world| {
        world.add_section(&format!("{provider}: {{}}")).unwrap();
        world.configuration["projects"][0]["providers"]["monitoring"] = json!(provider);
        let settings = match provider {
            "cloudwatch" => json!({"region": "eu-central-1", "rate_limit": "1000/s"}),
            _ => json!({"rate_limit": "1000/s"}),
        };
        world.configuration["plugins"][provider] = settings;
    })
    .await
}

fn deployed(value: f64) -> Value {
    json!({"metric": "deploys_total", "value": value, "unit": "count", "dimensions": {"team": "checkout"}})
}

#[tokio::test]
async fn a_workflow_records_and_asks_for_metrics_with_either_service() {
    for provider in ["cloudwatch", "prometheus"] {
        let world = world(provider).await;
        let first = world.step("Emit1", "emit_metric", deployed(2.0)).await.unwrap();
        assert_eq!(first, json!({"confirmed": true}), "{provider}");
        world.step("Emit2", "emit_metric", deployed(4.0)).await.unwrap();
        let asked = json!({"metric": "deploys_total", "dimensions": {"team": "checkout"}, "statistic": "maximum", "minutes": 30});
        let found = world.step("Query", "query_metric", asked).await.unwrap();
        assert_eq!(found, json!({"value": 4.0}), "{provider}");
        let none = world.step("Query2", "query_metric", json!({"metric": "nothing"})).await.unwrap();
        assert_eq!(none, json!({"value": null}), "{provider}");
        for (input, expected) in [
            (json!({"metric": "a b"}), "cannot be the name of a metric"),
            (json!({"metric": "a", "minutes": 0}), "accepted: 1 to 10080"),
            (json!({"metric": "a", "statistic": "median"}), "average"),
        ] {
            let state = format!("Wrong{}", input.to_string().len());
            let error = world.step(&state, "query_metric", input).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Rejected);
            assert!(error.message.contains(expected), "{error}");
        }
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn a_value_whose_answer_was_lost_is_counted_once() {
    for (provider, path, confirmed) in [("cloudwatch", "^/$", false), ("prometheus", "^/metrics/", true)] {
        let world = world(provider).await;
        world.fault(json!({"service": provider, "path": path, "truncated": true, "after_effect": true}));
        let lost = world.step("Emit", "emit_metric", deployed(2.0)).await.unwrap_err();
        assert_eq!(lost.kind, ErrorKind::Unavailable, "{lost}");
        let again = world.step("Emit", "emit_metric", deployed(2.0)).await.unwrap();
        assert_eq!(again["confirmed"], confirmed, "{provider}");
        let state = world.simulation.state()[provider].clone();
        match provider {
            "cloudwatch" => assert_eq!(state["metrics"][0]["values"].as_array().unwrap().len(), 1),
            _ => assert_eq!(state["groups"].as_object().unwrap().len(), 1),
        }
    }
}

#[tokio::test]
async fn an_event_is_sent_where_there_are_events() {
    let input = json!({"name": "Pull request opened", "detail": {"ticket": "SHOP-1"}});
    let cloudwatch = world("cloudwatch").await;
    let sent = cloudwatch.step("Emit", "emit_event", input.clone()).await.unwrap();
    let events = cloudwatch.simulation.state()["cloudwatch"]["events"].clone();
    assert_eq!(events[0]["Id"], sent["event_id"]);
    assert_eq!(events[0]["Detail"]["ticket"], "SHOP-1");
    let prometheus = world("prometheus").await;
    let refused = prometheus.step("Emit", "emit_event", input).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("no events"), "{refused}");
    assert_eq!(prometheus.requests("prometheus", "PUT", "").len(), 0);
}

#[tokio::test]
async fn without_monitoring_the_steps_are_skipped() {
    let world = World::start().await;
    let skipped = world.step("Emit", "emit_metric", deployed(1.0)).await.unwrap();
    assert_eq!(skipped, json!({"confirmed": null}));
    let skipped = world.step("Query", "query_metric", json!({"metric": "m"})).await.unwrap();
    assert_eq!(skipped, json!({"value": null}));
}
