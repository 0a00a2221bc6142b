//! `read_threads`: the threads of a pull request that wait for an answer.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::pull_request::{named, reviews};
use crate::spec::ActionSpec;
use crate::starter;
use domain::configuration::Project;
use domain::plugins::{RepositoryAccess, ReviewThread};
use domain::{ActionError, ErrorKind, PluginType, RepositoryName, Stored};
use edits::ReviewSubject;
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// No more threads are answered at once.
const MOST_THREADS: usize = 50;

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
    /// How many there are.
    pub count: u32,
    /// The threads, for an agent and for `answer_threads`.
    pub threads: Stored<ReviewSubject>,
}

/// Reads unresolved threads begun by people. A thread in which somebody spoke who may not start work is left out: their words ask
/// for nothing.
///
/// # Errors
/// `Rejected` if the repository is not configured or there is no such pull request; the code host's errors.
pub struct ReadThreads;

impl Action for ReadThreads {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("read_threads", PluginType::VersionControl)
        .writing(&[Partition::Stored])
        .taking(120);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let (project, number) = named(context, None, input.repository.as_ref(), Some(input.number))?;
        let from = reviews(&*host, project)?;
        let read = from.read_pull_request(&project.repository, number).await?;
        let all = match from.threads(&project.repository, number).await {
            // A token that may not read threads answers none.
            Err(error) if error.kind == ErrorKind::Rejected => {
                tracing::warn!(%error, "the threads of a pull request cannot be read");
                Vec::new()
            }
            other => other?,
        };
        let mut known = BTreeMap::new();
        let mut threads = Vec::new();
        for thread in all.into_iter().filter(|thread| !thread.is_resolved && !thread.is_ours()) {
            if threads.len() < MOST_THREADS && may_all(context, project, &thread, &mut known).await? {
                threads.push(thread);
            }
        }
        let count = u32::try_from(threads.len()).unwrap_or(u32::MAX);
        let subject = ReviewSubject {
            number,
            source: read.source,
            head: read.head,
            base: read.base,
            since: None,
            files: Vec::new(),
            threads,
        };
        let now = context.clock().now();
        let threads = context.table().store(&context.scope().execution, &subject, now).await?;
        Ok(Done::for_good(Output { count, threads }))
    }
}

/// Whether everybody who spoke in a thread may start work.
async fn may_all(
    context: &Context<'_>,
    project: &Project,
    thread: &ReviewThread,
    known: &mut BTreeMap<String, bool>,
) -> Result<bool, ActionError> {
    for comment in thread.comments.iter().filter(|comment| !comment.is_ours) {
        let Some(login) = &comment.author else { return Ok(false) };
        let may = match known.get(login) {
            Some(may) => *may,
            None => starter::may_start(context, project, login).await?,
        };
        known.insert(login.clone(), may);
        if !may {
            return Ok(false);
        }
    }
    Ok(true)
}
