//! The actions that the workflow language itself uses: those that the compiler emits or that others recognize in an execution. Other
//! actions are known only to the workflows that call them and to the crate `actions`.

/// Admits a run, or refuses it: the first state of every state machine.
pub const ADMIT: &str = "admit";
/// Gives an agent a person's answer.
pub const ANSWER_SESSION: &str = "answer_session";
/// Parks an execution until its limit is raised.
pub const AWAIT_BUDGET: &str = "await_budget";
/// Lets an execution pass that reviewers have room for, and parks it until they have.
pub const AWAIT_CAPACITY: &str = "await_capacity";
/// Parks an execution until an event arrives.
pub const AWAIT_EVENT: &str = "await_event";
/// Parks an execution until a provider takes calls again.
pub const AWAIT_PROVIDER: &str = "await_provider";
/// Refuses an execution whose starter may not write to the repository.
pub const CHECK_ACTOR: &str = "check_actor";
/// Creates the commit that a pull request needs.
pub const COMMIT_CHANGES: &str = "commit_changes";
/// Makes a ticket of an item of a plan.
pub const CREATE_PLANNED_TASK: &str = "create_planned_task";
/// Opens a pull request.
pub const CREATE_PULL_REQUEST: &str = "create_pull_request";
/// Writes the edits that a commit needs.
pub const GENERATE_CODE_IMPLEMENTATION: &str = "generate_code_implementation";
/// Links a ticket of a plan with those that it waits for. Trackers say what it needs.
pub const LINK_PLANNED_TASK: &str = "link_planned_task";
/// Lists the effects that a rollback takes back.
pub const LIST_EFFECTS: &str = "list_effects";
/// Fetches files that an agent asked for.
pub const LOAD_PATHS: &str = "load_paths";
/// Begins an agent's session.
pub const OPEN_SESSION: &str = "open_session";
/// The actions that an agent step is made of, but for the question to people.
pub const AGENT_ACTIONS: [&str; 6] = [OPEN_SESSION, THINK, RUN_TOOLS, RUN_CHECKS, ANSWER_SESSION, LOAD_PATHS];
/// Asks people a question.
pub const REQUEST_APPROVAL: &str = "request_approval";
/// Runs the project's own checks.
pub const RUN_CHECKS: &str = "run_checks";
/// Runs the tools that an agent called.
pub const RUN_TOOLS: &str = "run_tools";
/// Asks the model for an agent's next turn.
pub const THINK: &str = "think";
/// Takes a ticket of a plan back. Trackers say what it needs.
pub const WITHDRAW_TASK: &str = "withdraw_task";
