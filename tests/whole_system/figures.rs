//! Metrics and log lines of a real run match its events.

use crate::evidence::{message, micro_usd, steps};
use crate::support::{World, WorldFile};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The answer of the operator's listener.
async fn private(world: &World, path: &str) -> reqwest::Response {
    let running = std::fs::read_to_string(world.folder().join(".ticketsmith/running.json")).unwrap();
    let running: Value = serde_json::from_str(&running).unwrap();
    let url = format!("{}{path}", running["metrics_url"].as_str().unwrap());
    reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap()
}

/// The samples of Prometheus' text format, by name with labels.
pub(crate) async fn figures(world: &World) -> BTreeMap<String, f64> {
    let response = private(world, "/metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn sum(figures: &BTreeMap<String, f64>, start: &str) -> f64 {
    figures.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum()
}

/// The log of `serve`, line by line.
fn log_lines(world: &World) -> Vec<Map<String, Value>> {
    let text = std::fs::read_to_string(world.folder().join(".ticketsmith/logs.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[tokio::test]
async fn a_run_shows_in_figures_and_in_lines_that_carry_its_name() {
    let world = WorldFile::quick_shop().start().await;
    let label = world.capture("jira-label").await;
    assert_eq!(world.send(&label).await.status(), 200);
    let name = world.executions().await[0]["execution"].as_str().unwrap().to_owned();
    let execution = world.ended(&name).await;
    world.told(&name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");

    // The same again, and one without a signature.
    assert_eq!(world.send(&label).await.status(), 200);
    let mut forged = label.clone();
    forged.headers.insert("x-hub-signature", "sha256=00".parse().unwrap());
    assert_eq!(world.send(&forged).await.status(), 401);

    let figures = figures(&world).await;
    let figure = |name: &str| figures.get(name).copied().unwrap_or_else(|| panic!("{name} in {figures:#?}"));
    for outcome in ["started", "duplicate", "unverified"] {
        let delivered = format!(r#"ticketsmith_deliveries_total{{source="jira",outcome="{outcome}"}}"#);
        assert_eq!(figure(&delivered), 1.0);
    }
    assert_eq!(sum(&figures, "ticketsmith_deliveries_total"), 3.0, "{figures:#?}");
    assert_eq!(figure(r#"ticketsmith_delivery_duration_seconds_count{source="jira"}"#), 3.0);

    // And the admissions of the execution and of the one for its checks, which are not steps of the files.
    let done = steps(&execution).into_iter().filter(|(_, status)| *status == "succeeded").count() + 2;
    assert_eq!(sum(&figures, "ticketsmith_actions_total{"), done as f64, "{figures:#?}");
    let created = r#"ticketsmith_actions_total{action="create_pull_request",outcome="succeeded"}"#;
    assert_eq!(figure(created), 1.0);
    assert_eq!(figure(r#"ticketsmith_action_duration_seconds_count{action="create_pull_request"}"#), 1.0);
    assert_eq!(sum(&figures, "ticketsmith_actions_running"), 0.0, "nothing is at work any more");

    let answers = world.asked_of_model().await;
    for (kind, field) in [("input", "input_tokens"), ("output", "output_tokens")] {
        let reported: u64 =
            answers.iter().map(|entry| message(entry)["usage"][field].as_u64().unwrap()).sum();
        let shown = format!(r#"ticketsmith_model_tokens_total{{model="claude-sonnet-5-5",kind="{kind}"}}"#);
        assert_eq!(figure(&shown), reported as f64);
    }
    let dollars = figure(r#"ticketsmith_model_call_cost_dollars_sum{model="claude-sonnet-5-5"}"#);
    assert_eq!(micro_usd(&json!(dollars)), micro_usd(&execution["cost_usd"]), "{execution:#}");
    assert!(figures.keys().all(|name| !name.contains("SHOP-1") && !name.contains("\"ada\"")));

    // The log: from the delivery's start to the last action, each line by the execution's name.
    let lines = log_lines(&world);
    let of_execution: Vec<_> =
        lines.iter().filter(|line| line.get("execution") == Some(&json!(name))).collect();
    let started = of_execution.iter().find(|line| line["message"] == "started").unwrap();
    assert!(started["delivery"].is_string() && started["source"] == "jira", "{started:?}");
    let ended: Vec<_> = of_execution.iter().filter(|line| line["message"] == "the action ended").collect();
    assert_eq!(ended.len(), done);
    for line in &ended {
        assert!(line["action"].is_string() && line["state"].is_string() && line["duration_ms"].is_u64());
        // The wait for checks parks.
        assert!(line["outcome"] == "succeeded" || line["outcome"] == "parked", "{line:?}");
    }
    assert!(of_execution.iter().any(|line| line["message"] == "the execution ended"));
    for line in &lines {
        let target = line["target"].as_str().unwrap();
        assert!(!target.starts_with("actions") || line.contains_key("execution"), "{line:?}");
        assert!(line["level"].is_string() && line["message"].is_string(), "{line:?}");
        line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    let (code, printed, errors) = world.command(&["logs", &name, "--json"]).await;
    assert_eq!((code, printed.lines().count()), (0, of_execution.len()), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn no_planted_secret_is_in_the_log() {
    let world = WorldFile::quick_shop().start().await;
    let secrets: Value =
        serde_saphyr::from_str(&std::fs::read_to_string(crate::support::worlds().join("shop.yaml")).unwrap())
            .unwrap();
    let planted: Vec<&str> = secrets["secrets"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|secret| secret.as_object().unwrap().iter())
        .filter(|(field, _)| *field != "email")
        .map(|(_, value)| value.as_str().unwrap())
        .collect();
    assert_eq!(planted.len(), 8);
    // Careless logs quote their inputs when something fails; these services quote our secrets back.
    let said = |secret: &str| json!({ "message": format!("bad credentials: {secret}") });
    world
        .add_faults(&json!([
            { "service": "github", "path": "/", "status": 500, "body": said("simulated-github-token") },
            { "service": "claude", "path": "/", "status": 401, "body": said("simulated-claude-key") },
        ]))
        .await;
    let name = world.start_by("jira-label").await;
    assert_eq!(world.ended(&name).await["outcome"], "failed");
    assert_eq!(world.waiting_faults().await, json!([]));
    let log = std::fs::read_to_string(world.folder().join(".ticketsmith/logs.jsonl")).unwrap();
    assert!(log.contains(&name));
    for secret in planted {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn every_series_is_there_from_the_start_and_health_is_said_in_private() {
    let world = WorldFile::quick_shop().start().await;
    let figures = figures(&world).await;
    for name in [
        r#"ticketsmith_deliveries_total{source="jira",outcome="started"}"#,
        r#"ticketsmith_deliveries_total{source="slack",outcome="unverified"}"#,
        r#"ticketsmith_delivery_duration_seconds_count{source="github"}"#,
        r#"ticketsmith_actions_total{action="create_pull_request",outcome="succeeded"}"#,
        r#"ticketsmith_actions_total{action="get_task",outcome="Throttled"}"#,
        r#"ticketsmith_action_duration_seconds_count{action="commit_changes"}"#,
        r#"ticketsmith_actions_running{action="get_task"}"#,
        r#"ticketsmith_provider_throttles_total{provider="github",by="circuit"}"#,
        r#"ticketsmith_model_tokens_total{model="claude-sonnet-5-5",kind="cache_read"}"#,
        r#"ticketsmith_model_call_cost_dollars_count{model="claude-sonnet-5-5"}"#,
    ] {
        assert_eq!(figures.get(name), Some(&0.0), "{name} in {figures:#?}");
    }
    // `serve` itself has read and written by then.
    let own = ["ticketsmith_table_calls_total", "ticketsmith_disk_syncs_total"];
    let counted = figures.iter().filter(|(name, _)| !own.iter().any(|own| name.starts_with(own)));
    assert!(counted.clone().all(|(_, value)| *value == 0.0), "nothing has happened yet: {figures:#?}");
    let health = private(&world, "/healthz").await;
    assert_eq!(health.status(), 200);
    assert_eq!(health.json::<Value>().await.unwrap(), json!({"status": "ok"}));
    // Strangers get no answer.
    let public = reqwest::Client::builder().no_proxy().build().unwrap();
    let public = public.get(format!("{}/healthz", world.address)).send().await.unwrap();
    assert_eq!(public.status(), 404);
    world.finish().await;
}
