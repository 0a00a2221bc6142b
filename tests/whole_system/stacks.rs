//! The stacks of the built-in world leave equal records except for names: a label becomes a pull request, whose first checks fail and are fixed,
//! each push is approved, a comment on the pull request is done, and all of it is taken back.
//!
//! `tests/stacks/names.yaml` lists the differing names, and why something is in only one stack.

mod normal;

use crate::support::{World, WorldFile, eventually};
use normal::{Names, Records};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long an execution may take. Three are at work at a time.
const LIMIT: Duration = Duration::from_secs(300);

/// How long the last records may take that are written outside the executions.
const SETTLED: Duration = Duration::from_secs(60);

/// A stack, and where its people speak.
struct Stack {
    name: &'static str,
    label: &'static str,
    on_ticket: fn(&str) -> Value,
    on_pull_request: fn(&str) -> Value,
}

fn on_github(number: u64, text: &str) -> Value {
    json!({"kind": "github-comment", "repository": "acme/shop", "issue": number, "text": text, "by": "ada"})
}

fn on_gitlab(place: &str, text: &str) -> Value {
    json!({"kind": "gitlab-comment", "on": place, "text": text, "by": "ada"})
}

const DEFAULT: Stack = Stack {
    name: "default",
    label: "jira-label",
    on_ticket: |text| json!({"kind": "jira-comment", "ticket": "SHOP-1", "text": text, "by": "ada"}),
    on_pull_request: |text| on_github(2, text),
};

const GITLAB: Stack = Stack {
    name: "gitlab",
    label: "gitlab-label",
    on_ticket: |text| on_gitlab("acme/web/shop#1", text),
    on_pull_request: |text| on_gitlab("acme/web/shop!1", text),
};

const GITHUB: Stack = Stack {
    name: "github",
    label: "github-label",
    on_ticket: |text| on_github(1, text),
    on_pull_request: |text| on_github(2, text),
};

/// Every text in a value.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
        Value::Object(fields) => fields.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

impl Stack {
    /// The story, to the end.
    async fn played(&self) -> World {
        let shop = WorldFile::shipped(&["--world", "shop", "--stack", self.name, "--first-checks-fail"]);
        let mut world = shop.simulate().await;
        let file = world.folder().join("ticketsmith.yaml");
        let mut configuration: Value =
            serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        configuration["projects"][0]["ci_gate"] = json!("always");
        std::fs::write(&file, configuration.to_string()).unwrap();
        world.serve().await;
        let development = world.start_by(self.label).await;
        self.ends(&world, &development).await;
        let request = "@ticketsmith Say in the README that lower case works, too.";
        let revision = world.start_by((self.on_pull_request)(request)).await;
        self.ends(&world, &revision).await;
        for execution in [&revision, &development] {
            world.deliver((self.on_ticket)(&format!("@ticketsmith undo {execution}"))).await;
            let confirm = format!("undo {execution} confirm ");
            let code = self.said(&world, "what an undo would take back", |text| {
                let (_, after) = text.split_once(&confirm)?;
                Some(after.chars().take_while(char::is_ascii_hexdigit).collect::<String>())
            });
            let code = code.await;
            let undo = world.start_by((self.on_ticket)(&format!("@ticketsmith {confirm}{code}"))).await;
            self.ends(&world, &undo).await;
        }
        world
    }

    /// Follows an execution to its end and its last message, and approves its questions.
    async fn ends(&self, world: &World, execution: &str) {
        let answered = RefCell::new(BTreeSet::new());
        let what = format!("the end of {execution} in {}", self.name);
        let ended = eventually(&what, LIMIT, async || {
            let view = world.execution(execution).await;
            let steps = view["steps"].as_array().unwrap().iter().filter(|step| step["status"] == "running");
            let asking = steps.filter_map(|step| step["name"].as_str()).find(|name| name.contains("Approve"));
            let asking = asking.filter(|_| !view["question"].is_null()).map(str::to_owned);
            let is_new = asking.is_some_and(|step| answered.borrow_mut().insert(step));
            if is_new {
                world.deliver((self.on_ticket)("@ticketsmith approve")).await;
            }
            (!view["ended_at"].is_null()).then_some(view)
        })
        .await;
        assert_eq!(ended["outcome"], "succeeded", "{}: {ended:#}", self.name);
        let told = |text: &str| (text.contains(execution) && text.contains("took ")).then_some(());
        self.said(world, "the last word", told).await;
    }

    /// Waits for a text anywhere in the services.
    async fn said<T>(&self, world: &World, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        eventually(&format!("{what} in {}", self.name), LIMIT, async || {
            let state = world.state().await;
            let mut found = Vec::new();
            texts(&state, &mut found);
            found.into_iter().find_map(&find)
        })
        .await
    }
}

#[tokio::test]
async fn the_stacks_leave_equal_records_but_for_names() {
    let names = Names::read();
    let (default, gitlab, github) = tokio::join!(DEFAULT.played(), GITLAB.played(), GITHUB.played());
    for (stack, world) in [(&GITLAB, &gitlab), (&GITHUB, &github)] {
        let differ = RefCell::new(String::new());
        let equal = async || {
            let records = |stack: &Stack, world: &World| Records::of(world.folder(), stack.name);
            let told = names.differences(&records(&DEFAULT, &default), &records(stack, world));
            let is_equal = told.is_empty();
            *differ.borrow_mut() = told;
            is_equal.then_some(())
        };
        let waited = tokio::time::timeout(SETTLED, eventually("equal records", SETTLED * 2, equal)).await;
        assert!(waited.is_ok(), "default and {} differ:\n{}", stack.name, differ.borrow());
    }
    for world in [default, gitlab, github] {
        world.finish().await;
    }
}
