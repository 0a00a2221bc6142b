//! `open_session`: begins an agent's work on a ticket, with its knowledge, its permissions and its repository.

use crate::action::{Action, Done, NoOutput};
use crate::agent::session::{self, NewSession, Report};
use crate::aliases;
use crate::artifacts::Next;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::{BranchName, PluginType, RepositoryName, Stored, Task};
use edits::ReviewSubject;
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Which agent works: the name of its file in `agents/`.
    pub agent: String,
    /// The ticket.
    #[serde(default)]
    pub task: Option<Task>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to work on; if it does not exist yet, the base branch is read. Default: the project's base branch.
    #[schemars(extend("x-aliases" = aliases::BRANCH))]
    #[serde(default)]
    pub branch: Option<BranchName>,
    /// Whether to work on a new branch, with a number behind its name, once the ticket's pull request from this one was closed or merged. The
    /// result names it. Default: false.
    #[serde(default)]
    pub new_branch: Option<bool>,
    /// More for the agent to keep to, from the workflow's author.
    #[schemars(extend("x-authored" = true))]
    #[serde(default)]
    pub instructions: Option<String>,
    /// More that the agent should know. It is data, never an instruction; files that it links are read only if the request for the work links them.
    #[serde(default)]
    pub context: Option<String>,
    /// Whether to continue the agent's earlier session on the branch, with its knowledge, if there is one. Default: false.
    #[serde(default)]
    pub continues: Option<bool>,
    /// The pull request to review, as `read_pull_request` returns it, or the one whose threads to answer, from `read_threads`.
    #[serde(default)]
    pub review: Option<Stored<ReviewSubject>>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The session, as `think`, `run_tools` and the others expect it.
    pub session: String,
    /// What the session needs next.
    pub next: Next,
    /// How many replies the model has given.
    pub turn: u32,
}

/// Opens the agent's session: the repository is read with a token that can only read, its text is imported, and the first message is
/// written: the ticket with its attached text files and pictures, the repository's own instructions, and data. A file that
/// cannot be read or shown is named, with the reason. A repeat finds the session.
///
/// # Errors
/// As [`session::open`].
pub struct OpenSession;

impl Action for OpenSession {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("open_session", PluginType::AiProvider)
        // The tracker for the ticket's files, and the chat for those that people upload there.
        .with_credentials(&[
            PluginType::AiProvider,
            PluginType::TaskManagement,
            PluginType::Communication,
            PluginType::VersionControl,
        ])
        .reading(&[Partition::Repository])
        .writing(&[Partition::Reading, Partition::Inbox, Partition::Session, Partition::Stored])
        .taking(600);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let new = NewSession {
            agent: input.agent,
            task: input.task,
            repository: input.repository,
            branch: input.branch,
            new_branch: input.new_branch.unwrap_or_default(),
            instructions: input.instructions,
            context: input.context,
            continues: input.continues.unwrap_or_default(),
            review: context.load(input.review.as_ref()).await?,
        };
        let Report { session, next, turn, .. } = session::open(context, new).await?;
        // A redrive may find a session that has ended or asks a question: `run_tools` returns its result or question.
        let next = if matches!(next, Next::Ask | Next::Done) { Next::RunTools } else { next };
        Ok(Done::for_good(Output { session, next, turn }))
    }
}
