//! `find_pull_request`: the open pull request that a run opened for a ticket.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::pull_request::open_from;
use crate::spec::ActionSpec;
use domain::plugins::RepositoryAccess;
use domain::{ActionError, PluginType};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ticket.
    pub task_id: String,
    /// The pull request's number, where people spoke about a certain one. Default: the ticket's newest.
    #[serde(default)]
    pub number: Option<u64>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Where people see it.
    pub pr_url: String,
    /// Its number.
    pub number: u64,
    /// The branch with the changes.
    pub branch: String,
    /// `owner/name`.
    pub repository: String,
    /// How `add_comment` names it: `owner/name#7`.
    pub reference: String,
}

/// Finds the pull request that a run opened for the ticket in the project's repository, and makes sure that it is still open.
///
/// # Errors
/// `Rejected` when no run opened it, and when it is closed, merged or comes from another branch now; the code host's errors.
pub struct FindPullRequest;

impl Action for FindPullRequest {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("find_pull_request", PluginType::VersionControl)
        .reading(&[Partition::Repository]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        // An App's token that may only read contents sees no pull requests.
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let project = &context.scope().project;
        let called = context.scope().pull_request_name(project);
        let task_id = context.scope().directory.canonical(&input.task_id);
        let (table, repository) = (context.table(), &project.repository);
        let opened = match input.number {
            Some(number) => table.opened_pull_request(repository, number).await?,
            None => table.pull_request_of_task(repository, &task_id).await?,
        };
        let opened = opened.filter(|opened| opened.task_id.as_deref() == Some(task_id.as_str()));
        let opened = opened.ok_or_else(|| {
            let what = match input.number {
                Some(number) => format!("{} was not", host.pull_request_reference(repository, number)),
                None => format!("no {called} in {repository} was"),
            };
            ActionError::rejected(format!(
                "{what} opened for {task_id}, so there is nothing to revise; start the ticket first"
            ))
        })?;
        let open = open_from(&*host, project, opened.number, &opened.branch).await?.ok_or_else(|| {
            ActionError::rejected(format!(
                "the {called} {} of {task_id} is closed or merged, or no longer comes from `{}`, so it cannot be revised; \
                 reopen it, or start the ticket again",
                opened.url, opened.branch
            ))
        })?;
        Ok(Done::for_good(Output {
            pr_url: open.url,
            number: open.number,
            branch: opened.branch.to_string(),
            repository: project.repository.to_string(),
            reference: host.pull_request_reference(&project.repository, open.number),
        }))
    }
}
