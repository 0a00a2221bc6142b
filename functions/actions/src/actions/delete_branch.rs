//! `delete_branch`: deletes a branch.

use crate::effect::{Done, Effect};
use crate::scope::Scope;
use domain::plugins::VersionControl;
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = ["repository_path", "repository_url"]))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to delete.
    #[schemars(extend("x-aliases" = ["branch_name"]))]
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
    /// Whether it was there and is gone now.
    pub deleted: bool,
    /// Why it was left, where it was.
    pub kept_because: Option<String>,
}

/// Deletes the branch; one that is gone, or has moved on from `only_at`, is left alone.
///
/// # Errors
/// `Rejected` when the repository is not configured or the branch is its base branch; the code host's errors.
pub async fn run(
    host: &dyn VersionControl,
    effect: &Effect,
    scope: &Scope,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    let project = scope.project_of(input.repository.as_ref())?;
    let branch = &input.branch;
    if *branch == project.base_branch {
        return Err(ActionError::rejected(format!("`{branch}` is the base branch and is not deleted")));
    }
    let head = host.find_branch(&project.repository, branch).await?;
    effect.intend(head.is_some()).await?;
    let kept_because = match (&head, &input.only_at) {
        (Some(head), Some(only_at)) if head != only_at => {
            Some(format!("`{branch}` points to {head}, which is not what we left: somebody has built on it"))
        }
        _ => None,
    };
    if kept_because.is_none() {
        host.delete_branch(&project.repository, branch).await?;
    }
    let deleted = head.is_some() && kept_because.is_none();
    Ok(Done::for_good(Output { branch: branch.to_string(), deleted, kept_because }))
}
