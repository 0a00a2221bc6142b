//! Plans become tickets: only approved ones, each item once, and undone while nobody has touched them.

mod links;

use crate::crashes::{Random, Step, perform};
use crate::world::{EXECUTION, RUN, World};
use domain::{Clock, ErrorKind, ProjectPlan};
use jiff::SignedDuration;
use serde_json::{Value, json};

const OTHER_RUN: &str = "arn:aws:states:us-east-1:000000000000:execution:development:jira-SHOP-1-1";

fn plan(tasks: &[(&str, &str, &[&str])]) -> ProjectPlan {
    let task = |(key, title, before): &(&str, &str, &[&str])| {
        json!({"key": key, "title": title, "acceptance_criteria": ["It works."], "epic": "sale",
               "depends_on": before, "size": "medium"})
    };
    let tasks: Vec<Value> = tasks.iter().map(task).collect();
    let epic = json!({"key": "sale", "title": "Sale", "description": "All of it."});
    let plan = json!({"title": "A sale", "summary": "Codes.", "epics": [epic], "tasks": tasks});
    serde_json::from_value(plan).unwrap()
}

fn two() -> ProjectPlan {
    plan(&[("codes", "Know the codes", &[]), ("receipt", "Show the discount", &["codes"])])
}

impl World {
    async fn stored(&self, plan: &ProjectPlan) -> Value {
        json!(self.table.store(EXECUTION, plan, self.clock.now()).await.unwrap())
    }

    /// Reviews a plan and says yes to it; it as a step gives it.
    async fn approved(&self, plan: &ProjectPlan) -> Value {
        let stored = self.stored(plan).await;
        let asked = self.step("Review", "review_plan", json!({"plan": stored})).await.unwrap();
        self.approves(&asked["question"]).await;
        stored
    }

    async fn create(&self, run: &str, stored: &Value, item: &str) -> Result<Value, domain::ActionError> {
        let key = format!("{run}/Create.{item}");
        let payload = json!({
            "v": 1, "run": run, "key": key, "project": "SHOP",
            "actor": {"source": "jira", "id": "712020:ada"},
            "input": {"plan": stored, "plan_id": "SHOP-9", "item": item},
        });
        self.dispatch("create_planned_task", payload).await
    }

    /// Performs a step of planning on an item, under a separate key.
    async fn plans(&self, step: &str, action: &str, stored: &Value, item: &str) -> Value {
        let payload = json!({
            "v": 1, "run": RUN, "key": format!("{RUN}/{step}.{item}"), "project": "SHOP",
            "actor": {"source": "jira", "id": "712020:ada"},
            "input": {"plan": stored, "plan_id": "SHOP-9", "item": item},
        });
        self.dispatch(action, payload).await.unwrap()
    }

    /// The tickets that a ticket waits for, by its title.
    fn links_of(&self, title: &str) -> Vec<String> {
        let state = self.simulation.state();
        let tickets = state["jira"].as_array().unwrap();
        let titled = |key: &Value| {
            tickets.iter().find(|ticket| ticket["key"] == *key).unwrap()["summary"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let ticket = tickets.iter().find(|ticket| ticket["summary"] == title).unwrap();
        ticket["links"].as_array().unwrap().iter().map(|link| titled(&link["blocked_by"])).collect()
    }

    /// How often links were made, or taken off.
    fn links_changed(&self, method: &str) -> usize {
        let log = self.simulation.log().into_iter();
        log.filter(|entry| entry.method == method && entry.path.contains("/issueLink") && entry.status < 300)
            .count()
    }

    fn summaries(&self) -> Vec<String> {
        let state = self.simulation.state();
        let tickets = state["jira"].as_array().unwrap().iter().skip(2);
        tickets.map(|ticket| ticket["summary"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn requirements_are_words_a_ticket_or_a_page() {
    let world = World::start().await;
    world.begin().await;
    let read = async |input: Value| world.step("Read", "read_requirements", input).await;
    let words = read(json!({"text": "Carts can be gifts"})).await.unwrap();
    assert!(words["context"].as_str().unwrap().contains("Carts can be gifts"), "{words}");
    assert_eq!((&words["task"], &words["epic"]), (&Value::Null, &Value::Null));
    let same = read(json!({"text": " Carts  can be gifts\n"})).await.unwrap();
    assert_eq!(same["plan_id"], words["plan_id"], "however it is spaced");
    let ticket = read(json!({"text": "shop-1"})).await.unwrap();
    assert_eq!((&ticket["plan_id"], &ticket["task"]["task_id"]), (&json!("SHOP-1"), &json!("SHOP-1")));
    assert_eq!(ticket["epic"], Value::Null, "a story is no epic");
    let more = read(json!({"task_id": "SHOP-1", "text": "Without rounding"})).await.unwrap();
    assert_eq!(more["plan_id"], "SHOP-1");
    assert!(more["context"].as_str().unwrap().contains("Without rounding"), "{more}");
    let state = world.simulation.state();
    let home = state["confluence"].as_array().unwrap().iter().find(|page| page["title"] == "Shop home");
    let page = read(json!({"page_id": home.unwrap()["id"]})).await.unwrap();
    assert!(page["context"].as_str().unwrap().contains("Everything about the shop."), "{page}");
    let nothing = read(json!({"text": " "})).await.unwrap_err();
    assert!(nothing.message.contains("there is nothing to plan"), "{nothing}");
}

#[tokio::test]
async fn no_ticket_is_created_of_a_plan_that_nobody_approved() {
    let world = World::start().await;
    world.begin().await;
    let stored = world.stored(&two()).await;
    let refused = world.create(RUN, &stored, "sale").await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("nobody approved this plan"), "{refused}");
    // A yes to another plan does not count for this one.
    world.approved(&plan(&[("codes", "Know other codes", &[])])).await;
    assert!(world.create(RUN, &stored, "sale").await.is_err());
    assert_eq!(world.summaries(), Vec::<String>::new());
    world.approved(&two()).await;
    let created = world.create(RUN, &stored, "sale").await.unwrap();
    assert_eq!(created["state"], "created", "{created}");
    // The state machine continues before it is recorded that it was told.
    let other = plan(&[("codes", "Know more codes", &[])]);
    let stored = world.stored(&other).await;
    let asked = world.step("Again", "review_plan", json!({"plan": stored})).await.unwrap();
    world.says_yes(&asked["question"]).await;
    assert_eq!(world.create(RUN, &stored, "codes").await.unwrap()["state"], "created");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_plan_with_mistakes_is_named_whole_and_asks_nobody() {
    let world = World::start().await;
    world.begin().await;
    let mut wrong = plan(&[("codes", "Know the codes", &["receipt"]), ("receipt", "Show it", &["codes"])]);
    wrong.tasks[0].title = "x".repeat(10_000);
    wrong.tasks[1].epic = Some("nowhere".into());
    let stored = world.stored(&wrong).await;
    let refused = world.step("Review", "review_plan", json!({"plan": stored})).await.unwrap_err();
    for mistake in ["`codes` → `receipt` → `codes`", "has 10000 characters", "the epic `nowhere`"] {
        assert!(refused.message.contains(mistake), "{mistake}: {refused}");
    }
    assert!(world.create(RUN, &stored, "sale").await.is_err());
    assert_eq!(world.summaries(), Vec::<String>::new());
}

#[tokio::test]
async fn planning_again_updates_what_nobody_touched_and_creates_nothing_twice() {
    let world = World::start().await;
    world.begin().await;
    let first = world.approved(&two()).await;
    let mut made = Vec::new();
    for item in ["sale", "codes", "receipt"] {
        made.push(world.create(RUN, &first, item).await.unwrap()["task_id"].as_str().unwrap().to_owned());
    }
    let state = world.simulation.state();
    let ticket = |key: &str| state["jira"].as_array().unwrap().iter().find(|t| t["key"] == key).unwrap();
    let receipt = ticket(&made[2]);
    assert_eq!(receipt["fields"]["customfield_10002"], json!(made[0]), "its epic: {receipt}");
    assert_eq!(receipt["fields"]["customfield_10001"], json!(3.0), "its story points");
    assert!(receipt["description"].as_str().unwrap().contains(&made[1]), "what comes before: {receipt}");

    // Another run plans the same: one title is new, one ticket was touched, one is gone, the rest is unchanged.
    let comment = json!({"task_id": made[2], "comment": "I do it."});
    world.step("Touch", "add_comment", comment).await.unwrap();
    let again = plan(&[
        ("codes", "Know all codes", &[]),
        ("receipt", "Show the whole discount", &["codes"]),
        ("mail", "Mail the codes", &["codes"]),
    ]);
    let second = world.approved(&again).await;
    let mut states = Vec::new();
    for item in ["sale", "codes", "receipt", "mail"] {
        let done = world.create(OTHER_RUN, &second, item).await;
        states
            .push(done.map_or_else(|error| error.message, |done| done["state"].as_str().unwrap().to_owned()));
    }
    // The other run has a separate approval: nobody said yes there.
    assert!(states.iter().all(|state| state.contains("nobody approved")), "{states:?}");
    let mut states = Vec::new();
    for item in ["sale", "codes", "receipt", "mail"] {
        let key = format!("{RUN}/Again.{item}");
        let payload = json!({
            "v": 1, "run": RUN, "key": key, "project": "SHOP", "actor": {"source": "jira", "id": "712020:ada"},
            "input": {"plan": second, "plan_id": "SHOP-9", "item": item},
        });
        states.push(world.dispatch("create_planned_task", payload).await.unwrap()["state"].clone());
    }
    assert_eq!(states, ["unchanged", "updated", "left", "created"]);
    assert_eq!(world.summaries(), ["Sale", "Know all codes", "Show the discount", "Mail the codes"]);

    // Undone newest first: touched tickets stay, and so does their epic.
    let taken_back = world.roll_back().await;
    let refused: Vec<String> = taken_back
        .iter()
        .filter(|(action, _)| action == "withdraw_task")
        .filter_map(|(_, result)| result.as_ref().err().map(|error| error.message.clone()))
        .collect();
    assert_eq!(refused.len(), 2, "{taken_back:?}");
    assert!(refused[0].contains("was changed by somebody"), "{refused:?}");
    assert!(refused[1].contains("still has"), "{refused:?}");
    assert_eq!(world.summaries(), ["Sale", "Show the discount"]);
    world.assert_no_violations();
}

#[tokio::test]
async fn what_the_tracker_refused_is_planned_again_at_once() {
    let world = World::start().await;
    world.begin().await;
    let stored = world.approved(&two()).await;
    let body = json!({"errorMessages": [], "errors": {"summary": "It is not on the screen."}});
    world.fault(json!({"service": "jira", "method": "POST", "path": "/issue$", "status": 400, "body": body}));
    let refused = world.create(RUN, &stored, "sale").await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected, "{refused}");
    let again = world.plans("Again", "create_planned_task", &stored, "sale").await;
    assert_eq!(again["state"], "created", "{again}");
    assert_eq!(world.summaries(), ["Sale"]);
}

#[tokio::test]
async fn what_another_run_planned_in_the_meantime_is_not_planned_under_another_key() {
    let world = World::start().await;
    world.begin().await;
    let read = async |step: &str| {
        world.step(step, "read_requirements", json!({"task_id": "SHOP-1"})).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(1));
    };
    let planned = async |key: &str| {
        let item = json!({
            "project": "SHOP", "plan": "SHOP-9", "key": key, "title": "Know the codes",
            "claim": format!("{OTHER_RUN}/Create.{key}"), "claimed_at": world.clock.now().to_string(), "task_id": "SHOP-2",
        });
        let item = serde_json::from_value(item).unwrap();
        assert!(world.table.claim_planned_item(&item, None).await.unwrap());
        world.clock.advance(SignedDuration::from_secs(1));
    };
    // What was planned before is known.
    planned("early").await;
    read("Read").await;
    let stored = world.approved(&two()).await;
    world.create(RUN, &stored, "sale").await.unwrap();
    planned("know-codes").await;
    let refused = world.create(RUN, &stored, "codes").await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("(SHOP-2)") && refused.message.contains("plan again"), "{refused}");
    assert_eq!(world.summaries(), ["Sale"]);
    world.assert_no_violations();
}

#[tokio::test]
async fn whatever_answer_is_lost_each_ticket_is_created_once() {
    for seed in 1..=10 {
        println!("seed {seed}");
        let world = World::start().await;
        world.begin().await;
        let stored = world.approved(&two()).await;
        let mut random = Random(seed);
        let step = |item: &str, version: &str, stored: &Value| Step {
            state: format!("{version}.{item}"),
            action: "create_planned_task".to_owned(),
            input: json!({"plan": stored, "plan_id": "SHOP-9", "item": item}),
            service: "jira",
            method: if version == "Create" { "POST" } else { "PUT" },
            path: "/issue",
        };
        let link = |item: &str, version: &str, stored: &Value, method| Step {
            action: "link_planned_task".to_owned(),
            method,
            path: "/issueLink",
            ..step(item, version, stored)
        };
        for item in ["sale", "codes", "receipt"] {
            perform(&world, &step(item, "Create", &stored), &mut random).await;
        }
        perform(&world, &link("receipt", "Link", &stored, "POST"), &mut random).await;
        assert_eq!(world.links_of("Show the discount"), ["Know the codes"]);
        assert_eq!(world.summaries(), ["Sale", "Know the codes", "Show the discount"]);
        let again = plan(&[("codes", "Know all codes", &[]), ("receipt", "Show it", &[])]);
        let second = world.approved(&again).await;
        for item in ["sale", "codes", "receipt"] {
            perform(&world, &step(item, "Update", &second), &mut random).await;
        }
        perform(&world, &link("receipt", "Unlink", &second, "DELETE"), &mut random).await;
        let changes = ["POST", "DELETE"].map(|method| world.links_changed(method));
        assert_eq!(changes, [1, 1], "made once, and taken off once");
        assert_eq!(world.summaries(), ["Sale", "Know all codes", "Show it"]);
        // Lost steps of the rollback are tried again.
        let mut left = usize::MAX;
        for _ in 0..5 {
            let taken_back = world.roll_back().await;
            left = taken_back.iter().filter(|(_, result)| result.is_err()).count();
            if left == 0 {
                break;
            }
            world.clock.advance(SignedDuration::from_secs(70));
        }
        assert_eq!(left, 0);
        assert_eq!(world.summaries(), Vec::<String>::new());
        world.assert_no_violations();
    }
}
