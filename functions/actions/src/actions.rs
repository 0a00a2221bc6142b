//! One file for each action: its typed input and output, and what it does.

pub mod add_comment;
pub mod analyze_codebase;
pub mod analyze_repository_structure;
pub mod await_budget;
pub mod check_actor;
pub mod close_pull_request;
pub mod commit_changes;
pub mod create_branch;
pub mod create_epic;
pub mod create_page_from_template;
pub mod create_pull_request;
pub mod create_task;
pub mod delete_branch;
pub mod delete_page;
pub mod generate_code_implementation;
pub mod generate_documentation;
pub mod generate_implementation_plan;
pub mod generate_text;
pub mod get_project_tasks;
pub mod get_repository_info;
pub mod get_task;
pub mod list_effects;
pub mod revert_commit;
pub mod send_message;
pub mod update_message;
pub mod update_task_status;
