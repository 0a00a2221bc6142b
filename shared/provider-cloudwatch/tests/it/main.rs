//! CloudWatch over HTTP, against the simulator and the official descriptions.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::ErrorKind;
use domain::plugins::{MetricQuery, Monitoring, MonitoringEvent, Series, Statistic};
use jiff::{SignedDuration, Timestamp};
use provider_cloudwatch::CloudWatch;
use provider_testing::{MonitoringContract, Service, assert_described, mark, options, world_with};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

const CLOUDWATCH: Service =
    Service { name: "cloudwatch", descriptions: &["cloudwatch.json", "eventbridge.json"] };

async fn simulation() -> Simulation {
    let world = world_with("unused: { field: nothing-in-particular }", "cloudwatch: { event_buses: [team] }");
    CLOUDWATCH.described_simulation_of(world).await
}

fn with(simulation: &Simulation, more: Value) -> CloudWatch {
    let mut settings = json!({"base_url": simulation.url("cloudwatch"), "region": "eu-central-1"});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    CloudWatch::new("plugins.cloudwatch", serde_json::from_value(settings).unwrap(), &options()).unwrap()
}

#[tokio::test]
async fn cloudwatch_keeps_the_contract() {
    let simulation = simulation().await;
    let contract = MonitoringContract {
        service: CLOUDWATCH,
        simulation: &simulation,
        provider: &with(&simulation, json!({})),
        paths: ["^/$"; 2],
        no_events: None,
    };
    contract.check().await;
}

fn event(name: &str, detail: Value) -> MonitoringEvent {
    MonitoringEvent { name: name.into(), detail: detail.as_object().unwrap().clone(), at: Timestamp::now() }
}

#[tokio::test]
async fn an_event_says_where_it_is_from_and_by_what_a_repeat_is_known() {
    let simulation = simulation().await;
    let cloudwatch = with(&simulation, json!({"event_bus": "team", "source": "acme.ticketsmith"}));
    let deployed = event("Deployed", json!({"version": "1.2"}));
    for _ in 0..2 {
        cloudwatch.emit_event(&deployed, &mark("run/Emit")).await.unwrap();
    }
    let events = simulation.state()["cloudwatch"]["events"].clone();
    assert_eq!(events[0]["EventBusName"], "team");
    assert_eq!(
        (&events[0]["Source"], &events[0]["DetailType"]),
        (&json!("acme.ticketsmith"), &json!("Deployed"))
    );
    let detail = &events[0]["Detail"];
    assert_eq!(
        (&detail["version"], &detail["idempotency_key"]),
        (&json!("1.2"), &json!(mark("run/Emit").digest()))
    );
    assert_eq!(events[1]["Detail"], *detail);
    assert_described(&simulation);
}

#[tokio::test]
async fn what_events_are_refused_for_is_said() {
    let simulation = simulation().await;
    let nowhere = with(&simulation, json!({"event_bus": "nowhere"}));
    let refused = nowhere.emit_event(&event("x", json!({})), &mark("m")).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("Event bus nowhere does not exist"), "{refused}");
    let cloudwatch = with(&simulation, json!({}));
    let large = event("x", json!({"text": "x".repeat(300_000)}));
    let refused = cloudwatch.emit_event(&large, &mark("m")).await.unwrap_err();
    assert!(refused.message.contains("at most 256000"), "{refused}");
    for name in ["", &"x".repeat(129)] {
        let refused = cloudwatch.emit_event(&event(name, json!({})), &mark("m")).await.unwrap_err();
        assert!(refused.message.contains("1 to 128"), "{refused}");
    }
    for (code, kind) in
        [("ThrottlingException", ErrorKind::Throttled), ("InternalFailure", ErrorKind::Unavailable)]
    {
        let body =
            json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "about it"}]});
        CLOUDWATCH.fault(
            &simulation,
            "^/$",
            Fault { status: Some(200), body: Some(body), ..Fault::default() },
        );
        let failed = cloudwatch.emit_event(&event("x", json!({})), &mark("m")).await.unwrap_err();
        assert_eq!(failed.kind, kind, "{failed}");
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn many_minutes_are_read_page_by_page() {
    let simulation = simulation().await;
    let cloudwatch = with(&simulation, json!({}));
    let series = Series::new("minutes".to_owned(), Default::default()).unwrap();
    for minute in 0..130_i64 {
        let metric = domain::plugins::Metric {
            series: series.clone(),
            value: 2.0,
            unit: Default::default(),
            at: Timestamp::now() - SignedDuration::from_mins(minute),
        };
        cloudwatch.emit_metric(&metric).await.unwrap();
    }
    let query =
        |statistic| MetricQuery { series: series.clone(), statistic, within: Duration::from_secs(86_400) };
    assert_eq!(cloudwatch.query_metric(&query(Statistic::Sum)).await.unwrap(), Some(260.0));
    assert_eq!(cloudwatch.query_metric(&query(Statistic::Average)).await.unwrap(), Some(2.0));
    assert_described(&simulation);
}

#[tokio::test]
async fn too_many_requests_are_known_whatever_their_status() {
    let simulation = simulation().await;
    let cloudwatch = with(&simulation, json!({}));
    let body = json!({"__type": "com.amazonaws.cloudwatch#ThrottlingException", "message": "Rate exceeded"});
    let fault = Fault { status: Some(400), body: Some(body), times: 4, ..Fault::default() };
    CLOUDWATCH.fault(&simulation, "^/$", fault);
    let failed = cloudwatch.permission_problems().await.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Throttled, "{failed}");
}

#[tokio::test]
async fn doctor_learns_what_is_missing() {
    let simulation = simulation().await;
    let cloudwatch = with(&simulation, json!({}));
    assert_eq!(cloudwatch.permission_problems().await.unwrap(), []);
    let body = json!({"__type": "x#AccessDenied", "message": "User: x is not authorized to perform: cloudwatch:GetMetricData"});
    CLOUDWATCH.fault(&simulation, "^/$", Fault { status: Some(403), body: Some(body), ..Fault::default() });
    let missing = cloudwatch.permission_problems().await.unwrap();
    assert!(missing[0].to_string().contains("cloudwatch:GetMetricData"), "{missing:?}");
    assert_described(&simulation);
}
