//! One file for each action: its typed input and output, and what it does. [`ALL`] lists them.

pub mod add_comment;
pub mod admit;
pub mod analyze_codebase;
pub mod analyze_repository_structure;
pub mod answer_session;
pub mod answer_threads;
pub mod await_budget;
pub mod await_capacity;
pub mod await_event;
pub mod await_provider;
pub mod check_actor;
pub mod close_pull_request;
pub mod commit_changes;
pub mod create_branch;
pub mod create_epic;
pub mod create_page_from_template;
pub mod create_planned_task;
pub mod create_pull_request;
pub mod create_task;
pub mod delete_branch;
pub mod delete_page;
pub mod emit_event;
pub mod emit_metric;
pub mod find_page;
pub mod find_pull_request;
pub mod generate_code_implementation;
pub mod generate_documentation;
pub mod generate_implementation_plan;
pub mod generate_text;
pub mod get_page;
pub mod get_project_tasks;
pub mod get_repository_info;
pub mod get_task;
pub mod link_planned_task;
pub mod list_effects;
pub mod load_paths;
pub mod mark_ready;
pub mod open_session;
pub mod query_metric;
pub mod read_checks;
pub mod read_pull_request;
pub mod read_requirements;
pub mod read_threads;
pub mod request_approval;
pub mod revert_commit;
pub mod review_plan;
pub mod review_push;
pub mod run_checks;
pub mod run_tools;
pub mod send_message;
pub mod submit_review;
pub mod think;
pub mod unlink_planned_task;
pub mod update_message;
pub mod update_page;
pub mod update_task_status;
pub mod withdraw_task;

use crate::action::ActionEntry;
use domain::UnknownName;

/// Every action, in alphabetical order.
pub static ALL: &[ActionEntry] = &[
    ActionEntry::of::<add_comment::AddComment>(),
    ActionEntry::of::<admit::Admit>(),
    ActionEntry::of::<analyze_codebase::AnalyzeCodebase>(),
    ActionEntry::of::<analyze_repository_structure::AnalyzeRepositoryStructure>(),
    ActionEntry::of::<answer_session::AnswerSession>(),
    ActionEntry::of::<answer_threads::AnswerThreads>(),
    ActionEntry::of::<await_budget::AwaitBudget>(),
    ActionEntry::of::<await_capacity::AwaitCapacity>(),
    ActionEntry::of::<await_event::AwaitEvent>(),
    ActionEntry::of::<await_provider::AwaitProvider>(),
    ActionEntry::of::<check_actor::CheckActor>(),
    ActionEntry::of::<close_pull_request::ClosePullRequest>(),
    ActionEntry::of::<commit_changes::CommitChanges>(),
    ActionEntry::of::<create_branch::CreateBranch>(),
    ActionEntry::of::<create_epic::CreateEpic>(),
    ActionEntry::of::<create_page_from_template::CreatePageFromTemplate>(),
    ActionEntry::of::<create_planned_task::CreatePlannedTask>(),
    ActionEntry::of::<create_pull_request::CreatePullRequest>(),
    ActionEntry::of::<create_task::CreateTask>(),
    ActionEntry::of::<delete_branch::DeleteBranch>(),
    ActionEntry::of::<delete_page::DeletePage>(),
    ActionEntry::of::<emit_event::EmitEvent>(),
    ActionEntry::of::<emit_metric::EmitMetric>(),
    ActionEntry::of::<find_page::FindPage>(),
    ActionEntry::of::<find_pull_request::FindPullRequest>(),
    ActionEntry::of::<generate_code_implementation::GenerateCodeImplementation>(),
    ActionEntry::of::<generate_documentation::GenerateDocumentation>(),
    ActionEntry::of::<generate_implementation_plan::GenerateImplementationPlan>(),
    ActionEntry::of::<generate_text::GenerateText>(),
    ActionEntry::of::<get_page::GetPage>(),
    ActionEntry::of::<get_project_tasks::GetProjectTasks>(),
    ActionEntry::of::<get_repository_info::GetRepositoryInfo>(),
    ActionEntry::of::<get_task::GetTask>(),
    ActionEntry::of::<link_planned_task::LinkPlannedTask>(),
    ActionEntry::of::<list_effects::ListEffects>(),
    ActionEntry::of::<load_paths::LoadPaths>(),
    ActionEntry::of::<mark_ready::MarkReady>(),
    ActionEntry::of::<open_session::OpenSession>(),
    ActionEntry::of::<query_metric::QueryMetric>(),
    ActionEntry::of::<read_checks::ReadChecks>(),
    ActionEntry::of::<read_pull_request::ReadPullRequest>(),
    ActionEntry::of::<read_requirements::ReadRequirements>(),
    ActionEntry::of::<read_threads::ReadThreads>(),
    ActionEntry::of::<request_approval::RequestApproval>(),
    ActionEntry::of::<revert_commit::RevertCommit>(),
    ActionEntry::of::<review_plan::ReviewPlan>(),
    ActionEntry::of::<review_push::ReviewPush>(),
    ActionEntry::of::<run_checks::RunChecks>(),
    ActionEntry::of::<run_tools::RunTools>(),
    ActionEntry::of::<send_message::SendMessage>(),
    ActionEntry::of::<submit_review::SubmitReview>(),
    ActionEntry::of::<think::Think>(),
    ActionEntry::of::<unlink_planned_task::UnlinkPlannedTask>(),
    ActionEntry::of::<update_message::UpdateMessage>(),
    ActionEntry::of::<update_page::UpdatePage>(),
    ActionEntry::of::<update_task_status::UpdateTaskStatus>(),
    ActionEntry::of::<withdraw_task::WithdrawTask>(),
];

/// The action of this name.
///
/// # Errors
/// [`UnknownName`] with the names there are.
pub fn find(name: &str) -> Result<&'static ActionEntry, UnknownName> {
    ALL.iter().find(|action| action.spec.name == name).ok_or_else(|| UnknownName {
        name: name.to_owned(),
        kind: "an action",
        accepted: ALL.iter().map(|action| action.spec.name).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ActionId;

    #[test]
    fn names_are_legal_unique_and_in_order() {
        for action in ALL {
            assert!(action.spec.name.parse::<ActionId>().is_ok(), "{}", action.spec.name);
        }
        assert!(ALL.is_sorted_by(|one, other| one.spec.name < other.spec.name));
    }

    #[test]
    fn inverses_are_actions_with_effects() {
        for inverse in ALL.iter().flat_map(|action| action.spec.inverses) {
            assert!(find(inverse).unwrap().spec.has_effect(), "{inverse}");
        }
    }

    #[test]
    fn a_skipped_step_gives_nothing_in_every_field() {
        let expected = serde_json::json!({"channel": null, "message_id": null, "url": null});
        assert_eq!(find("send_message").unwrap().absent_output(), expected);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = find("create_branhc").unwrap_err().to_string();
        assert!(error.contains("`create_branhc`") && error.contains("create_branch"), "{error}");
    }
}
