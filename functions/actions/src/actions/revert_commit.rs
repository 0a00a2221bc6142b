//! `revert_commit`: moves a branch back from a commit to its parent, while nobody has built on it.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::PluginType;
use domain::plugins::RepositoryAccess;
use domain::{BranchName, CommitSha, RepositoryName};
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
    /// The branch.
    #[schemars(extend("x-aliases" = aliases::BRANCH))]
    pub branch: BranchName,
    /// The commit to take back.
    pub sha: CommitSha,
    /// The commit the branch pointed to before.
    pub parent: CommitSha,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The branch.
    pub branch: String,
    /// The commit it points to now.
    pub sha: String,
    /// Whether the commit was gone already.
    #[serde(default)]
    pub gone: bool,
}

/// Moves the branch back, unless it already is.
///
/// # Errors
/// `Conflict` when somebody has built on the commit; `Rejected` when the repository is not configured or the branch is its base
/// branch; the code host's errors.
pub struct RevertCommit;

impl Action for RevertCommit {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("revert_commit", PluginType::VersionControl).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteContents).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let (repository, branch) = (&project.repository, &input.branch);
        if *branch == project.base_branch {
            return Err(ActionError::rejected(format!(
                "`{branch}` is the base branch and is not moved back"
            ))
            .into());
        }
        let head = host.find_branch(repository, branch).await?;
        let there = head.as_ref().is_none_or(|head| *head == input.parent);
        context.effect().intend(there).await?;
        if !there {
            let place = providers::branch_url(&context.scope().configuration, project, branch);
            let reverted = host.revert_commit(repository, branch, &input.sha, &input.parent);
            context.effect().send_again(place, reverted).await?;
        }
        Ok(Done::for_good(Output { branch: branch.to_string(), sha: input.parent.to_string(), gone: there }))
    }
}
