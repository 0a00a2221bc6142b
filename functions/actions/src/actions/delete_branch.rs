//! `delete_branch`: deletes a branch.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::plugins::RepositoryAccess;
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to delete.
    #[schemars(extend("x-aliases" = aliases::BRANCH))]
    pub branch: BranchName,
    /// Delete it only while it points to this commit: later commits are somebody's work. Default: wherever it points.
    #[serde(default)]
    pub only_at: Option<CommitSha>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The branch.
    pub branch: String,
    /// Whether it was there.
    pub deleted: bool,
    /// Whether it was gone already.
    #[serde(default)]
    pub gone: bool,
}

/// Deletes the branch if it still points to the given commit; a missing one is left alone.
///
/// # Errors
/// `Conflict` when it has moved on from `only_at`, or while it was deleted; `Rejected` when the repository is not configured or the branch is its base
/// branch; the code host's errors.
pub struct DeleteBranch;

impl Action for DeleteBranch {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("delete_branch", PluginType::VersionControl).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteContents).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let branch = &input.branch;
        if *branch == project.base_branch {
            return Err(
                ActionError::rejected(format!("`{branch}` is the base branch and is not deleted")).into()
            );
        }
        let head = host.find_branch(&project.repository, branch).await?;
        if let (Some(head), Some(only_at)) = (&head, &input.only_at)
            && !host.is_unchanged_since(&project.repository, only_at, head).await?
        {
            return Err(ActionError::conflict(format!(
                "the branch `{branch}` stays: it points to {head} and no longer to {only_at}, so somebody has built on it"
            ))
            .into());
        }
        context.effect().intend(head.is_some()).await?;
        if let Some(head) = &head {
            let place = providers::branch_url(&context.scope().configuration, project, branch);
            let deleted = host.delete_branch(&project.repository, branch, head);
            context.effect().send_again(place, deleted).await?;
        }
        Ok(Done::for_good(Output {
            branch: branch.to_string(),
            deleted: head.is_some(),
            gone: head.is_none(),
        }))
    }
}
