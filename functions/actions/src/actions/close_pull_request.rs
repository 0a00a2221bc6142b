//! `close_pull_request`: closes a pull request without merging it; as an inverse, it reverts one that was merged by another pull request.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::plugins::{PullRequestClosing, RepositoryAccess};
use domain::{ActionError, PluginType, RepositoryName};
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
    /// The pull request's number.
    #[schemars(extend("x-aliases" = aliases::NUMBER))]
    pub number: u64,
    /// Whether one that was merged is reverted: a pull request is opened that takes its changes back, for people to review. Default: false.
    #[serde(default)]
    pub revert_merged: Option<bool>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The pull request's number.
    pub number: u64,
    /// Whether it was closed already.
    #[serde(default)]
    pub gone: bool,
    /// The address of the pull request that reverts it, if it was reverted instead of closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// Closes the pull request; a closed one is left alone.
///
/// # Errors
/// `Conflict` if it was merged and is not to be reverted, or later changes are in the way; `Rejected` if the repository is not configured or there is no such pull request; the code
/// host's errors.
pub struct ClosePullRequest;

impl Action for ClosePullRequest {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("close_pull_request", PluginType::VersionControl).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let intent = context.effect().intend(true).await?;
        let (repository, number) = (&project.repository, input.number);
        let place = providers::repository_url(&context.scope().configuration, project);
        let closing = host.close_pull_request(repository, number);
        let closing = context.effect().send_again(place.clone(), closing).await?;
        let gone = match closing {
            PullRequestClosing::Closed => false,
            PullRequestClosing::WasClosed => true,
            PullRequestClosing::WasMerged if input.revert_merged == Some(true) => {
                // Only to open it takes a branch as well.
                let host = context.code_host(RepositoryAccess::WriteReviews).await?;
                let revert = host.revert_pull_request(repository, number, &intent.mark);
                let opened = context.effect().send_again(place, revert).await?;
                return Ok(Done::for_good(Output { number, gone: false, instead: Some(opened.url) }));
            }
            PullRequestClosing::WasMerged => {
                let reference = host.pull_request_reference(repository, number);
                let reason = format!("{reference} was merged, so it cannot be closed");
                return Err(ActionError::conflict(reason).into());
            }
        };
        Ok(Done::for_good(Output { number, gone, instead: None }))
    }
}
