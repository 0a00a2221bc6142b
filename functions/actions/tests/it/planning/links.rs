//! Dependencies of planned tickets become links in the tracker.

use super::{plan, two};
use crate::world::{World, client};
use serde_json::{Value, json};

/// The simulated account.
const EMAIL: &str = "ticketsmith@acme.example";
const TOKEN: &str = "simulated-jira-token";

impl World {
    /// A person's change of links in the tracker, by this path and body.
    async fn person_changes_links(&self, method: reqwest::Method, path: &str, body: Option<Value>) {
        let url = format!("{}/rest/api/3/issueLink{path}", self.simulation.url("jira"));
        let mut request = client().request(method, url).basic_auth(EMAIL, Some(TOKEN));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

#[tokio::test]
async fn dependencies_become_links_that_planning_again_keeps_up() {
    let world = World::start().await;
    world.begin().await;
    let tasks: &[(&str, &str, &[&str])] =
        &[("a", "A", &[]), ("b", "B", &["a"]), ("c", "C", &["a", "b"]), ("d", "D", &["a"])];
    let first = world.approved(&plan(tasks)).await;
    let mut keys = Vec::new();
    for item in ["sale", "a", "b", "c", "d"] {
        let made = world.plans("Create", "create_planned_task", &first, item).await;
        keys.push(made["task_id"].as_str().unwrap().to_owned());
    }
    // Somebody linked two of them before us.
    let theirs = json!({"type": {"name": "Blocks"}, "inwardIssue": {"key": keys[2]}, "outwardIssue": {"key": keys[3]}});
    world.person_changes_links(reqwest::Method::POST, "", Some(theirs)).await;
    let mut linked = Vec::new();
    for item in ["sale", "a", "b", "c", "d"] {
        linked.push(world.plans("Link", "link_planned_task", &first, item).await["linked"].clone());
    }
    assert_eq!(linked, [json!([]), json!([]), json!([keys[1]]), json!([keys[1]]), json!([keys[1]])]);
    assert_eq!(world.links_of("B"), ["A"]);
    assert_eq!(world.links_of("C"), ["B", "A"]);
    let again = world.plans("Same", "link_planned_task", &first, "c").await;
    assert_eq!((&again["linked"], &again["unlinked"]), (&json!([]), &json!([])));

    // Somebody takes one off; the next plan has other dependencies.
    let shown = world.simulation.state();
    let of = |title: &str| {
        shown["jira"].as_array().unwrap().iter().find(|ticket| ticket["summary"] == title).unwrap()["links"]
            [0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    world.person_changes_links(reqwest::Method::DELETE, &format!("/{}", of("D")), None).await;
    let tasks: &[(&str, &str, &[&str])] =
        &[("a", "A", &[]), ("b", "B", &[]), ("c", "C", &["d"]), ("d", "D", &["a", "b"])];
    let second = world.approved(&plan(tasks)).await;
    let mut changed = Vec::new();
    for item in ["b", "c", "d"] {
        let done = world.plans("Again", "link_planned_task", &second, item).await;
        changed.push((done["linked"].clone(), done["unlinked"].clone()));
    }
    let none = json!([]);
    assert_eq!(changed[0], (none.clone(), json!([keys[1]])));
    assert_eq!(changed[1], (json!([keys[4]]), json!([keys[1]])), "the link to B is somebody else's");
    assert_eq!(changed[2], (json!([keys[2]]), none), "the link to A was taken off by somebody");
    assert_eq!(world.links_of("C"), ["B", "D"]);
    assert_eq!(world.links_of("D"), ["B"]);

    // Newest first, each run's links are restored, and then the tickets go.
    let taken_back = world.roll_back().await;
    let unlinked = taken_back.iter().filter(|(action, _)| action == "unlink_planned_task");
    assert_eq!(unlinked.count(), 6, "{taken_back:?}");
    for (action, result) in taken_back {
        assert!(result.is_ok(), "{action}: {result:?}");
    }
    assert_eq!(world.requests("jira", "POST", "/issueLink").len(), 1 + 3 + 2 + 2, "made, and made again");
    assert_eq!(world.summaries(), Vec::<String>::new());
    world.assert_no_violations();
}

#[tokio::test]
async fn what_the_tracker_refuses_to_link_is_said_and_fails_nothing() {
    let world = World::start().await;
    world.begin().await;
    let stored = world.approved(&two()).await;
    for item in ["sale", "codes", "receipt"] {
        world.plans("Create", "create_planned_task", &stored, item).await;
    }
    let body = json!({"errorMessages": ["No issue link type with name 'Blocks' found."], "errors": {}});
    world.fault(
        json!({"service": "jira", "method": "POST", "path": "/issueLink$", "status": 404, "body": body}),
    );
    let refused = world.plans("Link", "link_planned_task", &stored, "receipt").await;
    assert_eq!(refused["linked"], json!([]));
    let note = refused["note"].as_str().unwrap();
    assert!(note.contains("no issue link type `Blocks`") && note.contains("link_type"), "{note}");
    // Once the site has the type, planning again creates the missing links.
    let linked = world.plans("Again", "link_planned_task", &stored, "receipt").await;
    assert_eq!(linked["note"], Value::Null);
    assert_eq!(world.links_of("Show the discount"), ["Know the codes"]);
}

#[tokio::test]
async fn nothing_is_linked_for_a_plan_that_nobody_approved() {
    let world = World::start().await;
    world.begin().await;
    let approved = world.approved(&two()).await;
    for item in ["sale", "codes", "receipt"] {
        world.plans("Create", "create_planned_task", &approved, item).await;
    }
    let other =
        world.stored(&plan(&[("codes", "Know the codes", &["receipt"]), ("receipt", "Show", &[])])).await;
    let input = json!({"plan": other, "plan_id": "SHOP-9", "item": "codes"});
    let refused = world.step("Link", "link_planned_task", input).await.unwrap_err();
    assert!(refused.message.contains("nobody approved this plan"), "{refused}");
    let input = json!({"plan": approved, "plan_id": "SHOP-8", "item": "codes"});
    let unknown = world.step("Link", "link_planned_task", input).await.unwrap_err();
    assert!(unknown.message.contains("run create_planned_task before"), "{unknown}");
    assert_eq!(world.requests("jira", "POST", "/issueLink").len(), 0);
}
