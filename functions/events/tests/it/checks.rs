//! Checks: asked of the code host, and done when all of them are.

use crate::feedback::journal;
use crate::world::{World, arn};
use domain::event::{Actor, Condition, Confirmation, EventSpec, EventSpecs};
use domain::routes::Routes;
use domain::{ActionId, Clock, EventKey, EventName, SourceName};
use events::EventInput;
use records::{NewInquiry, OwnBranch, Topic};
use serde_json::{Map, Value, json};

const KIND: EventName = EventName::from_static("github.checks_completed");

fn spec() -> EventSpec {
    EventSpec::new(KIND, "Checks are done.")
        .condition(Condition::new("conclusion", "How."))
        .condition(Condition::new("head", "Whose.").up_to(["ours", "repository", "fork"]))
        .matched_by(["repository", "sha"])
        .confirmed_by(Confirmation::Checks)
}

/// A workflow that checks start, under these conditions.
async fn world(conditions: Value) -> World {
    let world = World::new().await;
    let routes: Routes = serde_json::from_value(json!({
        "events": EventSpecs::new([spec()]),
        "workflows": {"checks": {
            "title": "Checks",
            "inputs": {"repository": {"type": "string"}, "sha": {"type": "string"}, "conclusion": {"type": "string"}},
            "triggers": [{"on": KIND, "conditions": conditions}],
        }},
    }))
    .unwrap();
    world.table.put_routes(&routes).await.unwrap();
    world
}

impl World {
    /// The commit at the head of `main`.
    fn head(&self) -> String {
        let state = self.services.state();
        state["github"]["repositories"][0]["branches"]["main"].as_str().unwrap().to_owned()
    }

    /// The report of an App or a service about it.
    fn reports(&self, mut delivery: Value) {
        let more = json!({"repository": "acme/shop", "branch": "main", "by": "ada"});
        delivery.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.services.act(&serde_json::from_value(delivery).unwrap()).unwrap();
    }

    fn runs(&self, app: &str, conclusions: &[Option<&str>]) {
        let runs: Vec<Value> = conclusions
            .iter()
            .enumerate()
            .map(|(number, conclusion)| match conclusion {
                Some(conclusion) => json!({"name": format!("test {number}"), "conclusion": conclusion}),
                None => json!({"name": format!("test {number}")}),
            })
            .collect();
        self.reports(json!({"kind": "github-checks", "app": app, "runs": runs}));
    }

    fn checks_key(&self) -> (EventKey, Map<String, Value>) {
        let fields =
            json!({"repository": "acme/shop", "sha": self.head(), "branch": "main", "conclusion": "success"});
        let fields = fields.as_object().unwrap().clone();
        (EventKey::new(&spec(), &fields).unwrap().unwrap(), fields)
    }

    /// A delivery says that one App is done, or a step waits; and the stream reports it.
    async fn asks(&self, branch: Option<&str>, reported: bool) {
        let (key, mut fields) = self.checks_key();
        fields.insert("branch".into(), json!(branch));
        let by = Actor {
            source: SourceName::from_static("github"),
            id: "grace".into(),
            display_name: None,
            person: None,
        };
        let by = reported.then_some(by);
        let inquiry = NewInquiry { kind: KIND, fields, by, reported };
        self.table.inquire(&key, &inquiry, self.clock.now()).await.unwrap();
        let sk = format!("INQUIRY#{}", key.as_str());
        self.events.handle(EventInput::from_keys([("INQUIRY#OPEN", sk.as_str())])).await.unwrap();
    }

    fn started(&self) -> Vec<Value> {
        let starts = self.step_functions.lock().unwrap().starts.clone();
        let input = |start: &Value| serde_json::from_str(start["input"].as_str().unwrap()).unwrap();
        starts.iter().map(input).collect()
    }

    /// Makes the head a commit that a run of ada made.
    async fn commits(&self) {
        let name = self.begin_by_label().await;
        self.status_change(&name, json!({})).await;
        journal(self, &name, ActionId::literal("commit_changes"), json!({"sha": self.head()})).await;
        let ada = Actor {
            source: SourceName::from_static("jira"),
            id: "712020:ada".into(),
            display_name: None,
            person: None,
        };
        let own =
            OwnBranch { run: arn(&name), actor: Some(ada), project: "SHOP".into(), at: self.clock.now() };
        let (repository, branch) = ("acme/shop".parse().unwrap(), "main".parse().unwrap());
        self.table.put_own_branch(&repository, &branch, &own).await.unwrap();
    }
}

#[tokio::test]
async fn a_workflow_starts_once_when_every_check_of_our_commit_is_done() {
    let world = world(json!({"conclusion": "success"})).await;
    world.commits().await;
    world.runs("lint", &[Some("success")]);
    world.runs("tests", &[Some("success"), None]);
    world.reports(json!({"kind": "github-status", "context": "ci", "state": "pending"}));
    world.asks(Some("main"), true).await;
    world.runs("tests", &[Some("success"), Some("neutral")]);
    world.asks(Some("main"), true).await;
    assert!(world.started().is_empty(), "the status is pending");
    world.reports(json!({"kind": "github-status", "context": "ci", "state": "success"}));
    for _ in 0..2 {
        world.asks(Some("main"), true).await;
    }
    let started = world.started();
    assert_eq!(started.len(), 1, "each App's delivery asks, and one starts: {started:?}");
    assert_eq!(
        (&started[0]["event"]["head"], &started[0]["inputs"]["conclusion"]),
        (&json!("ours"), &json!("success"))
    );
    assert_eq!(started[0]["actor"]["person"], "ada", "whoever started the run that committed pays");

    world.runs("tests", &[Some("failure")]);
    world.asks(Some("main"), true).await;
    assert_eq!(world.started().len(), 1, "it failed now");
    world.runs("tests", &[Some("success")]);
    world.asks(Some("main"), true).await;
    assert_eq!(world.started().len(), 2, "another set of attempts");
}

#[tokio::test]
async fn checks_that_never_begin_are_waited_for_ten_minutes() {
    let world = world(json!({"conclusion": "success"})).await;
    world.commits().await;
    world.runs("tests", &[Some("success")]);
    world.runs("never", &[]);
    world.asks(Some("main"), true).await;
    assert!(world.started().is_empty(), "it may still begin");
    world.sweep().await;
    assert!(world.started().is_empty(), "it is not asked again so soon");
    world.clock.advance(1);
    world.sweep().await;
    assert_eq!(world.started().len(), 1);
    assert!(world.table.inquiries().await.unwrap().is_empty());
}

#[tokio::test]
async fn commits_of_others_count_where_the_workflow_asks_for_them() {
    for (head, branch, starts) in [
        (None, Some("main"), 0),
        (Some("repository"), Some("main"), 1),
        (Some("repository"), None, 0),
        (Some("fork"), None, 1),
    ] {
        let conditions = match head {
            Some(head) => json!({"conclusion": "success", "head": head}),
            None => json!({"conclusion": "success"}),
        };
        let world = world(conditions).await;
        let mut configuration = (*world.table.configuration(world.clock.now()).await.unwrap()).clone();
        configuration.projects[0].may_trigger = vec!["repository-writers".into()];
        world.table.put_configuration(&configuration).await.unwrap();
        world.runs("tests", &[Some("success")]);
        world.asks(branch, true).await;
        let started = world.started();
        assert_eq!(started.len(), starts, "{head:?} {branch:?}: {started:?}");
        assert!(started.iter().all(|input| input["actor"]["id"] == "grace"), "{started:?}");
    }
}

#[tokio::test]
async fn a_wait_asks_how_the_checks_are_and_the_sweeper_asks_again() {
    let world = world(json!({"conclusion": "success"})).await;
    world.runs("tests", &[Some("failure")]);
    let name = world.begin_by_label().await;
    let (key, _) = world.checks_key();
    let wait = async |state: &str| {
        let at = format!("{}/{state}", arn(&name));
        world.wait(&name, &Topic::Event(key.clone()), |waiter| waiter.key = at).await;
        world.asks(None, false).await;
    };
    let conclusions = || -> Vec<Value> {
        let output =
            |told: &Value| -> Value { serde_json::from_str(told["output"].as_str().unwrap()).unwrap() };
        world.told().iter().map(|told| output(told)["conclusion"].clone()).collect()
    };
    // They were done before the run began, and no delivery will say so again.
    wait("Wait.0").await;
    assert_eq!(conclusions(), [json!("failure")]);
    // The next wait is for another set of attempts.
    wait("Wait.1").await;
    assert_eq!(conclusions(), [json!("failure")]);
    world.runs("tests", &[None]);
    world.clock.advance(1);
    world.sweep().await;
    assert_eq!(conclusions(), [json!("failure")], "they go on");
    world.runs("tests", &[Some("success")]);
    world.clock.advance(1);
    world.sweep().await;
    assert_eq!(conclusions(), [json!("failure"), json!("success")]);
    assert!(world.started().is_empty(), "what a step asks starts nothing");
    assert!(world.table.inquiries().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_step_goes_on_where_the_code_host_refuses_to_tell() {
    let world = world(json!({"conclusion": "success"})).await;
    world.runs("tests", &[Some("success")]);
    let name = world.begin_by_label().await;
    let (key, _) = world.checks_key();
    let fault = json!({"service": "github", "path": "/check-runs$", "status": 403, "times": 2});
    world.services.add_fault(serde_json::from_value(fault).unwrap()).unwrap();
    world.wait(&name, &Topic::Event(key.clone()), |_| {}).await;
    world.asks(None, false).await;
    assert!(world.told().is_empty(), "once may be by chance");
    world.clock.advance(1);
    world.sweep().await;
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["output"].as_str().unwrap().contains("\"conclusion\":\"unknown\""), "{told:?}");
}
