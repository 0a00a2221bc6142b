//! Steps that wait, and what others learn from their records.

use crate::world::{BRANCH, RUN, World, now};
use domain::event::{Actor, Confirmation, EventSpec, EventSpecs};
use domain::execution::ExecutionInput;
use domain::routes::{Concurrency, Routes};
use domain::{EventName, SourceName};
use records::NewExecution;
use serde_json::{Map, json};

#[tokio::test]
async fn a_wait_for_checks_has_the_code_host_asked() {
    let world = World::start().await;
    let spec = |name: &'static str| {
        EventSpec::new(EventName::from_static(name), "It happened.").matched_by(["repository", "sha"])
    };
    let checks = spec("github.checks_completed").confirmed_by(Confirmation::Checks);
    let events = EventSpecs::new([checks, spec("github.other")]);
    world.table.put_routes(&Routes { events, ..Routes::default() }).await.unwrap();
    let input = ExecutionInput::new(Map::new(), Some("SHOP".into()), None);
    let new = NewExecution::new(EventName::API_RUN, "d".into(), "development".into(), None, input, now());
    world.table.begin(&new, Concurrency::Any).await.unwrap();
    let run = format!("arn:aws:states:us-east-1:000000000000:execution:development:{}", new.name);
    world.table.mark_started(&new.name, &run, now()).await.unwrap();
    for (state, event) in [("WaitForOther", "github.other"), ("WaitForChecks", "github.checks_completed")] {
        let input = json!({"event": event, "match": {"repository": "acme/shop", "sha": "0a1b"}});
        let payload = json!({"v": 1, "run": run, "key": format!("{run}/{state}"), "project": "SHOP",
            "actor": null, "input": input, "task_token": "token"});
        world.dispatch("await_event", payload).await.unwrap();
    }
    let inquiries = world.table.inquiries().await.unwrap();
    assert_eq!(inquiries.len(), 1, "{inquiries:?}");
    assert_eq!(
        (inquiries[0].key.as_str(), inquiries[0].reported),
        ("github.checks_completed/acme/shop/0a1b", false)
    );
    assert_eq!(world.table.waits_of(&new.name).await.unwrap().len(), 2);
}

#[tokio::test]
async fn whose_a_branch_is_is_known_before_it_is_committed_to() {
    let world = World::start().await;
    let file = json!({"path": "a.txt", "content": "1", "executable": false});
    let input = json!({"branch": BRANCH, "files": [file], "message": "Add a"});
    world.fault(json!({"service": "github", "method": "POST", "path": "/git/trees$", "status": 422, "body": {"message": "no"}}));
    world.step("Commit", "commit_changes", input).await.unwrap_err();
    let (repository, branch) = ("acme/shop".parse().unwrap(), BRANCH.parse().unwrap());
    let own = world.table.own_branch(&repository, &branch).await.unwrap().unwrap();
    assert_eq!((own.run.as_str(), own.project.as_str()), (RUN, "SHOP"));
    let ada = SourceName::from_static("jira");
    assert!(matches!(own.actor, Some(Actor { source, person: Some(_), .. }) if source == ada));
}
