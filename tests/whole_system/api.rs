//! The API, as a program on the same machine uses it: each write is proven by what it does in the simulated services or in the next execution,
//! and every answer follows the contract, whatever is sent.

mod client;

use crate::support::{World, WorldFile};
pub(crate) use client::{Api, answered};
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ASK: &str = "\
name: Ask
inputs:
  task_id: { type: string }
steps:
  - name: ask
    type: approval
    question: \"Ship ${task_id}?\"
    approvers: [ada]
    timeout: 1h
    outputs: { by: answer.by, comment: answer.comment }
outputs: { by: \"${by}\", comment: \"${comment}\" }
";

const TYPED: &str = "\
name: Typed
inputs:
  note: { type: string }
  count: { type: integer, default: 1 }
steps:
  - { name: keep, type: set, variables: { kept: \"${note}\" } }
outputs: { kept: \"${kept}\" }
";

/// `SHOP-1` and `SHOP-2` in base64url.
const SHOP_1: &str = "U0hPUC0x";
const SHOP_2: &str = "U0hPUC0y";
/// `shop-1`, as somebody may type it.
const SHOP_1_IN_LOWER_CASE: &str = "c2hvcC0x";

async fn world() -> World {
    WorldFile::quick_shop().with_file("workflows/ask.yaml", ASK).start().await
}

/// The rows of the months from the one in which a test began: it may run at the end of one.
async fn costs(api: &Api, began: Timestamp, by: &str) -> Vec<Value> {
    let months = BTreeSet::from([began, Timestamp::now()].map(|at| at.strftime("%Y-%m").to_string()));
    let mut rows = Vec::new();
    for month in months {
        rows.extend(api.list(&format!("/costs?by={by}&month={month}")).await);
    }
    rows
}

fn sum(costs: &[Value]) -> u64 {
    costs.iter().filter_map(|row| row["cost"]["known_micro_usd"].as_u64()).sum()
}

#[tokio::test]
async fn a_ticket_that_is_assigned_becomes_a_pull_request_and_can_be_undone() {
    let began = Timestamp::now();
    let world = WorldFile::quick_shop().start().await;
    let api = Api::of(&world);
    let assign = format!("/tasks/{SHOP_1}/assign-to-agent");
    let request = || api.request(Method::POST, &assign).header("idempotency-key", "once");
    let accepted = answered(request()).await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let name = accepted.body["execution"].as_str().unwrap().to_owned();
    // The same request is answered the same; another one is refused under its key, and without one the ticket is taken.
    assert_eq!(answered(request()).await.body, accepted.body);
    let other = answered(request().json(&json!({ "workflow": "revision" }))).await;
    assert_eq!(
        (other.status, &other.body["errors"][0]["path"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency-key"))
    );
    let taken = api.post(&assign, &json!({})).await;
    assert_eq!((taken.status, &taken.body["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    let at_work = api.list("/tasks").await;
    assert_eq!((&at_work[0]["task_id"], &at_work[0]["id"]), (&json!("SHOP-1"), &json!(SHOP_1)));

    let ended = api.with_outcome(&name, &["succeeded", "failed", "stopped"]).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert_eq!(ended["started_by"], "ada");
    assert!(ended["cost"]["known_micro_usd"].as_u64().unwrap() > 0, "{ended:#}");
    let state = world.state().await;
    assert_eq!(state["github"]["repositories"][0]["pull_requests"].as_array().unwrap().len(), 1);

    // The lists show it and its cost.
    assert_eq!(api.list("/tasks?state=succeeded").await[0]["latest_execution"], name);
    assert_eq!(api.list("/tasks?state=at_work&project=SHOP").await, Vec::<Value>::new());
    let of_task = [SHOP_1, SHOP_1_IN_LOWER_CASE].map(|id| format!("/executions?task={id}"));
    for list in ["/executions", "/executions?project=shop", &of_task[0], &of_task[1]] {
        assert_eq!(api.list(list).await[0]["name"], name, "{list}");
    }
    assert_eq!(api.get(&format!("/tasks/{SHOP_1_IN_LOWER_CASE}")).await.body["task_id"], "SHOP-1");
    let known = ended["cost"]["known_micro_usd"].as_u64().unwrap();
    for (by, called) in [("project", "SHOP"), ("person", "ada"), ("workflow", "development")] {
        let costs = costs(&api, began, by).await;
        assert!(costs.iter().all(|row| row["name"] == called), "{costs:?}");
        assert_eq!(sum(&costs), known, "{costs:?}");
    }
    assert_eq!(sum(&costs(&api, began, "model").await), known);
    assert_eq!(api.list("/costs?month=2020-01").await, Vec::<Value>::new());
    let task = api.get(&format!("/tasks/{SHOP_1}")).await.body;
    assert_eq!(task["spending"]["spent_micro_usd"], known, "{task}");
    let this_month = sum(&api.list("/costs?by=person").await);
    assert_eq!(api.get("/budgets").await.body["own_month"]["spent_micro_usd"], this_month);
    let agents = api.list(&format!("/agents?execution={name}")).await;
    let agent = api.get(&format!("/agents/{}/status", agents[0]["id"].as_str().unwrap())).await;
    assert_eq!((agent.status, &agent.body["status"]), (StatusCode::OK, &json!("done")), "{}", agent.body);

    let project = &api.list("/projects").await[0];
    let shown = api.get(&format!("/projects/{}", project["id"].as_str().unwrap())).await.body;
    assert_eq!((&shown, &shown["repository"]), (project, &json!("acme/shop")));
    let plugins = api.list("/plugins").await;
    let tracker = plugins.iter().find(|plugin| plugin["type"] == "task_management").unwrap();
    assert_eq!((&tracker["provider"], &tracker["projects"]), (&json!("jira"), &json!(["SHOP"])));
    let config = api.get("/plugins/task_management/jira/config").await;
    assert_eq!(
        (config.status, &config.body["rate_limit"]),
        (StatusCode::OK, &json!("1000/s")),
        "{}",
        config.body
    );
    let id = agents[0]["id"].as_str().unwrap();
    let messages = api.list(&format!("/agents/{id}/messages")).await;
    assert!(
        messages
            .iter()
            .any(|message| message["speaker"] == "model" && message["calls"][0]["name"].is_string()),
        "{messages:#?}"
    );
    let first = api.get(&format!("/agents/{id}/messages?limit=1")).await.body;
    let rest = api.list(&format!("/agents/{id}/messages?cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!([first["items"].as_array().unwrap().clone(), rest].concat(), messages);

    // Every event was sent, once and in order, and the two events of the first API have their fields.
    let frames = api.frames(&name).await;
    let of = |event: &str| frames.iter().filter(|frame| frame["event"] == event).collect::<Vec<_>>();
    assert_eq!((&frames[0]["event"], &frames[0]["execution"]), (&json!("execution.started"), &json!(name)));
    assert_eq!(frames.last().unwrap()["event"], "execution.ended");
    let steps = of("workflow.step_completed");
    assert_eq!(steps.len(), ended["steps"].as_array().unwrap().len(), "{steps:#?}");
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&steps[0]["data"]), ["workflow_id", "step_name", "status", "result"]);
    let opened = steps
        .iter()
        .find(|frame| frame["data"]["result"]["pr_url"].as_str().is_some_and(|url| url.contains("/pull/")));
    assert!(opened.is_some_and(|frame| frame["data"]["status"] == "completed"), "{steps:#?}");
    let updates = of("agent.status_update");
    assert_eq!(fields(&updates[0]["data"]), ["agent_id", "task_id", "status", "progress", "message"]);
    assert_eq!(updates.last().unwrap()["data"]["status"], "done", "{updates:#?}");

    // The undo matches its preview.
    let undo = format!("/executions/{name}/undo");
    let preview = api.get(&undo).await.body;
    let actions: Vec<_> =
        preview["effects"].as_array().unwrap().iter().map(|effect| effect["action"].clone()).collect();
    assert!(actions.contains(&json!("create_pull_request")), "{preview:#}");
    let undone = answered(api.request(Method::POST, &undo)).await;
    assert_eq!(
        (undone.status, &undone.body["undoes"]),
        (StatusCode::ACCEPTED, &json!(name)),
        "{}",
        undone.body
    );
    let by = undone.body["execution"].as_str().unwrap();
    assert_eq!(undone.headers["location"], format!("/api/v1/executions/{by}"));
    api.with_outcome(by, &["succeeded"]).await;
    assert_eq!(world.state().await["github"]["repositories"][0]["pull_requests"][0]["state"], "closed");
    world.finish().await;
}

#[tokio::test]
async fn questions_are_answered_and_work_is_stopped_and_continued() {
    let world = world().await;
    let api = Api::of(&world);
    let (first, second) = (api.asked("SHOP-1").await, api.asked("SHOP-2").await);
    let open = api.list("/approvals").await;
    assert_eq!(open.len(), 2, "{open:?}");
    assert_eq!((&open[0]["question"], &open[0]["execution"]), (&json!("Ship SHOP-1?"), &json!(first)));
    // Pages are disjoint, whole, and end.
    let page = api.get("/approvals?limit=1").await.body;
    assert_eq!(page["items"].as_array().unwrap(), &open[..1]);
    let next = page["next"].as_str().unwrap();
    assert_eq!(api.list(&format!("/approvals?limit=1&cursor={next}")).await, &open[1..]);
    let unfinished = api.list("/executions?state=open").await;
    assert_eq!(unfinished.len(), 2, "{unfinished:?}");

    let answer = format!("/approvals/{}/answer", open[0]["id"].as_str().unwrap());
    let yes = json!({ "approved": true, "comment": "On Monday" });
    let stranger = answered(api.request_by("mallory", Method::POST, &answer).json(&yes)).await;
    assert_eq!((stranger.status, &stranger.body["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    let two = api.request(Method::POST, &answer).header("ticketsmith-as", "mallory").json(&yes);
    assert_eq!(answered(two).await.status, 422, "nobody speaks for two");
    let counts = json!({ "question": "Ship SHOP-1?", "approved": true, "missing": 0 });
    assert_eq!(api.post(&answer, &yes).await.body, counts);
    let ended = api.with_outcome(&first, &["succeeded"]).await;
    assert_eq!(ended["output"]["comment"], "On Monday", "{ended:#}");
    assert_eq!(api.post(&answer, &yes).await.body, counts, "whoever decided it was not too late");
    let late = api.post(&answer, &json!({ "approved": false })).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
    assert!(late.body.to_string().contains("ada has already answered yes, via api at "), "{}", late.body);
    let frames = api.frames(&first).await;
    let answered_frame = frames.iter().find(|frame| frame["event"] == "approval.answered").unwrap();
    assert_eq!(
        (&answered_frame["data"]["by"], &answered_frame["data"]["approved"]),
        (&json!("ada"), &json!(true))
    );
    assert!(frames.iter().any(|frame| frame["event"] == "approval.requested"), "{frames:#?}");

    let stop = format!("/executions/{second}/stop");
    let anonymous = api.client.post(format!("{}{stop}", api.url)).bearer_auth(&api.token);
    let refused = answered(anonymous).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    assert_eq!(answered(api.request(Method::POST, &stop)).await.status, 202);
    api.with_outcome(&second, &["stopped"]).await;
    assert_eq!(answered(api.request(Method::POST, &stop)).await.status, 409);
    assert_eq!(api.list("/approvals").await, Vec::<Value>::new());
    assert_eq!(api.list("/tasks?state=stopped").await[0]["task_id"], "SHOP-2");

    let redriven = answered(api.request(Method::POST, &format!("/executions/{second}/redrive"))).await;
    assert_eq!((redriven.status, &redriven.body["continues"]), (StatusCode::ACCEPTED, &json!(second)));
    let third = redriven.body["execution"].as_str().unwrap().to_owned();
    api.with_outcome(&third, &["waiting"]).await;
    let status = api.get(&format!("/workflows/{third}/status")).await.body;
    assert_eq!((&status["outcome"], &status["task"]), (&json!("waiting"), &json!(SHOP_2)));
    world.finish().await;
}

#[tokio::test]
async fn nobody_gets_in_without_a_token_or_from_elsewhere() {
    let world = world().await;
    let api = Api::of(&world);
    let anonymous = |path: &str| api.client.get(format!("{}{path}", api.url));
    assert_eq!(answered(anonymous("/health")).await.body, json!({ "status": "ok" }));
    let contract = answered(anonymous("/openapi.json")).await.body;
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path.strip_prefix("/api/v1").unwrap().replace(['{', '}'], "x");
            let url = format!("{}{path}", api.url);
            let method: Method = method.to_uppercase().parse().unwrap();
            let send = |request: RequestBuilder| answered(request.json(&json!({})));
            let is_open = operation["security"][0] == json!({});
            let without = send(api.client.request(method.clone(), &url)).await;
            assert_eq!(without.status == 401, !is_open, "{method} {path}: {}", without.body);
            let wrong = send(api.client.request(method.clone(), &url).bearer_auth("guess")).await;
            assert_eq!(wrong.status == 401, !is_open, "{method} {path}: {}", wrong.body);
            for (name, value) in
                [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")]
            {
                let value = HeaderValue::from_static(value);
                let foreign = send(
                    api.client.request(method.clone(), &url).bearer_auth(&api.token).header(name, value),
                )
                .await;
                assert_eq!(
                    (foreign.status, &foreign.body["code"]),
                    (StatusCode::FORBIDDEN, &json!("foreign_origin")),
                    "{method} {path}"
                );
            }
        }
    }
    // The port of webhooks answers webhooks and nothing else.
    for path in ["/", "/api", "/api/v1/health", "/api/v1/executions"] {
        let response =
            api.client.get(format!("{}{path}", world.address)).bearer_auth(&api.token).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
    world.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_a_problem() {
    let world = world().await;
    let api = Api::of(&world);
    let execute = "/workflows/execute";
    let sent = async |media_type: &str, body: &str| {
        let request =
            api.request(Method::POST, execute).header("content-type", media_type).body(body.to_owned());
        let answer = answered(request).await;
        (answer.status.as_u16(), answer.body["errors"][0]["path"].as_str().unwrap_or_default().to_owned())
    };
    let json_type = "application/json";
    let (deep, large) = ("[".repeat(5_000), format!("\"{}\"", "x".repeat(300 * 1024)));
    let long_name = json!({ "workflow": "x".repeat(10_000) }).to_string();
    for (media_type, body, status, path) in [
        (json_type, "", 400, ""),
        (json_type, "{\"workflow\":", 400, ""),
        (json_type, deep.as_str(), 400, ""),
        (json_type, r#"{"workflow":"ask","workflow":"undo"}"#, 400, ""),
        (json_type, r#"{"workflow":"ask","inputs":{"a":1,"a":2}}"#, 400, ""),
        (json_type, large.as_str(), 413, ""),
        ("text/plain", r#"{"workflow":"ask"}"#, 415, ""),
        ("application/x-www-form-urlencoded", "workflow=ask", 415, ""),
        (json_type, "[]", 422, ""),
        (json_type, "{}", 422, "/workflow"),
        (json_type, r#"{"workflow":"nonsense"}"#, 422, "/workflow"),
        (json_type, long_name.as_str(), 422, "/workflow"),
        (json_type, r#"{"workflow":"ask","wrong":1}"#, 422, "/wrong"),
        (json_type, r#"{"workflow":"ask","inputs":{"task_id":"SHOP-1\u0000"}}"#, 422, "/inputs/task_id"),
        (json_type, r#"{"workflow":"ask","inputs":{"task_id":9007199254740993}}"#, 422, "/inputs/task_id"),
        (json_type, r#"{"workflow":"ask","inputs":{}}"#, 422, "/inputs"),
        (json_type, r#"{"workflow":"ask","inputs":{"task_id":"nonsense"}}"#, 422, "/inputs/task_id"),
        (json_type, r#"{"workflow":"ask","inputs":{"task_id":"SHOP-1"},"project":"X"}"#, 422, "/project"),
    ] {
        let shown: String = body.chars().take(80).collect();
        assert_eq!(sent(media_type, body).await, (status, path.to_owned()), "{media_type} {shown}");
    }
    let both =
        answered(api.request(Method::POST, execute).json(&json!({ "workflow": 1, "project": 2, "x": 3 })))
            .await;
    let paths: Vec<_> =
        both.body["errors"].as_array().unwrap().iter().map(|error| error["path"].clone()).collect();
    assert_eq!(paths, ["/workflow", "/project", "/x"], "{}", both.body);

    let first = api.asked("SHOP-1").await;
    api.asked("SHOP-2").await;
    let cursor = api.get("/executions?limit=1").await.body["next"].as_str().unwrap().to_owned();
    let long = "x".repeat(10_000);
    for (path, status) in [
        (format!("/executions?limit=1&cursor={cursor}"), 200),
        (format!("/executions?limit=1&project=SHOP&cursor={cursor}"), 422),
        (format!("/approvals?cursor={cursor}"), 422),
        ("/executions?cursor=nonsense".to_owned(), 422),
        ("/executions?limit=0".to_owned(), 422),
        ("/executions?limit=9007199254740993".to_owned(), 422),
        ("/executions?limit=1&limit=2".to_owned(), 422),
        ("/executions?colour=red".to_owned(), 422),
        ("/executions?task=nonsense!".to_owned(), 422),
        ("/executions?task=%FF".to_owned(), 400),
        (format!("/executions?project={long}"), 422),
        ("/executions/nonsense".to_owned(), 404),
        (format!("/executions/{long}"), 404),
        ("/executions/%FF".to_owned(), 404),
        ("/executions/%00".to_owned(), 404),
        ("/tasks/nonsense!".to_owned(), 404),
        (format!("/tasks/{long}"), 404),
        ("/projects/WA".to_owned(), 404),
        ("/agents/x/status".to_owned(), 404),
        ("/agents?execution=x".to_owned(), 404),
        ("/workflows/x".to_owned(), 404),
        ("/plugins/task_management/x/config".to_owned(), 404),
        ("/costs?month=2026-13".to_owned(), 422),
        ("/nonsense".to_owned(), 404),
    ] {
        let shown: String = path.chars().take(80).collect();
        assert_eq!(api.get(&path).await.status.as_u16(), status, "{shown}");
    }
    let deleted = answered(api.request(Method::DELETE, &format!("/executions/{first}"))).await;
    assert_eq!(
        (deleted.status.as_u16(), &deleted.headers["allow"]),
        (405, &HeaderValue::from_static("GET,HEAD"))
    );
    for id in ["nonsense!", "eA", "eC95", &long] {
        let answer = api.post(&format!("/approvals/{id}/answer"), &json!({ "approved": true })).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    let no_bool = api.post("/approvals/eC95/answer", &json!({ "approved": "yes" })).await;
    assert_eq!(no_bool.body["errors"][0]["path"], "/approved");
    world.finish().await;
}

#[tokio::test]
async fn inputs_are_read_by_the_types_that_the_workflow_declares() {
    let world = WorldFile::quick_shop().with_file("workflows/typed.yaml", TYPED).start().await;
    let api = Api::of(&world);
    let start = async |inputs: &[&str]| {
        let mut arguments =
            vec!["workflow", "start", "typed", "--project", "SHOP", "--as", "ada", "--jq", ".execution"];
        arguments.extend(inputs.iter().flat_map(|input| ["--input", *input]));
        world.command(&arguments).await
    };
    let (code, name, errors) = start(&["note=42", "count=3"]).await;
    assert_eq!(code, 0, "{errors}");
    let ended = api.with_outcome(name.trim(), &["succeeded", "failed"]).await;
    assert_eq!(ended["inputs"], json!({"note": "42", "count": 3}), "{ended:#}");
    for (inputs, words) in [
        (["note=a", "count=three"], "--input count: it takes a whole number, and `three` is none"),
        (["note=a", "cuont=3"], "input `cuont` is unknown; did you mean `count`?"),
        (["note=a", "note=b"], "--input note: it is given twice"),
    ] {
        let (code, _, errors) = start(&inputs).await;
        assert!(code == 2 && errors.contains(words), "{errors}");
    }
    world.finish().await;
}
