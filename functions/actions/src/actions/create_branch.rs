//! `create_branch`: creates a branch from a base branch; its inverse deletes it, unless it existed before.

use crate::action::{Action, Done, NoOutput};
use crate::actions::delete_branch::DeleteBranch;
use crate::actions::get_repository_info::GetRepositoryInfo;
use crate::aliases;
use crate::context::Context;
use crate::effect::Effect;
use crate::scope::Scope;
use crate::spec::ActionSpec;
use domain::configuration::Project;
use domain::plugins::{RepositoryAccess, VersionControl};
use domain::{ActionError, PluginType};
use domain::{BranchName, CommitSha, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The new branch.
    #[schemars(extend("x-aliases" = aliases::BRANCH))]
    pub branch: BranchName,
    /// Its starting point. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["base"]))]
    #[serde(default)]
    pub base_branch: Option<BranchName>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The branch.
    pub branch: String,
    /// Where people see it.
    pub branch_url: String,
    /// The commit it points to.
    pub sha: String,
    /// Whether it is new; a branch that existed is used as it is.
    pub created: bool,
}

/// The action.
pub struct CreateBranch;

impl Action for CreateBranch {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_branch", PluginType::VersionControl)
        .effect()
        .undone_by(&[DeleteBranch::SPEC.name]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteContents).await?;
        Ok(create(&*host, context.effect(), context.scope(), input).await?)
    }
}

/// Creates the branch at the head of its base, unless it is there. A branch that was there before is used and never taken back.
///
/// # Errors
/// `Rejected` when the repository is not configured or the base branch does not exist; the code host's errors.
pub(crate) async fn create(
    host: &dyn VersionControl,
    effect: &Effect,
    scope: &Scope,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    let project = scope.project_of(input.repository.as_ref())?;
    let repository = &project.repository;
    let branch = &input.branch;
    let url = providers::branch_url(&scope.configuration, project, branch);
    let mut found = host.find_branch(repository, branch).await?;
    let intent = effect.intend(found.is_some()).await?;
    if intent.resumed {
        found = host.find_branch(repository, branch).await?;
    }
    let (sha, start) = match found {
        Some(head) if intent.existed => (head, None),
        found => {
            // Somebody may have built on the branch before a repeat finds it, so its starting point is remembered.
            let base = input.base_branch.as_ref().unwrap_or(&project.base_branch);
            let find = async || {
                let head = host.find_branch(repository, base).await?;
                head.ok_or_else(|| missing_base(project, base))
            };
            let start: CommitSha = effect.remember("base", GetRepositoryInfo::SPEC.id(), find).await?;
            if found.is_none() {
                effect.send(url.clone(), host.create_branch(repository, branch, &start)).await?;
            }
            (found.unwrap_or_else(|| start.clone()), Some(start))
        }
    };
    let output = Output {
        branch: branch.to_string(),
        branch_url: url.unwrap_or_default(),
        sha: sha.to_string(),
        created: start.is_some(),
    };
    let Some(start) = start else { return Ok(Done::for_good(output)) };
    let inverse = json!({ "repository": repository, "branch": branch, "only_at": start });
    Ok(Done::undone_by(output, DeleteBranch::SPEC.id(), inverse))
}

fn missing_base(project: &Project, base: &BranchName) -> ActionError {
    ActionError::rejected(format!("{} has no branch `{base}` to start from", project.repository))
}
