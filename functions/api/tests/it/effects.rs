//! Every operation that changes something is proven by what comes of it: in the simulated services, in the next execution, or in the next
//! request. The list names a test for each; those that no other file has are here.

use crate::seeded::{ACCOUNT, SOURCE, agent, claimed_link, end, question};
use crate::statuses::{assert_test, operations};
use crate::world::World;
use axum::http::Method;
use domain::configuration::Notice;
use records::{LinkSide, Topic};
use serde_json::json;
use std::collections::BTreeSet;

const HERE: &str = "functions/api/tests/it/effects.rs";
const SIGN_IN: &str = "functions/api/tests/it/sign_in.rs";
const OF_API: &str = "tests/whole_system/api.rs";
const OF_IDENTITY: &str = "tests/whole_system/identity.rs";
const OF_PEOPLE: &str = "tests/whole_system/people.rs";
const OF_PLUGINS: &str = "tests/whole_system/plugins.rs";
const OF_PROJECTS: &str = "tests/whole_system/projects.rs";

const ASSIGNED: &str = "a_ticket_that_is_assigned_becomes_a_pull_request_and_can_be_undone";
const STEERED: &str = "questions_are_answered_and_work_is_stopped_and_continued";
const CHANGED: &str = "a_ticket_is_created_changed_and_taken_back";
const JOINED: &str = "an_account_is_joined_by_both_sides_until_it_is_separated";
const ADDED: &str = "whoever_is_added_by_the_api_is_known_at_every_entrance_until_they_are_removed";
const CREATED: &str = "a_label_on_a_ticket_of_a_created_project_becomes_a_pull_request_until_it_is_deleted";
const USED: &str = "a_service_that_is_added_is_used_at_once_until_it_is_removed";
const SIGNED_IN: &str = "a_program_signs_in_with_a_token_until_it_is_revoked";

/// Each operation that does more than read, with a test that sees its effect.
const PROOFS: &[(&str, &str, &str)] = &[
    ("answer_approval", OF_API, STEERED),
    ("assign_task_to_agent", OF_API, ASSIGNED),
    ("begin_link", HERE, JOINED),
    (
        "choose_notices",
        HERE,
        "what_somebody_chooses_to_be_told_is_kept_until_they_leave_it_to_the_configuration",
    ),
    ("confirm_link", HERE, JOINED),
    (
        "create_event_ticket",
        "tests/whole_system/live.rs",
        "a_socket_opens_with_a_ticket_once_and_for_its_own_host_and_origin",
    ),
    ("create_person", OF_PEOPLE, ADDED),
    ("create_plugin", OF_PLUGINS, USED),
    ("create_project", OF_PROJECTS, CREATED),
    ("create_token", OF_IDENTITY, SIGNED_IN),
    ("delete_person", OF_PEOPLE, ADDED),
    ("delete_plugin", OF_PLUGINS, USED),
    ("delete_project", OF_PROJECTS, CREATED),
    ("end_session", SIGN_IN, "a_browsers_session_needs_its_proof"),
    ("end_sessions_of_user", SIGN_IN, "sessions_of_a_person_end_together_and_only_theirs"),
    ("exchange_ticket", OF_IDENTITY, "a_link_signs_a_browser_in_and_a_new_key_ends_no_session"),
    ("execute_workflow", OF_API, STEERED),
    ("post_task", "tests/whole_system/task_changes.rs", CHANGED),
    ("put_task", "tests/whole_system/task_changes.rs", CHANGED),
    ("redrive_execution", OF_API, STEERED),
    ("replace_person", OF_PEOPLE, ADDED),
    ("replace_plugin_config", OF_PLUGINS, USED),
    ("replace_project", "functions/api/tests/it/projects.rs", "another_process_has_it_in_force_at_once"),
    ("revoke_token", OF_IDENTITY, SIGNED_IN),
    ("separate_account", HERE, JOINED),
    ("show_link", HERE, JOINED),
    ("stop_agent", HERE, "whoever_stops_an_agent_stops_the_execution_that_it_works_in"),
    ("stop_execution", OF_API, STEERED),
    ("undo_execution", OF_API, ASSIGNED),
];

#[test]
fn every_write_is_proven_by_its_effect() {
    let writes: BTreeSet<String> = operations()
        .into_iter()
        .filter(|operation| operation.method != Method::GET)
        .map(|operation| operation.name)
        .collect();
    let proven: BTreeSet<String> = PROOFS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(proven, writes, "PROOFS has a line for each operation that is no GET");
    for (_, file, test) in PROOFS {
        assert_test(file, test);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_chooses_to_be_told_is_kept_until_they_leave_it_to_the_configuration() {
    let world = World::new().await;
    let path = "/api/v1/me/notices";
    let choose = async |body| world.send_as("viewer", Method::PUT, path, None, Some(body)).await;
    let chosen = choose(json!({"notices": ["failed", "done"]})).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text);
    let kept = world.table.notify_choice("viewer").await.unwrap();
    assert_eq!(kept, Some(BTreeSet::from([Notice::Failed, Notice::Done])));
    let shown = world.send_as("viewer", Method::GET, path, None, None).await;
    assert_eq!((&shown.json()["is_chosen"], shown.json()), (&json!(true), chosen.json()));
    assert_eq!(world.table.notify_choice("developer").await.unwrap(), None, "it is nobody else's");
    assert_eq!(choose(json!({"notices": null})).await.json()["is_chosen"], false);
    assert_eq!(world.table.notify_choice("viewer").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_joined_by_both_sides_until_it_is_separated() {
    let world = World::new().await;
    let code = claimed_link(&world).await;
    let link = format!("/api/v1/me/links/{code}");
    let ask = async |method: Method, path: &str| world.send_as("viewer", method, path, None, None).await;
    let shown = ask(Method::POST, &link).await.json();
    assert_eq!((&shown["own"]["source"], &shown["other"]["account"]), (&json!("api"), &json!(ACCOUNT)));
    let confirm = format!("{link}/confirm");
    assert_eq!(ask(Method::POST, &confirm).await.json()["is_joined"], false, "one side is not enough");
    let joined = async || world.table.joined_account(SOURCE.as_str(), ACCOUNT).await.unwrap();
    assert_eq!(joined().await, None);
    world.table.confirm_link_code(&code, LinkSide::Second, world.now()).await.unwrap();
    assert_eq!(ask(Method::POST, &confirm).await.json()["is_joined"], true);
    assert_eq!(joined().await.unwrap().person, "viewer");
    let accounts = ask(Method::GET, "/api/v1/me/accounts").await.json();
    assert_eq!(accounts["accounts"][0]["account"], ACCOUNT, "{accounts}");
    let path = format!("/api/v1/me/accounts/{SOURCE}/{ACCOUNT}");
    let stranger = world.send_as("developer", Method::DELETE, &path, None, None).await;
    assert_eq!((stranger.status, joined().await.is_some()), (404, true), "nobody separates another's");
    assert_eq!((ask(Method::DELETE, &path).await.status, joined().await), (204, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_an_agent_stops_the_execution_that_it_works_in() {
    let world = World::new().await;
    let execution = agent(&world).await;
    let by = async || world.table.execution(&execution).await.unwrap().unwrap().stop_requested_by;
    let stop =
        async |person: &str| world.send_as(person, Method::POST, "/api/v1/agents/s/stop", None, None).await;
    assert_eq!((stop("viewer").await.status, by().await), (403, None));
    let stopped = stop("admin").await;
    assert_eq!((stopped.status, &stopped.json()["execution"]), (202, &json!(execution)), "{}", stopped.text);
    assert_eq!(stopped.headers["location"], format!("/api/v1/executions/{execution}"));
    assert!(by().await.is_some_and(|by| by.contains("admin")), "the execution is asked to stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_a_blank_comment_has_none() {
    let world = World::new().await;
    let name = question(&world).await;
    let (execution, key) = name.split_once('/').unwrap();
    let listed = world.send_as("admin", Method::GET, "/api/v1/approvals", None, None).await.json();
    assert_eq!(listed["items"][0]["details"], "All of the plan.", "a chat may have cut it");
    let path = format!("/api/v1/approvals/{}/answer", listed["items"][0]["id"].as_str().unwrap());
    let body = json!({"approved": true, "comment": " "});
    assert_eq!(world.send_as("admin", Method::POST, &path, None, Some(body)).await.status, 200);
    let topic = Topic::Approval(execution.to_owned()).to_string();
    let answer = world.table.waiter(&topic, key).await.unwrap().unwrap().answer.unwrap();
    assert_eq!((answer.approved, answer.comment), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_execution_has_ended_is_not_at_work() {
    let world = World::new().await;
    let execution = agent(&world).await;
    let ask = async |path: &str| world.send_as("viewer", Method::GET, path, None, None).await.json();
    let status = async || ask("/api/v1/agents/s/status").await["status"].clone();
    assert_eq!(
        (&ask("/api/v1/agents").await["items"][0]["id"], status().await),
        (&json!("s"), json!("thinking"))
    );
    end(&world, &execution).await;
    assert_eq!((&ask("/api/v1/agents").await["items"], status().await), (&json!([]), json!("done")));
    let own = ask(&format!("/api/v1/agents?execution={execution}")).await;
    let items = own["items"].as_array().unwrap();
    assert!(items.iter().all(|agent| agent["status"] == "done"), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_does_not_exist_starts_nothing_and_the_nearest_is_named() {
    let world = World::new().await;
    let admin = world.session("admin");
    let body = json!({"workflow": "developmnt", "inputs": {"task_id": "SHOP-1"}});
    let refused =
        world.ask(Method::POST, "/api/v1/workflows/execute", Some(&admin), Some(body.clone())).await;
    refused.refuses(&body, &[("/workflow", "unknown workflow; did you mean `development`? accepted: ")]);
    let executions = world.ask(Method::GET, "/api/v1/executions", Some(&admin), None).await;
    assert_eq!(executions.json()["items"], json!([]), "{}", executions.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_are_too_large_are_refused_at_their_place() {
    let world = World::new().await;
    let admin = world.session("admin");
    let inputs = json!({"name": "scaffold", "plan": "x".repeat(205 * 1024)});
    let body = json!({"workflow": "scaffold", "project": "SHOP", "inputs": inputs});
    let refused = world.ask(Method::POST, "/api/v1/workflows/execute", Some(&admin), Some(body)).await;
    refused.refuses(&json!("205 KiB"), &[("/inputs", "too large; accepted: at most 200 KiB of JSON")]);
}
