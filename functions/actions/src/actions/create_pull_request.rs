//! `create_pull_request`: opens a pull request; its inverse closes it.

use crate::action::{Action, Done, NoOutput};
use crate::actions::close_pull_request::ClosePullRequest;
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::execution::execution_of;
use domain::plugins::{PullRequestRequest, RepositoryAccess};
use domain::text::closed;
use domain::{BranchName, RepositoryName};
use records::{OpenedPullRequest, Partition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch with the changes.
    #[schemars(extend("x-aliases" = ["branch_name", "branch", "head"]))]
    pub source_branch: BranchName,
    /// The branch they go to. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["base_branch", "base"]))]
    #[serde(default)]
    pub target_branch: Option<BranchName>,
    /// The title.
    pub title: String,
    /// The description in Markdown.
    #[schemars(extend("x-aliases" = ["body"]))]
    #[serde(default)]
    pub description: Option<String>,
    /// Whether to open it as a draft; if the code host has no drafts, its title says that it is not ready. Default: false.
    #[serde(default)]
    pub draft: Option<bool>,
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
    /// The paths it changes.
    pub files: Vec<String>,
    /// `owner/name`.
    pub repository: String,
    /// How `add_comment` names it: `owner/name#7`.
    pub reference: String,
    /// Whether it is a draft, or its title says that it is not ready.
    pub draft: bool,
    /// Whether it is new; an open one from the same branch is used as it is.
    pub created: bool,
}

/// Opens the pull request, unless one is open from the same branch into the same branch; that one is used and never taken back,
/// if it was there before.
///
/// # Errors
/// `Rejected` when the repository is not configured, a branch does not exist or nothing is between the two; the code host's
/// errors.
pub struct CreatePullRequest;

impl Action for CreatePullRequest {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_pull_request", PluginType::VersionControl)
        .effect()
        .undone_by(&[ClosePullRequest::SPEC.name])
        .writing(&[Partition::Repository]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let (effect, scope) = (context.effect(), context.scope());
        let project = scope.project_of(input.repository.as_ref())?;
        let repository = &project.repository;
        let source = input.source_branch;
        let target = input.target_branch.unwrap_or_else(|| project.base_branch.clone());
        let mut found = host.find_pull_request(repository, &source, &target).await?;
        let intent = effect.intend(found.is_some()).await?;
        if intent.resumed {
            found = host.find_pull_request(repository, &source, &target).await?;
        }
        let (pull_request, created) = match found {
            Some(pull_request) => {
                let is_ours = !intent.existed && pull_request.carries(&intent.mark);
                (pull_request, is_ours)
            }
            None => {
                let request = PullRequestRequest {
                    source: source.clone(),
                    target: target.clone(),
                    title: input.title,
                    description: with_evidence(input.description.as_deref(), repository, &source),
                    draft: input.draft.unwrap_or_default(),
                };
                let place = providers::branch_url(&scope.configuration, project, &source);
                let opened = host.create_pull_request(repository, &request, &intent.mark);
                (effect.send(place, opened).await?, true)
            }
        };
        let number = pull_request.number;
        let output = Output {
            pr_url: pull_request.url,
            number,
            branch: source.to_string(),
            files: host.pull_request_files(repository, number).await?,
            repository: repository.to_string(),
            reference: host.pull_request_reference(repository, number),
            draft: pull_request.draft,
            created,
        };
        if !created {
            return Ok(Done::for_good(output));
        }
        let opened = OpenedPullRequest {
            repository: repository.clone(),
            number,
            url: output.pr_url.clone(),
            branch: source.clone(),
            target,
            task_id: context.ticket().await?,
            project: scope.project.key.clone(),
            run: Some(execution_of(&scope.run).to_owned()),
            at: context.clock().now(),
        };
        // This links comments on it with the ticket. A pull request opened by a person stays theirs.
        context.table().put_opened_pull_request(&opened).await?;
        let inverse = json!({ "repository": repository, "number": number, "revert_merged": true });
        Ok(Done::undone_by(output, ClosePullRequest::SPEC.id(), inverse))
    }
}

/// The description, and how people find out how the pull request came about. Its number is not known yet.
fn with_evidence(description: Option<&str>, repository: &RepositoryName, branch: &BranchName) -> String {
    let found = format!("How this came about, signed: `ticketsmith evidence {repository}@{branch}`");
    match description.map(str::trim_end).filter(|description| !description.is_empty()) {
        Some(description) => format!("{}\n\n---\n\n{found}", closed(description)),
        None => found,
    }
}
