//! The catalog: what the compiler, the editors and the documentation know of every action, made from the action's own types.

use crate::actions;
use domain::{ActionName, PluginType};
use records::{Access, Partition};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The catalog as JSON: for every action its plugin type, whether it changes the outside, what can take it back, how long its function
/// may run, other names for it, and the JSON Schemas of its input and output. It is committed as `schemas.json` beside this
/// package's manifest, which the compiler's tests and the editor schema read.
pub fn catalog() -> Value {
    let actions: serde_json::Map<String, Value> =
        ActionName::ALL.iter().map(|action| (action.as_str().to_owned(), entry(*action))).collect();
    json!({ "actions": actions })
}

fn entry(action: ActionName) -> Value {
    let (input, output) = schemas(action);
    json!({
        "plugin": action.plugin(),
        "aliases": aliases(action),
        "effect": has_effect(action),
        "inverses": inverses(action),
        "timeout_seconds": timeout_seconds(action),
        "input": input,
        "output": output,
    })
}

/// How long the function may run, in seconds; a step's own timeout is at least five more.
pub fn timeout_seconds(action: ActionName) -> u32 {
    match action.plugin() {
        Some(PluginType::AiProvider) => 840,
        _ => 60,
    }
}

/// The function's memory in megabytes, and with it its share of a processor. Models are shown whole parts of a repository.
pub fn memory_megabytes(action: ActionName) -> u32 {
    match action.plugin() {
        Some(PluginType::AiProvider) => 512,
        _ => 256,
    }
}

/// The plugin types whose providers' credentials the function may read.
pub fn credentials(action: ActionName) -> &'static [PluginType] {
    match action.plugin() {
        // Models read the repository with a token that is narrowed to reading.
        Some(PluginType::AiProvider) => &[PluginType::AiProvider, PluginType::VersionControl],
        // A ticket may be an issue of the repository, whatever the project's tracker.
        Some(PluginType::TaskManagement) => &[PluginType::TaskManagement, PluginType::VersionControl],
        Some(PluginType::VersionControl) => &[PluginType::VersionControl],
        Some(PluginType::Documentation) => &[PluginType::Documentation],
        Some(PluginType::Communication) => &[PluginType::Communication],
        Some(PluginType::Monitoring) => &[PluginType::Monitoring],
        // The question is put where people talk.
        None if action == ActionName::RequestApproval => &[PluginType::Communication],
        None => &[],
    }
}

/// What the function may touch in the table. Only what pays for a model may write budgets, and only what parks an execution may write
/// waiters.
pub fn access(action: ActionName) -> Access {
    let mut access = Access::reading([Partition::Document, Partition::Run, Partition::Stored])
        .writing([Partition::Execution]);
    if !credentials(action).is_empty() {
        access = access.writing([Partition::Provider]);
    }
    if has_effect(action) {
        access = access.writing([Partition::Run]);
    }
    match action {
        ActionName::ListEffects => access.writing([Partition::Run]),
        _ if action.parks() => access.writing([Partition::Waiter]),
        _ if action.plugin() == Some(PluginType::AiProvider) => access.writing([
            Partition::Person,
            Partition::Project,
            Partition::Run,
            Partition::Stored,
            Partition::Task,
        ]),
        _ => access,
    }
}

/// Other names under which workflows may call the action.
fn aliases(action: ActionName) -> &'static [&'static str] {
    match action {
        ActionName::GenerateCodeImplementation => &["generate_code"],
        _ => &[],
    }
}

/// Whether the action changes something outside, and so is journaled.
pub fn has_effect(action: ActionName) -> bool {
    use ActionName::*;
    matches!(
        action,
        AddComment
            | ClosePullRequest
            | CommitChanges
            | CreateBranch
            | CreateEpic
            | CreatePageFromTemplate
            | CreatePullRequest
            | CreateTask
            | DeleteBranch
            | DeletePage
            | RequestApproval
            | RevertCommit
            | SendMessage
            | UpdateMessage
            | UpdateTaskStatus
    )
}

/// The actions that can take it back.
pub fn inverses(action: ActionName) -> &'static [ActionName] {
    use ActionName::*;
    match action {
        CommitChanges => &[RevertCommit, DeleteBranch],
        CreateBranch => &[DeleteBranch],
        CreatePageFromTemplate => &[DeletePage],
        CreatePullRequest => &[ClosePullRequest],
        UpdateTaskStatus => &[UpdateTaskStatus],
        _ => &[],
    }
}

/// The output of a step that was skipped: every field of the action's output, `null`.
pub fn absent_output(action: ActionName) -> Value {
    let (_, output) = schemas(action);
    let fields = output["properties"].as_object().into_iter().flatten();
    Value::Object(fields.map(|(name, _)| (name.clone(), Value::Null)).collect())
}

fn schemas(action: ActionName) -> (Value, Value) {
    match action {
        ActionName::AddComment => pair::<actions::add_comment::Input, actions::add_comment::Output>(),
        ActionName::AnalyzeCodebase => {
            pair::<actions::analyze_codebase::Input, actions::analyze_codebase::Output>()
        }
        ActionName::AnalyzeRepositoryStructure => {
            pair::<actions::analyze_repository_structure::Input, actions::analyze_repository_structure::Output>(
            )
        }
        ActionName::AwaitBudget => pair::<actions::await_budget::Input, actions::await_budget::Output>(),
        ActionName::AwaitEvent => pair::<actions::await_event::Input, actions::await_event::Output>(),
        ActionName::CheckActor => pair::<actions::check_actor::Input, actions::check_actor::Output>(),
        ActionName::ClosePullRequest => {
            pair::<actions::close_pull_request::Input, actions::close_pull_request::Output>()
        }
        ActionName::CommitChanges => {
            pair::<actions::commit_changes::Input, actions::commit_changes::Output>()
        }
        ActionName::CreateBranch => pair::<actions::create_branch::Input, actions::create_branch::Output>(),
        ActionName::CreateEpic => pair::<actions::create_epic::Input, actions::create_epic::Output>(),
        ActionName::CreatePageFromTemplate => {
            pair::<actions::create_page_from_template::Input, actions::create_page_from_template::Output>()
        }
        ActionName::CreatePullRequest => {
            pair::<actions::create_pull_request::Input, actions::create_pull_request::Output>()
        }
        ActionName::CreateTask => pair::<actions::create_task::Input, actions::create_task::Output>(),
        ActionName::DeleteBranch => pair::<actions::delete_branch::Input, actions::delete_branch::Output>(),
        ActionName::DeletePage => pair::<actions::delete_page::Input, actions::delete_page::Output>(),
        ActionName::GenerateCodeImplementation => {
            pair::<actions::generate_code_implementation::Input, actions::generate_code_implementation::Output>(
            )
        }
        ActionName::GenerateDocumentation => {
            pair::<actions::generate_documentation::Input, actions::generate_documentation::Output>()
        }
        ActionName::GenerateImplementationPlan => {
            pair::<actions::generate_implementation_plan::Input, actions::generate_implementation_plan::Output>(
            )
        }
        ActionName::GenerateText => pair::<actions::generate_text::Input, actions::generate_text::Output>(),
        ActionName::GetProjectTasks => {
            pair::<actions::get_project_tasks::Input, actions::get_project_tasks::Output>()
        }
        ActionName::GetRepositoryInfo => {
            pair::<actions::get_repository_info::Input, actions::get_repository_info::Output>()
        }
        ActionName::GetTask => pair::<actions::get_task::Input, actions::get_task::Output>(),
        ActionName::ListEffects => pair::<actions::list_effects::Input, actions::list_effects::Output>(),
        ActionName::RequestApproval => {
            pair::<actions::request_approval::Input, actions::request_approval::Output>()
        }
        ActionName::RevertCommit => pair::<actions::revert_commit::Input, actions::revert_commit::Output>(),
        ActionName::SendMessage => pair::<actions::send_message::Input, actions::send_message::Output>(),
        ActionName::UpdateMessage => {
            pair::<actions::update_message::Input, actions::update_message::Output>()
        }
        ActionName::UpdateTaskStatus => {
            pair::<actions::update_task_status::Input, actions::update_task_status::Output>()
        }
    }
}

fn pair<I: JsonSchema, O: JsonSchema>() -> (Value, Value) {
    let input = SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<I>();
    let output = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<O>();
    (input.to_value(), output.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_step_gives_nothing_in_every_field() {
        let expected = json!({"channel": null, "message_id": null, "url": null});
        assert_eq!(absent_output(ActionName::SendMessage), expected);
    }

    #[test]
    fn generated_catalog_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas.json");
        let fresh = serde_json::to_string_pretty(&catalog()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == fresh, "functions/actions/schemas.json is stale: run ./check generate");
    }
}
