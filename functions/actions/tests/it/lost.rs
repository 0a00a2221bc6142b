//! Effects whose answer was lost: nothing gives them up, nothing makes them twice, and a rollback looks for them.

use crate::world::{BRANCH, RUN, World};
use domain::execution::Inverse;
use domain::plugins::Mark;
use domain::{ActionError, ActionId, Clock, ErrorKind};
use jiff::SignedDuration;
use records::{EffectEnd, EffectStatus, NewEffect};
use serde_json::{Value, json};

/// Performs a step whose answer is lost after the service did its work.
async fn lose(world: &World, fault: Value, state: &str, action: &str, input: Value) {
    world.fault(fault);
    let lost = world.step(state, action, input).await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Unavailable, "{lost}");
}

fn lost(service: &str, method: &str, path: &str) -> Value {
    json!({"service": service, "method": method, "path": path, "truncated": true, "after_effect": true})
}

async fn status(world: &World, state: &str) -> EffectStatus {
    world.table.effect(RUN, &format!("{RUN}/{state}")).await.unwrap().unwrap().status
}

/// The calls that looked for an effect or took it back, with their success.
fn kinds(taken_back: &[(String, Result<Value, ActionError>)]) -> Vec<(&str, bool)> {
    taken_back.iter().map(|(action, result)| (action.as_str(), result.is_ok())).collect()
}

#[tokio::test]
async fn no_error_after_a_request_has_left_gives_an_effect_up() {
    let world = World::start().await;
    let implementation = world.implementation().await.unwrap();
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();

    // The pull request is opened; that its files cannot be read does not mean that it is not there.
    world.fault(json!({"service": "github", "method": "GET", "path": "/files$", "status": 403}));
    let input = json!({"source_branch": BRANCH, "title": "Discounts"});
    let error = world.step("Open", "create_pull_request", input.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert_eq!(status(&world, "Open").await, EffectStatus::Sent);

    // Nor does it mean so that the next attempt may not look.
    world.fault(json!({"service": "github", "method": "GET", "path": "/pulls$", "status": 403}));
    let error = world.step("Open", "create_pull_request", input.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert_eq!(status(&world, "Open").await, EffectStatus::Sent);

    let opened = world.step("Open", "create_pull_request", input).await.unwrap();
    assert_eq!(opened["created"], true, "it is ours, although two errors came between");
    assert_eq!(world.requests("github", "POST", "/pulls").len(), 1);

    let input = json!({"task_id": "SHOP-1", "comment": "Done"});
    lose(&world, lost("jira", "POST", "/comment$"), "Comment", "add_comment", input.clone()).await;
    world.fault(json!({"service": "jira", "method": "GET", "path": "/comment$", "status": 403}));
    let error = world.step("Comment", "add_comment", input.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert_eq!(status(&world, "Comment").await, EffectStatus::Sent);
    world.step("Comment", "add_comment", input).await.unwrap();
    assert_eq!(world.requests("jira", "POST", "/comment").len(), 1);
}

#[tokio::test]
async fn what_was_refused_is_neither_there_nor_looked_for() {
    let world = World::start().await;
    let input = json!({"task_id": "SHOP-404", "comment": "Done"});
    let error = world.step("Comment", "add_comment", input).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert_eq!(status(&world, "Comment").await, EffectStatus::Sent);
    assert!(world.roll_back().await.is_empty());
}

#[tokio::test]
async fn a_rollback_looks_for_every_effect_whose_answer_was_lost_and_takes_it_back() {
    let world = World::start().await;
    let branch = json!({"branch": BRANCH});
    lose(&world, lost("github", "POST", "/git/refs$"), "CreateBranch", "create_branch", branch).await;
    let taken_back = world.roll_back().await;
    assert_eq!(kinds(&taken_back), [("create_branch", true), ("delete_branch", true)], "{taken_back:?}");
    assert_eq!(world.branch(BRANCH).await, None);

    let world = World::start().await;
    let implementation = world.implementation().await.unwrap();
    let commit = json!({"branch": BRANCH, "implementation": implementation});
    lose(&world, lost("github", "POST", "/graphql$"), "Commit", "commit_changes", commit).await;
    let taken_back = world.roll_back().await;
    let expected = [("commit_changes", true), ("revert_commit", true), ("delete_branch", true)];
    assert_eq!(kinds(&taken_back), expected, "{taken_back:?}");
    assert_eq!(world.branch(BRANCH).await, None);

    let world = World::start().await;
    let commit = json!({"branch": BRANCH, "implementation": world.implementation().await.unwrap()});
    world.step("Commit", "commit_changes", commit).await.unwrap();
    let open = json!({"source_branch": BRANCH, "title": "Discounts"});
    lose(&world, lost("github", "POST", "/pulls$"), "Open", "create_pull_request", open).await;
    let moved = json!({"task_id": "SHOP-1", "status": "in_review"});
    // An answer without a body cannot break off in it.
    let unanswered = json!({"service": "jira", "method": "POST", "path": "/transitions$", "status": 502, "after_effect": true});
    lose(&world, unanswered, "Move", "update_task_status", moved).await;
    let page = json!({"template_type": "feature_documentation", "title": "Discounts", "content": "How."});
    lose(&world, lost("confluence", "POST", "/pages$"), "Page", "create_page_from_template", page).await;
    let message = json!({"message": "Done"});
    lose(&world, lost("slack", "POST", "chat.postMessage"), "Tell", "send_message", message).await;
    let taken_back = world.roll_back().await;
    let expected = [
        ("send_message", true),
        ("create_page_from_template", true),
        ("update_task_status", true),
        ("create_pull_request", true),
        ("delete_page", true),
        ("update_task_status", true),
        ("close_pull_request", true),
        ("revert_commit", true),
        ("delete_branch", true),
    ];
    assert_eq!(kinds(&taken_back), expected, "{taken_back:?}");
    assert_eq!(world.task().await["status"], "To Do");
    assert_eq!(world.branch(BRANCH).await, None);
    world.assert_no_violations();
}

#[tokio::test]
async fn what_was_never_there_is_not_taken_back() {
    let world = World::start().await;
    let unanswered = json!({"service": "github", "method": "POST", "path": "/git/refs$", "status": 502});
    lose(&world, unanswered, "CreateBranch", "create_branch", json!({"branch": BRANCH})).await;
    let taken_back = world.roll_back().await;
    assert_eq!(kinds(&taken_back), [("create_branch", true)], "{taken_back:?}");
    assert_eq!(status(&world, "CreateBranch").await, EffectStatus::Abandoned);
}

#[tokio::test]
async fn what_nobody_can_tell_is_named_with_a_place_to_look() {
    let world = World::start().await;
    let fault = lost("github", "POST", "/git/refs$");
    lose(&world, fault, "CreateBranch", "create_branch", json!({"branch": BRANCH})).await;
    world
        .fault(json!({"service": "github", "method": "GET", "path": "/git/ref/", "status": 403, "times": 9}));
    let taken_back = world.roll_back().await;
    assert_eq!(kinds(&taken_back), [("create_branch", false)], "{taken_back:?}");
    let told = taken_back[0].1.as_ref().unwrap_err().message.clone();
    assert!(told.starts_with("it is uncertain whether it happened: "), "{told}");
    assert!(told.contains("; look at ") && told.ends_with(&format!("/acme/shop/tree/{BRANCH}")), "{told}");
}

#[tokio::test]
async fn a_rollback_leaves_what_somebody_built_on_a_branch_whose_answer_was_lost() {
    let world = World::start().await;
    let fault = lost("github", "POST", "/git/refs$");
    lose(&world, fault, "CreateBranch", "create_branch", json!({"branch": BRANCH})).await;
    let file =
        json!({"branch": BRANCH, "message": "More", "files": [{"path": "more.txt", "content": "more\n"}]});
    let pushed = world.step("SomebodyElse", "commit_changes", file).await.unwrap();
    let key = format!("{RUN}/SomebodyElse");
    world.table.mark_undone(RUN, &key, world.clock.now()).await.unwrap();
    let taken_back = world.roll_back().await;
    assert_eq!(kinds(&taken_back), [("create_branch", true), ("delete_branch", false)], "{taken_back:?}");
    assert_eq!(world.branch(BRANCH).await.as_deref(), pushed["sha"].as_str());
}

/// Jira's search lags, so that it shows nothing does not mean that nothing is there.
#[tokio::test]
async fn a_ticket_whose_answer_was_lost_is_not_created_again_by_itself() {
    for action in ["create_task", "create_epic"] {
        let world = World::start().await;
        let input = json!({"title": "Follow up"});
        lose(&world, lost("jira", "POST", "/issue$"), "Ticket", action, input.clone()).await;
        let error = world.step("Ticket", action, input.clone()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unconfirmed, "{error}");
        assert!(
            error.message.contains("Follow up") && error.message.contains("/issues/?jql=labels"),
            "{error}"
        );
        world.clock.advance(SignedDuration::from_mins(5));
        let created = world.step("Ticket", action, input).await.unwrap();
        assert!(created["task_id"].as_str().unwrap().starts_with("SHOP-"), "{created}");
        assert_eq!(world.requests("jira", "POST", "/issue").len(), 1);
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn a_delivery_shows_a_ticket_before_the_search_does() {
    let world = World::start().await;
    let input = json!({"title": "Follow up"});
    lose(&world, lost("jira", "POST", "/issue$"), "Ticket", "create_task", input.clone()).await;
    let mark = Mark { key: format!("{RUN}/Ticket"), at: world.clock.now() };
    world.table.put_creation(&mark.digest(), "SHOP-77", world.clock.now()).await.unwrap();
    let created = world.step("Ticket", "create_task", input).await.unwrap();
    assert_eq!(created["task_id"], "SHOP-77");
    assert!(created["url"].as_str().unwrap().ends_with("/browse/SHOP-77"), "{created}");
}

#[tokio::test]
async fn a_ticket_is_created_again_once_people_said_that_it_is_not_there() {
    let world = World::start().await;
    let input = json!({"title": "Follow up"});
    let unanswered = json!({"service": "jira", "method": "POST", "path": "/issue$", "status": 502});
    lose(&world, unanswered.clone(), "Ticket", "create_task", input.clone()).await;
    world.clock.advance(SignedDuration::from_hours(1));
    let error = world.step("Ticket", "create_task", input.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unconfirmed, "{error}");
    let key = format!("{RUN}/Ticket");
    world.table.effect_asked(RUN, &key, world.clock.now()).await.unwrap();
    // That answer is lost as well: people's earlier answer says nothing about this request.
    lose(&world, unanswered, "Ticket", "create_task", input.clone()).await;
    let error = world.step("Ticket", "create_task", input.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unconfirmed, "{error}");
    world.table.effect_asked(RUN, &key, world.clock.now()).await.unwrap();
    world.step("Ticket", "create_task", input).await.unwrap();
    assert_eq!(world.requests("jira", "POST", "/issue").len(), 1);
}

#[tokio::test]
async fn a_rollback_names_a_ticket_that_nothing_shows() {
    let world = World::start().await;
    let unanswered = json!({"service": "jira", "method": "POST", "path": "/issue$", "status": 502});
    lose(&world, unanswered, "Ticket", "create_task", json!({"title": "Follow up"})).await;
    // Not even the question to people makes it certain.
    world.table.effect_asked(RUN, &format!("{RUN}/Ticket"), world.clock.now()).await.unwrap();
    let taken_back = world.roll_back().await;
    assert_eq!(kinds(&taken_back), [("create_task", false)], "{taken_back:?}");
    let told = taken_back[0].1.as_ref().unwrap_err();
    assert_eq!(told.kind, ErrorKind::Unconfirmed);
    assert!(told.message.contains("; look at http"), "{told}");
}

#[tokio::test]
async fn effects_are_listed_in_pages_that_fit_into_a_state() {
    let world = World::start().await;
    let now = world.clock.now();
    let large = |number: usize| if number < 5 { "x".repeat(60 * 1024) } else { String::new() };
    for number in 0..250 {
        let key = format!("{RUN}/S.{number}");
        let new = NewEffect {
            run: RUN.into(),
            key: key.clone(),
            action: ActionId::literal("add_comment"),
            existed: false,
            holder: "one".into(),
            at: now,
            lease_until: now,
            request: None,
        };
        world.table.intend(&new).await.unwrap();
        let input = json!({"task_id": "SHOP-1", "comment": large(number)});
        let inverse = Some(Inverse { action: ActionId::literal("add_comment"), input });
        let end = EffectEnd { output: json!({}), inverse, cost: None, at: now };
        world.table.effect_done(RUN, &key, "one", &end).await.unwrap();
    }
    let (mut page, mut sizes, mut keys) = (json!(0), Vec::new(), Vec::new());
    while !page.is_null() {
        let listed = world.step("Rollback", "list_effects", json!({"page": page})).await.unwrap();
        assert!(listed.to_string().len() < 200 * 1024);
        let effects = listed["effects"].as_array().unwrap();
        sizes.push(effects.len());
        keys.extend(effects.iter().map(|effect| effect["key"].as_str().unwrap().to_owned()));
        page = listed["next"].clone();
    }
    assert_eq!(sizes, [100, 100, 47, 2, 1]);
    let newest_first: Vec<String> = (0..250).rev().map(|number| format!("{RUN}/S.{number}")).collect();
    assert_eq!(keys, newest_first);
}

#[tokio::test]
async fn an_unknown_run_is_refused_and_a_known_one_found_by_its_name() {
    let world = World::start().await;
    let list = async |run: &str| world.step("TakeBack", "list_effects", json!({"run": run, "page": 0})).await;
    for unknown in ["nonsense", "arn:aws:states:us-east-1:000000000000:execution:development:nonsense"] {
        let error = list(unknown).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
        assert!(error.message.contains(&format!("there is no run `{unknown}`")), "{error}");
    }
    world.step("CreateBranch", "create_branch", json!({"branch": BRANCH})).await.unwrap();
    assert_eq!(list(RUN).await.unwrap()["effects"][0]["action"], "create_branch");
}

#[tokio::test]
async fn a_long_inverse_is_cut_as_outputs_are() {
    let world = World::start().await;
    let long = "x".repeat(60 * 1024);
    let payload = json!({
        "v": 1, "run": RUN, "key": format!("{RUN}/Tell"), "project": "SHOP", "actor": null,
        "input": {"message": "Done"},
        "inverse": {"action": "add_comment", "input": {"task_id": "SHOP-1", "comment": long}},
    });
    world.dispatch("send_message", payload).await.unwrap();
    let kept = world.table.effect(RUN, &format!("{RUN}/Tell")).await.unwrap().unwrap().inverse.unwrap();
    let comment = kept.input["comment"].as_str().unwrap();
    assert!(comment.len() <= 32 * 1024 && comment.ends_with("32 KiB)"), "{}", comment.len());
}
