//! A right in one project reaches no other: every action refuses what its input names there, whatever the workflow made that input of.

use crate::every_provider::use_provider;
use crate::world::{EXECUTION, RUN, World, now};
use actions::actions::ALL;
use control::{Authority, Directory, PROSE, WorkflowRequest, plan};
use domain::configuration::Configuration;
use domain::execution::ExecutionInput;
use domain::routes::{Concurrency, Routes};
use domain::{ActionError, Actor, ErrorKind, EventName, Grant, PluginType, SourceName};
use records::{NewEffect, NewExecution};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const REPOSITORY: &str = "acme/ops";

/// Adds a second project, OPS, in the same services. `dev` may start work in the first one, `lead` in both.
fn add_ops(world: &mut simulators::World) {
    let configuration = &mut world.configuration;
    let mut ops = configuration["projects"][0].clone();
    let own = ops["key"].as_str().unwrap().to_owned();
    for (field, value) in
        [("key", "OPS"), ("repository", REPOSITORY), ("channel", "#ops-dev"), ("space", "OPSDOC")]
    {
        ops[field] = json!(value);
    }
    ops["may_trigger"] = json!(["leads"]);
    configuration["projects"].as_array_mut().unwrap().push(ops);
    configuration["groups"]["leads"] = json!(["lead"]);
    let roles = json!({ own: ["developer"] });
    let users = configuration["users"].as_array_mut().unwrap();
    users.push(json!({"name": "dev", "roles": roles}));
    users.push(json!({"name": "lead", "roles": roles}));
    if let Some(jira) = world.section_mut::<simulators::jira::World>("jira") {
        let ops = simulators::jira::Project { key: "OPS".into(), ..jira.projects[0].clone() };
        jira.projects.push(ops);
    }
}

async fn two_projects() -> World {
    let world = World::start_with(add_ops).await;
    world.table.admit_run(RUN, Grant::Configuration, now()).await.unwrap();
    world
}

fn person(name: &str) -> Value {
    json!({"source": "api", "id": name})
}

impl World {
    /// Performs a step of an execution that works on the first project.
    async fn act(&self, actor: Value, state: &str, action: &str, input: Value) -> Result<Value, ActionError> {
        let payload = json!({
            "v": 2, "run": RUN, "key": format!("{RUN}/{state}"), "project": "SHOP", "actor": actor, "input": input, "task_token": "t",
        });
        self.dispatch(action, payload).await
    }

    async fn record(&self, input: ExecutionInput) {
        let (trigger, now) = (EventName::API_REQUEST, now());
        let new = NewExecution::new(trigger, "d".into(), "fan_out".into(), None, input, now);
        let new = NewExecution { name: EXECUTION.into(), ..new };
        self.table.begin(&new, Concurrency::Any).await.unwrap();
        self.table.mark_started(EXECUTION, RUN, now).await.unwrap();
    }

    fn configuration(&self) -> Configuration {
        serde_saphyr::from_str(&self.simulation.configuration()).unwrap()
    }
}

/// Asserts that somebody was refused for the right that is missing in OPS.
fn assert_refused(result: Result<Value, ActionError>, who: &str, what: &str) {
    assert!(result.is_err(), "{what}: {result:?}");
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{what}: {error}");
    assert!(error.message.contains("belongs to OPS, and this execution works on "), "{what}: {error}");
    assert!(error.message.contains(&format!("{who} may not start work on OPS")), "{what}: {error}");
}

#[tokio::test]
async fn an_input_passed_on_under_another_name_reaches_no_other_project() {
    let world = two_projects().await;
    let configuration = Arc::new(world.configuration());
    let references = Arc::new(providers::references(&configuration));
    let routes: Routes = serde_json::from_value(json!({"workflows": {"fan_out": {
        "title": "Fan out", "triggers": [], "inputs": {"team": {"type": "string"}, "number": {"type": "integer"}},
    }}}))
    .unwrap();
    let dev = Actor { source: SourceName::API, id: "dev".into(), display_name: None, person: None };
    let request = WorkflowRequest {
        workflow: "fan_out".into(),
        inputs: json!({"team": "OPS", "number": 1}).as_object().cloned().unwrap(),
        project: Some("SHOP".into()),
        actor: configuration.identify(dev),
        authority: Authority::Roles,
        trigger: EventName::API_REQUEST,
        delivery: "d".into(),
        concurrency: Concurrency::Any,
    };
    // At the start, a word is only a word.
    let start = plan(&Directory::new(configuration, references), &routes, request).unwrap();
    let (team, number) = (start.input.inputs["team"].clone(), start.input.inputs["number"].clone());
    world.record(start.input).await;

    // `project: ${team}`
    let create = json!({"title": "x", "project": team});
    assert_refused(
        world.act(person("dev"), "Create", "create_task", create.clone()).await,
        "dev",
        "create_task",
    );
    // `task_id: ${team & '-' & number}`
    let comment = json!({"task_id": format!("{}-{number}", team.as_str().unwrap()), "comment": "x"});
    assert_refused(world.act(person("dev"), "Say", "add_comment", comment).await, "dev", "add_comment");
    assert_eq!(world.changes(), 0);

    let created = world.act(person("lead"), "Create", "create_task", create).await.unwrap();
    assert!(created["task_id"].as_str().unwrap().starts_with("OPS-"), "{created}");
    world.act(person("dev"), "Own", "create_task", json!({"title": "x", "project": "SHOP"})).await.unwrap();
    world.assert_no_violations();
}

#[tokio::test]
async fn every_action_refuses_what_its_input_names_in_another_project() {
    let world = two_projects().await;
    let ticket = json!("OPS-1");
    let mut checked = 0;
    for action in ALL.iter().filter(|action| !action.spec.admits && !action.spec.authorizes) {
        let schema = action.input_schema();
        let fields: Vec<String> =
            schema["properties"].as_object().into_iter().flatten().map(|(field, _)| field.clone()).collect();
        for field in fields {
            let named = match field.as_str() {
                "task_id" | "epic" => ticket.clone(),
                "task" => json!({"task_id": ticket, "title": "x"}),
                "any" => json!([{"event": "ticket.commented", "match": {"task_id": ticket}}]),
                "match" => json!({"task_id": ticket}),
                "project" => json!("OPS"),
                "repository" => json!(REPOSITORY),
                "pull_request" => json!(format!("{REPOSITORY}#1")),
                "channel" => json!("#ops-dev"),
                "space" | "page_id" | "parent" => json!("OPSDOC"),
                _ => continue,
            };
            let (name, input) = (action.spec.name, json!({ &field: named }));
            let what = format!("{name} {input}");
            assert_refused(
                world.act(person("dev"), &format!("{name}-{field}"), name, input).await,
                "dev",
                &what,
            );
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
    assert!(world.simulation.log().is_empty(), "nothing was asked");
}

#[test]
fn what_is_not_checked_is_plain_text_in_every_action() {
    let mut found = BTreeSet::new();
    for action in ALL {
        let schema = action.input_schema();
        for (field, value) in schema["properties"].as_object().into_iter().flatten() {
            if PROSE.contains(&field.as_str()) {
                let kind = &value["type"];
                let is_text = *kind == json!("string") || *kind == json!(["string", "null"]);
                assert!(is_text && value.get("format").is_none(), "{} {field}: {value}", action.spec.name);
                found.insert(field.clone());
            }
        }
    }
    assert!(found.iter().eq(PROSE), "in order, and each is in an action: {found:?}");
}

#[tokio::test]
async fn a_persons_answer_that_is_only_a_ticket_is_passed_on() {
    let world = two_projects().await;
    let comment = json!({"task_id": "SHOP-1", "comment": "OPS-7"});
    world.act(person("dev"), "Say", "add_comment", comment).await.unwrap();
    let answer = json!({"session": "none", "answer": "OPS-7"});
    let error = world.act(person("dev"), "Answer", "answer_session", answer).await.unwrap_err();
    assert!(!error.message.contains("OPS"), "it is refused only because there is no such session: {error}");
    world.assert_no_violations();
}

#[tokio::test]
async fn tickets_and_repositories_of_every_provider_are_known() {
    let mut providers = 0;
    for spec in providers::ALL.iter().filter(|spec| !spec.references.is_empty()) {
        for plugin in [PluginType::TaskManagement, PluginType::VersionControl] {
            if !spec.serves.contains(&plugin) {
                continue;
            }
            let mut own = String::new();
            let world = World::start_with(|world| {
                own = use_provider(world, spec.id, plugin).project;
                add_ops(world);
            })
            .await;
            let mut ops = world.configuration();
            ops.projects.retain(|project| project.key == "OPS");
            let mut named = providers::references(&ops).examples();
            assert!(!named.is_empty(), "{}", spec.id);
            if plugin == PluginType::VersionControl {
                named.extend([
                    REPOSITORY.to_owned(),
                    providers::repository_url(&ops, &ops.projects[0]).unwrap(),
                ]);
            }
            for (number, name) in named.into_iter().enumerate() {
                let payload = json!({
                    "v": 1, "run": RUN, "key": format!("{RUN}/Read{number}"), "project": own, "actor": person("dev"),
                    "input": {"task_id": name},
                });
                let refused = world.dispatch("get_task", payload).await;
                assert_refused(refused, "dev", &format!("{} {plugin} {name}", spec.id));
            }
            assert!(world.simulation.log().is_empty(), "{}", spec.id);
            providers += 1;
        }
    }
    assert!(providers >= 6, "{providers}");
}

#[tokio::test]
async fn a_schedule_reaches_what_its_workflow_names_alone() {
    let schedule = || json!({"source": "schedule", "id": "fan_out"});
    let create = json!({"title": "x", "project": "OPS"});
    let refusal = "a schedule has no right to start work on OPS";

    let world = two_projects().await;
    let refused = world.act(schedule(), "Create", "create_task", create.clone()).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Rejected && refused.message.contains(refusal), "{refused}");

    let with: Map<String, Value> = [("teams".to_owned(), json!(["OPS"]))].into_iter().collect();
    world.record(ExecutionInput::new(with, Some("SHOP".into()), None)).await;
    world.act(schedule(), "Create", "create_task", create.clone()).await.unwrap();
    let comment = json!({"task_id": "OPS-1", "comment": "x"});
    let refused = world.act(schedule(), "Say", "add_comment", comment).await.unwrap_err();
    assert!(refused.message.contains(refusal), "what a model or a ticket named: {refused}");

    // A machine's report gives nobody's right, either.
    let refused = world.act(Value::Null, "Create2", "create_task", create).await.unwrap_err();
    assert!(refused.message.contains("nobody has the right to start work on OPS"), "{refused}");
}

#[tokio::test]
async fn what_the_code_host_said_in_the_last_week_counts() {
    let world = World::start_with(|world| {
        add_ops(world);
        world.configuration["projects"][1]["may_trigger"] = json!(["repository-writers"]);
    })
    .await;
    world.table.admit_run(RUN, Grant::Configuration, now()).await.unwrap();
    let create = json!({"title": "x", "project": "OPS"});
    let refused = world.act(person("dev"), "Create", "create_task", create.clone()).await.unwrap_err();
    assert!(
        refused.message.contains("dev may start work on OPS only if they may push to acme/ops"),
        "{refused}"
    );
    world.table.put_writer("dev", "OPS", now()).await.unwrap();
    world.act(person("dev"), "Create", "create_task", create).await.unwrap();
}

#[tokio::test]
async fn whoever_check_actor_finds_to_be_a_writer_is_one_for_the_next_steps() {
    let world = World::start_with(|world| {
        world.configuration["projects"][0]["may_trigger"] = json!(["repository-writers"]);
        world.configuration["users"][0]["roles"] = json!([]);
    })
    .await;
    assert!(!world.table.is_writer("ada", "SHOP", now()).await.unwrap());
    world.step("Check", "check_actor", json!({})).await.unwrap();
    assert!(world.table.is_writer("ada", "SHOP", now()).await.unwrap());
}

#[tokio::test]
async fn by_hand_everything_is_reached() {
    let world = World::start_with(add_ops).await;
    world.table.admit_run(RUN, Grant::ByHand, now()).await.unwrap();
    world.act(person("dev"), "Create", "create_task", json!({"title": "x", "project": "OPS"})).await.unwrap();
    // Whoever continues it has only their own rights.
    world.table.perform_run_as(RUN, "redrive").await.unwrap();
    let again =
        world.act(person("dev"), "Again", "create_task", json!({"title": "y", "project": "OPS"})).await;
    assert_refused(again, "dev", "a redrive");
}

#[tokio::test]
async fn what_is_done_is_replayed_for_whoever_continues_and_what_was_only_begun_is_checked() {
    let world = two_projects().await;
    let create = json!({"title": "x", "project": "OPS"});
    let created = world.act(person("lead"), "Create", "create_task", create.clone()).await.unwrap();
    let changes = world.changes();
    let again = world.act(person("dev"), "Create", "create_task", create.clone()).await.unwrap();
    assert_eq!((again, world.changes()), (created, changes));

    let now = now();
    let begun = NewEffect {
        run: RUN.to_owned(),
        key: format!("{RUN}/Begun"),
        action: "create_task".parse().unwrap(),
        existed: false,
        holder: "lead".to_owned(),
        at: now,
        lease_until: now,
        request: None,
    };
    world.table.intend(&begun).await.unwrap();
    assert_refused(world.act(person("dev"), "Begun", "create_task", create).await, "dev", "begun");
    assert_eq!(world.changes(), changes);
}

#[tokio::test]
async fn what_a_checked_step_did_is_taken_back_but_a_workflows_own_inverse_is_checked() {
    let world = two_projects().await;
    let created =
        world.act(person("lead"), "Create", "create_task", json!({"title": "x", "project": "OPS"})).await;
    let task_id = created.unwrap()["task_id"].clone();
    let moved = json!({"task_id": task_id, "status": "In Progress"});
    let moved = world.act(person("lead"), "Move", "update_task_status", moved).await.unwrap();
    let back = json!({"task_id": task_id, "status": moved["previous_status"]});
    world.act(person("dev"), "Move/undo", "update_task_status", back).await.unwrap();

    let inverse = json!({"action": "add_comment", "input": {"task_id": task_id, "comment": "x"}});
    let payload = json!({
        "v": 2, "run": RUN, "key": format!("{RUN}/Say"), "project": "SHOP", "actor": person("dev"),
        "input": {"task_id": "SHOP-1", "comment": "x"}, "inverse": inverse,
    });
    world.dispatch("add_comment", payload).await.unwrap();
    let undone = world.act(person("dev"), "Say/undo", "add_comment", inverse["input"].clone()).await;
    assert_refused(undone, "dev", "an own inverse");
}
