//! `answer_threads`: replies in threads of a pull request, and resolves those that are done.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::pull_request::reviews;
use crate::spec::ActionSpec;
use domain::plugins::{Mark, RepositoryAccess, ReviewThread, Reviews};
use domain::{ActionError, ErrorKind, PluginType, RepositoryName, Stored};
use edits::{Review, ReviewSubject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The threads, as `read_threads` or `read_pull_request` gave them.
    pub threads: Stored<ReviewSubject>,
    /// An agent's answers.
    #[serde(default)]
    pub review: Option<Stored<Review>>,
    /// The reply in threads that the agent did not answer. Default: no reply.
    #[serde(default)]
    pub otherwise: Option<String>,
    /// The commit that the answers are about; each ends with it.
    #[serde(default)]
    pub commit: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// How many threads were answered.
    pub answered: u32,
    /// How many were resolved.
    pub resolved: u32,
    /// Why a thread could not be resolved, or answered: the code host's refusal, such as of a token that may not do it. Empty for none.
    pub refusal: String,
}

/// What became of one thread.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Answered {
    answered: bool,
    resolved: bool,
    refusal: Option<String>,
}

/// Answers each thread once, and resolves it if its request is done. A refusal is part of the output and does not fail the step. Answers stay when the run
/// is undone.
///
/// # Errors
/// `Rejected` when the repository is not configured; the code host's errors, but for refusals.
pub struct AnswerThreads;

impl Action for AnswerThreads {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec =
        ActionSpec::of_plugin("answer_threads", PluginType::VersionControl).effect().taking(180);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteReviews).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let to = reviews(&*host, project)?;
        let subject = context.load(Some(&input.threads)).await?;
        let subject = subject.ok_or_else(|| ActionError::internal("no threads were read"))?;
        let said = context.load(input.review.as_ref()).await?.unwrap_or_default();
        context.effect().intend(false).await?;
        let commit = input.commit.as_deref().and_then(|sha| sha.get(..7));
        let mut output = Output { answered: 0, resolved: 0, refusal: String::new() };
        for thread in &subject.threads {
            let answer = said.answers.iter().find(|answer| answer.thread == thread.id);
            let text = answer.map(|answer| answer.text.as_str()).or(input.otherwise.as_deref());
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else { continue };
            let text = match commit {
                Some(commit) => format!("{text}\n\n({commit})"),
                None => text.to_owned(),
            };
            let work = Work {
                context,
                to,
                repository: &project.repository,
                number: subject.number,
                place: providers::repository_url(&context.scope().configuration, project),
            };
            let became = work.answer(thread, &text, answer.is_some_and(|answer| answer.done)).await?;
            output.answered += u32::from(became.answered);
            output.resolved += u32::from(became.resolved);
            if let Some(refusal) = became.refusal {
                output.refusal = refusal;
            }
        }
        Ok(Done::for_good(output))
    }
}

/// Where threads are answered.
struct Work<'a> {
    context: &'a Context<'a>,
    to: &'a dyn Reviews,
    repository: &'a RepositoryName,
    number: u64,
    place: Option<String>,
}

impl Work<'_> {
    /// Answers one thread: a part of the effect, which survives if the rest fails.
    async fn answer(&self, thread: &ReviewThread, text: &str, done: bool) -> Result<Answered, ActionError> {
        let name = format!("thread/{}", thread.id);
        let part = self.context.effect().part(&name, AnswerThreads::SPEC.id(), Value::Null);
        let (repository, number) = (self.repository, self.number);
        part.perform(async |part| {
            let intent = part.intend(false).await?;
            let mut became = Answered::default();
            let is_there = intent.resumed && self.is_answered(thread, &intent.mark).await?;
            if !is_there {
                let reply = self.to.reply_in_thread(repository, number, thread, text, &intent.mark);
                if let Some(refusal) = refused(part.send(self.place.clone(), reply).await)? {
                    // The thread is gone, or the token may not speak in it.
                    return Ok::<_, ActionError>(Done::for_good(Answered {
                        refusal: Some(refusal),
                        ..became
                    }));
                }
            }
            became.answered = true;
            if done {
                let resolved = self.to.resolve_thread(repository, number, &thread.id);
                became.refusal = refused(part.send_again(self.place.clone(), resolved).await)?;
                became.resolved = became.refusal.is_none();
            }
            Ok(Done::for_good(became))
        })
        .await
    }

    async fn is_answered(&self, thread: &ReviewThread, mark: &Mark) -> Result<bool, ActionError> {
        let threads = self.to.threads(self.repository, self.number).await?;
        Ok(threads.iter().any(|known| known.id == thread.id && known.carries(mark)))
    }
}

/// The reason for a refusal; other errors are for the next attempt.
fn refused(sent: Result<(), ActionError>) -> Result<Option<String>, ActionError> {
    match sent {
        Ok(()) => Ok(None),
        Err(error) if error.kind == ErrorKind::Rejected => Ok(Some(error.message)),
        Err(error) => Err(error),
    }
}
