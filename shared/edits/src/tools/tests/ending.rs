//! Plans, questions, the end.

use super::world::World;
use super::*;
use crate::state::PlanStatus;

fn done(more: Value) -> Value {
    let mut input = json!({
        "outcome": "done", "summary": "Fixed.", "pr_title": "Fix", "pr_description": "It is fixed.", "commit_message": "Fix",
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn plan(statuses: &[&str]) -> Value {
    let items: Vec<_> =
        statuses.iter().map(|status| json!({"text": format!("item {status}"), "status": status})).collect();
    json!({"items": items, "notes": "remember"})
}

#[test]
fn a_plan_is_progress() {
    let mut world = World::new();
    assert_eq!(
        world.told("update_plan", plan(&["done", "in_progress", "open", "dropped"]), ""),
        "Plan: 1 of 3 done."
    );
    assert_eq!(world.state.plan[1].status, PlanStatus::InProgress);
    assert_eq!(world.state.notes.as_deref(), Some("remember"));
    world.told("update_plan", json!({"items": []}), "Plan: 0 of 0 done.");
    assert_eq!(world.state.notes.as_deref(), Some("remember"), "notes stay until there are others");
    world.refused(
        "update_plan",
        json!({"items": [{"text": " ", "status": "done"}]}),
        "`items[0].text` is empty",
    );
}

#[test]
fn a_question_is_asked() {
    let mut world = World::new();
    let end = world.call("ask_person", json!({"question": "Which?", "options": ["a", "b"], "notes": "n"}));
    assert_eq!(end, ToolEnd::Ask(Question { text: "Which?".into(), options: vec!["a".into(), "b".into()] }));
    assert_eq!(world.state.notes.as_deref(), Some("n"));
    world.refused("ask_person", json!({"question": " "}), "`question` is empty");
    world.refused("ask_person", json!({"question": "?", "options": ["a", "a"]}), "there twice");
}

#[test]
fn an_end_fits_what_was_done() {
    let mut world = World::new();
    world.refused("finish", done(json!({})), "Nothing has changed.");
    world.refused("finish", done(json!({"open_points": [" "]})), "Nothing has changed.");
    world.told("write_file", json!({"path": "new", "content": "x"}), "Created");
    world.refused(
        "finish",
        done(json!({"pr_title": " "})),
        "`pr_title` is missing or empty: the outcome done needs it",
    );
    world.refused("finish", json!({"outcome": "done", "summary": "x"}), "`pr_title` is missing");
    world.refused("finish", json!({"outcome": "blocked", "summary": " "}), "`summary` is empty");
    world.told("update_plan", plan(&["done", "open"]), "");
    let open = world.refused("finish", done(json!({})), "1 of the plan's 2 items are not done: `item open`.");
    assert!(open.contains("open_points"), "{open}");
    let end = world
        .call("finish", done(json!({"open_points": ["left for later"], "tests": "none", "notes": "end"})));
    let ToolEnd::Finish(finish) = end else { panic!("{end:?}") };
    assert_eq!(
        (finish.outcome, finish.pr_title.as_str(), finish.open_points.len()),
        (Outcome::Done, "Fix", 1)
    );
    assert_eq!(world.state.notes.as_deref(), Some("end"));
    world.told("update_plan", plan(&["done", "dropped"]), "");
    let open = done(json!({"pr_description": "As in\n```\na"}));
    let ToolEnd::Finish(finish) = world.call("finish", open) else { panic!("it ends") };
    assert_eq!(finish.pr_description, "As in\n```\na\n```", "what follows is no code");
}

#[test]
fn an_end_without_a_change_says_why() {
    let mut world = World::new();
    let end = |outcome: &str| json!({"outcome": outcome, "summary": "It is so already."});
    assert!(matches!(world.call("finish", end("nothing_to_do")), ToolEnd::Finish(_)));
    assert!(matches!(world.call("finish", end("blocked")), ToolEnd::Finish(_)));
    assert!(matches!(world.call("finish", done(json!({"open_points": ["x"]}))), ToolEnd::Finish(_)));
    world.told("write_file", json!({"path": "new", "content": "x"}), "Created");
    world.refused(
        "finish",
        end("nothing_to_do"),
        "You have changed files, which nothing_to_do would throw away: `new`",
    );
    assert!(matches!(world.call("finish", end("blocked")), ToolEnd::Finish(_)));
}

#[test]
fn who_can_change_nothing_is_done_with_words() {
    let mut world = World::new();
    world.tools = vec!["read_file".to_owned()];
    assert!(matches!(
        world.call("finish", json!({"outcome": "done", "summary": "Reviewed."})),
        ToolEnd::Finish(_)
    ));
}
