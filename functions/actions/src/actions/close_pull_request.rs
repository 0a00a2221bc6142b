//! `close_pull_request`: closes a pull request without merging it.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::RepositoryName;
use domain::plugins::RepositoryAccess;
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
    /// The pull request's number.
    #[schemars(extend("x-aliases" = ["pr_number"]))]
    pub number: u64,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The pull request's number.
    pub number: u64,
}

/// Closes the pull request; one that is closed is left alone.
///
/// # Errors
/// `Conflict` when it was merged; `Rejected` when the repository is not configured or there is no such pull request; the code
/// host's errors.
pub struct ClosePullRequest;

impl Action for ClosePullRequest {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("close_pull_request", PluginType::VersionControl).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        context.effect().intend(true).await?;
        let place = providers::repository_url(&context.scope().configuration, project);
        context
            .effect()
            .send_again(place, host.close_pull_request(&project.repository, input.number))
            .await?;
        Ok(Done::for_good(Output { number: input.number }))
    }
}
