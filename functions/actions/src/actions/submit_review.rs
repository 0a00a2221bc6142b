//! `submit_review`: comments on lines of a pull request and one summary.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::pull_request::reviews;
use crate::spec::ActionSpec;
use domain::plugins::{NewReview, RepositoryAccess};
use domain::{ActionError, PluginType, RepositoryName, Stored};
use edits::{Review, ReviewSubject};
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
    /// The reviewed change, as `read_pull_request` returned it.
    pub subject: Stored<ReviewSubject>,
    /// An agent's comments; without them, there are none on single lines.
    #[serde(default)]
    pub review: Option<Stored<Review>>,
    /// The summary, in Markdown.
    pub summary: String,
    /// A note on the review for people; it comes before the summary.
    #[serde(default)]
    pub note: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Where people see it.
    pub url: String,
    /// How many lines were commented on.
    pub comments: u32,
}

/// Submits the review, unless an earlier attempt did. It neither approves nor requests changes. It stays when the run is undone: code hosts
/// keep reviews.
///
/// # Errors
/// `Rejected` if the repository is not configured or there is no such pull request; the code host's errors.
pub struct SubmitReview;

impl Action for SubmitReview {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec =
        ActionSpec::of_plugin("submit_review", PluginType::VersionControl).effect().taking(120);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let to = reviews(&*host, project)?;
        let subject = context.load(Some(&input.subject)).await?;
        let subject = subject.ok_or_else(|| ActionError::internal("nothing was reviewed"))?;
        let said = context.load(input.review.as_ref()).await?.unwrap_or_default();
        let note = input.note.filter(|note| !note.trim().is_empty());
        let review = NewReview {
            head: subject.head.clone(),
            base: subject.base.clone(),
            summary: note.into_iter().chain([input.summary]).collect::<Vec<_>>().join("\n\n"),
            comments: subject.placed(said.comments),
        };
        let (repository, number, effect) = (&project.repository, subject.number, context.effect());
        let intent = effect.intend(false).await?;
        let earlier = match intent.resumed {
            true => to.find_review(repository, number, &intent.mark).await?,
            false => None,
        };
        let submitted = match earlier {
            Some(review) => review,
            None => {
                let place = providers::repository_url(&context.scope().configuration, project);
                effect.send(place, to.submit_review(repository, number, &review, &intent.mark)).await?
            }
        };
        let comments = u32::try_from(review.comments.len()).unwrap_or(u32::MAX);
        Ok(Done::for_good(Output { url: submitted.url, comments }))
    }
}
