//! `mark_ready`: marks a draft as ready for review.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::plugins::RepositoryAccess;
use domain::{ActionError, ErrorKind, PluginType, RepositoryName};
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
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Whether it is ready for review now.
    pub ready: bool,
    /// Why it is not: the code host's refusal, such as of a token that may not do it.
    pub refusal: Option<String>,
}

/// Marks the pull request as ready for review. It leaves a pull request alone that is not a draft, and one whose work was cut short stays a draft. Undoing the run does not change this, because it closes the pull request.
///
/// # Errors
/// `Rejected` when the repository is not configured; the code host's errors, but for a refusal, which is an output.
pub struct MarkReady;

impl Action for MarkReady {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("mark_ready", PluginType::VersionControl).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteReviews).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        context.effect().intend(true).await?;
        let execution = &context.scope().execution;
        if context.table().draft_of(execution).await.map_err(ActionError::from)?.is_some() {
            let called = context.scope().pull_request_name(project);
            let refusal =
                format!("the work was cut short by a limit of dollars, so the {called} stays a draft");
            return Ok(Done::for_good(Output { ready: false, refusal: Some(refusal) }));
        }
        let place = providers::repository_url(&context.scope().configuration, project);
        let marked = context.effect().send_again(place, host.mark_ready(&project.repository, input.number));
        let refusal = match marked.await {
            Ok(()) => None,
            Err(error) if error.kind == ErrorKind::Rejected => Some(error.message),
            Err(error) => return Err(error.into()),
        };
        Ok(Done::for_good(Output { ready: refusal.is_none(), refusal }))
    }
}
