//! What agents make and pass on: analyses, plans, edits.

use domain::execution::Inverse;
use domain::{ActionId, ProjectPlan, Stored};
use edits::{Edit, Edits, Review};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An agent's findings about a codebase, with respect to a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// A few sentences for people.
    pub summary: String,
    /// How the code is organized and what matters to the ticket, in Markdown.
    pub details: String,
    /// The paths that matter to the ticket.
    pub relevant_files: Vec<String>,
    /// How the project's tests are written and where they are, in Markdown.
    pub testing: String,
}

/// How an agent means to implement a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// A few sentences for people.
    pub summary: String,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// Paths of present files that change or must be read.
    pub files_to_read: Vec<String>,
    /// Paths that change or are created.
    pub files_to_change: Vec<String>,
    /// Risks.
    pub risks: Vec<String>,
}

/// The edits that implement a ticket, and the words that go with them. The words are inline, so that expressions can read
/// them; the edits are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Implementation {
    /// A summary of the work, in a few sentences.
    pub summary: String,
    /// A title for the pull request.
    pub pr_title: String,
    /// A description for the pull request in Markdown, at most 32 KiB.
    pub pr_description: String,
    /// Documentation of the change in Markdown, at most 32 KiB.
    pub documentation: String,
    /// A commit message.
    pub commit_message: String,
    /// The paths that change.
    pub files: Vec<String>,
    /// The edits.
    pub edits: Stored<Edits>,
    /// The agent's session that made them, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// A model's reply when it implements a ticket: a summary and the edits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeReply {
    /// What was done and what is open, in a few sentences.
    pub summary: String,
    /// A title for the pull request, at most 72 characters.
    pub pr_title: String,
    /// A description for the pull request in Markdown: what changes, why, how it was tested.
    pub pr_description: String,
    /// Documentation of the change for the people who use it, in Markdown.
    pub documentation: String,
    /// A commit message: a subject line in the imperative, an empty line, the reasons.
    pub commit_message: String,
    /// The edits, each path once.
    pub edits: Vec<Edit>,
}

/// One effect of a run, as a rollback reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectEntry {
    /// The effect's idempotency key.
    pub key: String,
    /// The action that made it.
    pub action: ActionId,
    /// The inverse; `null` for effects that stay. For an effect to look for, the action itself.
    pub inverse: Option<Inverse>,
    /// Whether its answer was lost, so that it must be looked for before anything is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seek: bool,
}

/// What an agent's session needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// `think`: the model's next reply.
    Think,
    /// `run_tools`: the results of the calls in the model's reply.
    RunTools,
    /// A person's answer, then `answer_session`.
    Ask,
    /// `load_paths`: files of the repository that the agent asked for.
    Load,
    /// `run_checks`: the results of the project's own checks.
    Check,
    /// Nothing: the agent is done.
    Done,
}

/// An agent's question to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentQuestion {
    /// The question.
    pub text: String,
    /// The answers that the agent suggests; none for a question with a free answer.
    pub options: Vec<String>,
}

/// An agent's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentOutcome {
    /// The task is done.
    Done,
    /// There was nothing to change.
    NothingToDo,
    /// It cannot be done as things are.
    Blocked,
}

/// An agent's result: a summary and its edits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentResult {
    /// The outcome.
    pub outcome: AgentOutcome,
    /// A summary of the work or findings, in a few sentences.
    pub summary: String,
    /// A title for the pull request.
    pub pr_title: String,
    /// A description for the pull request in Markdown.
    pub pr_description: String,
    /// A commit message.
    pub commit_message: String,
    /// How the change was tested, and which tests it adds.
    pub tests: String,
    /// Open points.
    pub open_points: Vec<String>,
    /// The edits, as `commit_changes` takes them; absent if nothing changed.
    pub implementation: Option<Implementation>,
    /// The proposed plan, as `review_plan` takes it; absent if there is none.
    #[serde(default)]
    pub plan: Option<Stored<ProjectPlan>>,
    /// The comments on a pull request, as `submit_review` and `answer_threads` take them; absent if there are none.
    #[serde(default)]
    pub review: Option<Stored<Review>>,
    /// The branch that it worked on; empty if it was given none.
    #[serde(default)]
    pub branch: String,
}
