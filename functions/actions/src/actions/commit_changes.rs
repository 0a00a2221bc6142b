//! `commit_changes`: makes one commit of many files on a branch; its inverse moves the branch back.

use crate::action::{Action, Done, NoOutput};
use crate::actions::create_branch;
use crate::actions::create_branch::CreateBranch;
use crate::actions::delete_branch::DeleteBranch;
use crate::actions::revert_commit::RevertCommit;
use crate::aliases;
use crate::artifacts::Implementation;
use crate::commit_change::Change;
use crate::context::Context;
use crate::gate::pass;
use crate::spec::ActionSpec;
use domain::plugins::{CommitRequest, RepositoryAccess};
use domain::{ActionError, BranchName, CommitSha, PluginType, RepositoryName};
use edits::FileEdit;
use records::{OwnBranch, Partition};
use serde_json::json;

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
    /// The branch to commit on; it is created from the base branch when it does not exist.
    #[schemars(extend("x-aliases" = aliases::SOURCE_BRANCH))]
    pub branch: BranchName,
    /// The start of a missing branch. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["target_branch"]))]
    #[serde(default)]
    pub base_branch: Option<BranchName>,
    /// What `generate_code_implementation` gave. Either this or `files`.
    #[schemars(extend("x-aliases" = ["generated_code"]))]
    #[serde(default)]
    pub implementation: Option<Implementation>,
    /// Files to write or delete. Either this or `implementation`.
    #[serde(default)]
    pub files: Vec<FileEdit>,
    /// The commit message. Default: the implementation's.
    #[schemars(extend("x-aliases" = ["commit_message"]))]
    #[serde(default)]
    pub message: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The commit.
    pub sha: String,
    /// Where people see it.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// The paths it changes.
    pub files: Vec<String>,
}

/// Makes the commit on top of the branch as it was first found, creating a missing branch as a separate effect. The
/// edits are those that the input's implementation refers to.
///
/// # Errors
/// `Rejected` when the change adds a secret or waits for an approval, when a path is illegal, protected or given twice, when there is nothing to commit, or when the branch is the base
/// branch; `Conflict` when the branch has changed since, or lines that the edits change; the code host's errors.
pub struct CommitChanges;

impl Action for CommitChanges {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("commit_changes", PluginType::VersionControl)
        .effect()
        .undone_by(&[RevertCommit::SPEC.name, DeleteBranch::SPEC.name])
        .reading(&[Partition::Inbox, Partition::Waiter])
        .writing(&[Partition::Repository, Partition::Session])
        // Its requests are the most, and under load each waits for its turn.
        .taking(180);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteContents).await?;
        let (host, effect, scope) = (&*host, context.effect(), context.scope());
        let edits = context.load(input.implementation.as_ref().map(|made| &made.edits)).await?;
        let project = scope.project_of(input.repository.as_ref())?;
        let approved = match (&input.implementation, &edits) {
            // The push of an earlier attempt is only looked for.
            (Some(implementation), Some(edits)) if !effect.seeks() => {
                pass(context, project, implementation, edits).await?
            }
            _ => None,
        };
        let branch = &input.branch;
        let mut change = Change::new(input.files, edits)?;
        change.check(project, branch)?;
        let message = input
            .message
            .or_else(|| input.implementation.map(|implementation| implementation.commit_message))
            .ok_or_else(|| ActionError::rejected("no commit message is given"))?;

        let start = create_branch::Input {
            repository: Some(project.repository.clone()),
            branch: branch.clone(),
            base_branch: input.base_branch,
        };
        let asked = serde_json::to_value(&start)
            .map_err(|error| ActionError::internal(format!("a branch's input is not JSON: {error}")))?;
        let started = effect
            .part("branch", CreateBranch::SPEC.id(), asked)
            .perform(async |part| create_branch::create(host, part, scope, start).await)
            .await?;
        let parent: CommitSha = started
            .sha
            .parse()
            .map_err(|error: domain::repository::InvalidName| ActionError::internal(error.to_string()))?;
        if !effect.seeks() {
            // People approved exactly this content.
            let may_join = approved.is_none();
            change.bring_up_to(host, project, &parent, may_join).await?;
            change.check_secrets(host, project, &parent).await?;
        }

        let intent = effect.intend(false).await?;
        let files = change.paths();
        let request = CommitRequest {
            branch: branch.clone(),
            parent: parent.clone(),
            message,
            co_author: scope.login_at_code_host(project).map(str::to_owned),
            changes: change.into_changes()?,
        };
        // Before the commit, so that reports of its checks find its owner.
        let own = OwnBranch {
            run: scope.run.clone(),
            actor: scope.actor.clone(),
            project: scope.project.key.clone(),
            at: context.clock().now(),
        };
        let kept = context.table().put_own_branch(&project.repository, branch, &own).await;
        kept.map_err(ActionError::from)?;
        let earlier = match effect.seeks() {
            true => host.find_commit(&project.repository, branch, &intent.mark).await?,
            // The same request makes the same commit, so that a repeat changes nothing.
            false => None,
        };
        let commit = match earlier {
            Some(commit) => commit,
            None => {
                let place = providers::branch_url(&scope.configuration, project, branch);
                effect.send(place, host.commit(&project.repository, &request, &intent.mark)).await?
            }
        };
        if let Some((Some(session), change)) = approved {
            context.table().change_approved(&session, &change).await?;
        }
        let inverse = json!({ "repository": project.repository, "branch": branch, "sha": commit.sha, "parent": parent });
        let output =
            Output { sha: commit.sha.to_string(), url: commit.url, branch: branch.to_string(), files };
        Ok(Done::undone_by(output, RevertCommit::SPEC.id(), inverse))
    }
}
