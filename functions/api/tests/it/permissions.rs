//! Who may use which endpoint: tried with every role, and written to `docs/api-permissions.md`.

use crate::world::{World, configuration};
use axum::http::Method;
use domain::PluginInstance;
use domain::configuration::{Project, Role, User};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The subject of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Something of the project in which whoever asks has their role.
    Own,
    /// Something of another project.
    Other,
    /// Not about a project: roles in all projects count.
    Nothing,
}

impl About {
    fn words(self) -> &'static str {
        match self {
            Self::Own => "own project",
            Self::Other => "another project",
            Self::Nothing => "no project",
        }
    }

    fn project(self) -> &'static str {
        match self {
            Self::Own | Self::Nothing => "SHOP",
            Self::Other => "WEB",
        }
    }
}

/// The senders, in the order of the table's columns.
const SUBJECTS: [&str; 6] = ["no token", "viewer", "developer", "approver", "admin", "machine token"];

/// A request to an operation: its path after `/api/v1`, and its body.
pub(crate) struct Sample {
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

fn sample(path: impl Into<String>) -> Sample {
    Sample { path: path.into(), body: None }
}

/// A request that nothing but a lack of permission could refuse; `None` for an operation that has none.
pub(crate) async fn request(world: &World, operation: &str, about: About, subject: &str) -> Option<Sample> {
    let project = about.project();
    Some(match operation {
        "get_health" => sample("/health"),
        "get_openapi" => sample("/openapi.json"),
        "get_me" => sample("/me"),
        "list_executions" => sample("/executions"),
        "get_execution" => sample(format!("/executions/{}", world.execution(project).await)),
        "get_workflow_status" => sample(format!("/workflows/{}/status", world.execution(project).await)),
        "list_events" => sample(format!("/executions/{}/events", world.execution(project).await)),
        "preview_undo" => sample(format!("/executions/{}/undo", world.execution(project).await)),
        "stop_execution" => sample(format!("/executions/{}/stop", world.execution(project).await)),
        "redrive_execution" => sample(format!("/executions/{}/redrive", world.execution(project).await)),
        "create_event_ticket" => sample("/events/tickets"),
        "list_agents" => sample("/agents"),
        "list_approvals" => sample("/approvals"),
        "list_costs" => sample("/costs"),
        "get_budgets" => sample("/budgets"),
        "list_plugins" => sample("/plugins"),
        "get_plugin_config" => sample("/plugins/version_control/github/config"),
        "create_plugin" => Sample { path: "/plugins".to_owned(), body: Some(plugin()) },
        "replace_plugin_config" => {
            managed_plugin(world).await;
            Sample { path: "/plugins/communication/chat/config".to_owned(), body: Some(plugin()) }
        }
        "delete_plugin" => {
            managed_plugin(world).await;
            sample("/plugins/communication/chat/config")
        }
        "list_projects" => sample("/projects"),
        "get_project" => sample(format!("/projects/{}", id(project))),
        "create_project" => {
            let providers = json!({"version_control": "github"});
            let body = json!({"key": "GIFT", "repository": "acme/gift", "providers": providers});
            Sample { path: "/projects".to_owned(), body: Some(body) }
        }
        "replace_project" => {
            let body = managed(world, project).await;
            Sample { path: format!("/projects/{}", id(project)), body: Some(body) }
        }
        "delete_project" => {
            managed(world, project).await;
            sample(format!("/projects/{}", id(project)))
        }
        "list_workflows" => sample("/workflows"),
        "get_workflow" => sample("/workflows/development"),
        "execute_workflow" => {
            let inputs = json!({"task_id": format!("{project}-1")});
            let body = json!({"workflow": "development", "inputs": inputs});
            Sample { path: "/workflows/execute".to_owned(), body: Some(body) }
        }
        "list_tasks" => sample(format!("/tasks?project={project}")),
        "show_task" => sample(format!("/tasks/{}", id(&world.task(project).await))),
        "post_task" => {
            let body = json!({"title": "Limit carts", "project": project});
            Sample { path: "/tasks".to_owned(), body: Some(body) }
        }
        "put_task" => {
            let path = format!("/tasks/{}", id(&format!("{project}-1")));
            Sample { path, body: Some(json!({"comment": "Shipped."})) }
        }
        "assign_task_to_agent" => {
            let path = format!("/tasks/{}/assign-to-agent", id(&format!("{project}-1")));
            Sample { path, body: Some(json!({})) }
        }
        "begin_link" => sample("/me/links"),
        "list_accounts" => sample("/me/accounts"),
        "get_notices" => sample("/me/notices"),
        "choose_notices" => {
            Sample { path: "/me/notices".to_owned(), body: Some(json!({"notices": ["failed"]})) }
        }
        "list_people" => sample("/people"),
        "get_person" => sample(format!("/people/{}", id("viewer"))),
        "create_person" => {
            let body = json!({"name": "grace", "roles": ["viewer"], "accounts": {"github": "grace-h"}});
            Sample { path: "/people".to_owned(), body: Some(body) }
        }
        "replace_person" => {
            let body = managed_person(world).await;
            Sample { path: format!("/people/{}", id("grace")), body: Some(body) }
        }
        "delete_person" => {
            managed_person(world).await;
            sample(format!("/people/{}", id("grace")))
        }
        "list_users" => sample("/users"),
        "list_audit" => sample("/audit"),
        "list_audit_lines" => sample("/audit/lines"),
        "get_audit_heads" => sample("/audit/heads"),
        "get_evidence" => sample(format!("/pull-requests/{}/evidence", id(&world.evidence(project).await))),
        "list_tokens" => sample("/tokens"),
        "create_token" => {
            let mut body = json!({"name": "x", "roles": ["viewer"], "valid_days": 1});
            if about != About::Nothing {
                body["projects"] = json!([project]);
            }
            Sample { path: "/tokens".to_owned(), body: Some(body) }
        }
        // Of somebody else; everybody may revoke their own.
        "revoke_token" => {
            let (_, id) = world.machine_token("shop-viewer", &[Role::Viewer], None).await;
            sample(format!("/tokens/{id}"))
        }
        "end_sessions_of_user" => sample("/users/shop-viewer/sign-out"),
        // A session ends itself; a machine's token has none.
        "end_session" if subject != "machine token" => sample("/auth/sign-out"),
        _ => return None,
    })
}

/// Makes a project one that the API manages; returns its configuration.
async fn managed(world: &World, key: &str) -> Value {
    let mut file = configuration(json!({}));
    file.projects.retain(|project| project.key != key);
    world.table.put_configuration(&file).await.unwrap();
    let repository = format!("acme/{}", key.to_lowercase());
    let providers = json!({"version_control": "github"});
    let body = json!({"key": key, "repository": repository, "providers": providers, "may_trigger": []});
    let project: Project = serde_json::from_value(body.clone()).unwrap();
    let _written = world.table.create_managed(&project, 0, "admin", world.now()).await.unwrap();
    body
}

/// Adds a person whom the API manages; returns their configuration.
async fn managed_person(world: &World) -> Value {
    let person: User = serde_json::from_value(json!({"name": "grace", "github": "grace-h"})).unwrap();
    let _written = world.table.create_managed(&person, 0, "admin", world.now()).await.unwrap();
    json!({"name": "grace", "accounts": {"github": "grace-h"}})
}

/// A plugin instance, as requests have it.
pub(crate) fn plugin() -> Value {
    json!({"name": "chat", "provider": "slack"})
}

/// Adds a plugin instance that the API manages.
async fn managed_plugin(world: &World) {
    let plugin = json!({"name": "chat", "section": {"provider": "slack", "secret": "ticketsmith/work#chat"}});
    let plugin: PluginInstance = serde_json::from_value(plugin).unwrap();
    let _written = world.table.create_managed(&plugin, 0, "admin", world.now()).await.unwrap();
}

/// The id of a name in paths.
pub(crate) fn id(name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(name)
}

/// The operations about something in a project.
const OF_PROJECTS: &[&str] = &[
    "assign_task_to_agent",
    "create_token",
    "delete_project",
    "execute_workflow",
    "get_evidence",
    "get_execution",
    "get_project",
    "show_task",
    "get_workflow_status",
    "list_events",
    "list_tasks",
    "post_task",
    "preview_undo",
    "put_task",
    "redrive_execution",
    "replace_project",
    "stop_execution",
];

/// The excluded operations, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("answer_approval", "a question may name who answers it; else approvers and admins of its project do"),
    ("confirm_link", "people of any role may join their own accounts; it takes a code of theirs"),
    ("exchange_ticket", "the ticket itself says who signs in"),
    ("get_agent_status", "as the execution that the agent works in"),
    ("separate_account", "it takes an account that was linked to the caller"),
    ("show_link", "as `confirm_link`"),
    ("list_messages", "as the execution that the agent works in"),
    ("stop_agent", "as stopping the execution that the agent works in"),
    ("undo_execution", "as stopping the execution, once it has ended and something can be taken back"),
];

/// The meaning of an answer for its sender.
fn word(status: u16) -> &'static str {
    match status {
        // It contradicts the state, or does not say which state it changes: only people who may change it learn that.
        200..=299 | 409 | 428 => "yes",
        401 => "sign in",
        403 => "no",
        404 => "hidden",
        // The requests are otherwise as they are accepted.
        422 => "unknown",
        _ => "?",
    }
}

async fn credential(world: &World, subject: &str, about: About) -> Option<String> {
    let everywhere = about == About::Nothing;
    match subject {
        "no token" => None,
        // An admin's, for developers' work in one project or in all.
        "machine token" => {
            let projects = (!everywhere).then_some(&["SHOP"][..]);
            Some(world.machine_token("admin", &[Role::Developer], projects).await.0)
        }
        role if everywhere => Some(world.session(role)),
        role => Some(world.session(&format!("shop-{role}"))),
    }
}

async fn table() -> String {
    let contract = serde_json::to_value(api::openapi()).unwrap();
    let mut rows = Vec::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            if LEFT_OUT.iter().any(|(left_out, _)| *left_out == name) {
                continue;
            }
            let abouts: &[About] = match OF_PROJECTS.contains(&name.as_str()) {
                true => &[About::Own, About::Other],
                false => &[About::Nothing],
            };
            for about in abouts {
                rows.push((method.to_uppercase(), path.clone(), name.clone(), *about));
            }
        }
    }
    let mut text = String::new();
    for (method, path, name, about) in rows {
        let mut cells = Vec::new();
        for subject in SUBJECTS {
            // Each in a separate world, so that one does not affect the next.
            let world = World::new().await;
            let Some(Sample { path, body }) = request(&world, &name, about, subject).await else {
                cells.push("–");
                continue;
            };
            let token = credential(&world, subject, about).await;
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = world.ask(method, &format!("/api/v1{path}"), token.as_deref(), body).await;
            let word = word(answer.status);
            assert_ne!(word, "?", "{name} as {subject}: {} {}", answer.status, answer.text);
            cells.push(word);
        }
        assert!(cells.iter().any(|cell| *cell != "–"), "`{name}` has no request in `request`");
        let path = path.strip_prefix("/api/v1").unwrap();
        writeln!(text, "| `{method} {path}` | {} | {} |", about.words(), cells.join(" | ")).unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_permissions_are_up_to_date() {
    let left_out: String = LEFT_OUT.iter().map(|(name, reason)| format!("- `{name}`: {reason}.\n")).collect();
    let fresh = format!(
        "\
# Who may use which endpoint

Generated by trying every operation of the API with every role; do not edit.

A role counts in its own project, and everywhere for endpoints that are not about a project. The machine token is an admin's, limited to the role
`developer`, and to its own project if it has one. *sign in*: 401. *no*: 403. *hidden*: 404, as if it did not exist. *unknown*: 422, as
if the project that the body names did not exist. Lists contain the items that the reader may see. People may see, stop and undo the executions that they
started. Members of the groups in `may_trigger` are developers of their project; by default, those are the people who may push to its repository.

| endpoint | about | {} |
|---|---|{}
{}
Left out:

{left_out}",
        SUBJECTS.join(" | "),
        "---|".repeat(SUBJECTS.len()),
        table().await,
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api-permissions.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == fresh, "docs/api-permissions.md is stale: run ./check generate");
}
