//! `await_capacity`: lets an execution pass while reviewers have room for another pull request, and parks it in line until they have.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use control::{may_pass, turn_of};
use domain::built_in_actions::CREATE_PULL_REQUEST;
use domain::configuration::{Capacity, CapacityPer};
use domain::execution::execution_of;
use domain::plugins::{FileContent, RepositoryAccess};
use domain::{ActionError, PluginType};
use edits::CodeOwners;
use records::{FIRST_ASKED_OF_REVIEW, Moves, Partition, ReviewPlace, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The paths that the change will touch, if known: their owners count if `capacity` has `per: codeowner`.
    /// Default: the owners of everything, whom `CODEOWNERS` names for `*`.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// Why it waits: the cause of the error, as Step Functions reports it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Whether the run has taken a place; false if the project has no `capacity`, and if the run or its ticket has its pull request
    /// already.
    pub counted: bool,
}

/// Takes one of the places that the project's `capacity` allows. A run keeps its place until its pull request is merged or closed, or until it
/// ends without one. A project without `capacity` costs nothing, and a run or ticket that already has a pull request never waits.
///
/// # Errors
/// `AtCapacity` when it must wait: the state machine then performs the action again with a task token, and the execution is parked in line,
/// the oldest first. The code host's errors where owners are read.
pub struct AwaitCapacity;

/// The line of a project whose pull requests are counted together.
const PROJECT: &str = "project";

/// How many owners a pull request is counted with. One transaction takes a place with each.
const MOST_OWNERS: usize = 50;

/// How often it looks again because others were faster.
const ROUNDS: usize = 5;

impl Action for AwaitCapacity {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("await_capacity", PluginType::VersionControl)
        .parking()
        .reading(&[Partition::Repository])
        .writing(&[Partition::Capacity]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let capacity = context.scope().project.capacity;
        if context.park().token.is_some() {
            return park(context, capacity).await;
        }
        let Some(capacity) = capacity else { return passed(false) };
        let (table, scope) = (context.table(), context.scope());
        let (project, run) = (&scope.project.key, execution_of(&scope.run));
        let known = table.review_place(project, run).await.map_err(ActionError::from)?;
        if known.is_none() && has_pull_request(context, run).await? {
            return passed(false);
        }
        let lines = match &known {
            Some(known) => known.lines.clone(),
            None => lines(context, capacity, input.paths.as_deref()).await?,
        };
        let place = ReviewPlace {
            run: run.to_owned(),
            execution: scope.execution.clone(),
            lines,
            since: context.clock().now(),
            taken_at: None,
            ask_at: None,
            asked: 0,
        };
        let place = match known {
            Some(known) if known.execution == place.execution => known,
            _ => table.wait_for_review_place(project, &place).await.map_err(ActionError::from)?,
        };
        if place.is_taken() {
            return passed(true);
        }
        let limit = capacity.open_pull_requests;
        for _ in 0..ROUNDS {
            let places = table.review_places(project).await.map_err(ActionError::from)?;
            if !may_pass(&places, limit).iter().any(|passing| passing.run == run) {
                break;
            }
            let now = context.clock().now();
            let taken =
                table.take_review_place(project, &place, limit, now, now + FIRST_ASKED_OF_REVIEW).await;
            if taken.map_err(ActionError::from)? {
                return passed(true);
            }
        }
        Err(ActionError::at_capacity(in_words(context, capacity, run).await?).into())
    }
}

fn passed(counted: bool) -> Result<Done<Output>, NoOutput> {
    Ok(Done::for_good(Output { counted }))
}

/// Parks the execution. The handler of new waiters lets it continue at once if it no longer needs to wait.
async fn park(context: &Context<'_>, capacity: Option<Capacity>) -> Result<Done<Output>, NoOutput> {
    let run = execution_of(&context.scope().run);
    let question = match capacity {
        Some(capacity) => in_words(context, capacity, run).await?,
        None => "It continues at once: the project no longer has a `capacity`.".to_owned(),
    };
    context.park().wait(&Topic::Capacity, question, Vec::new(), Moves::default()).await?;
    Err(NoOutput::Parked)
}

/// What the run waits for, for people.
async fn in_words(context: &Context<'_>, capacity: Capacity, run: &str) -> Result<String, ActionError> {
    let project = &context.scope().project;
    let places = context.table().review_places(&project.key).await?;
    let called = context.scope().pull_request_name(project);
    let words = turn_of(&places, run).map(|turn| turn.in_words(&project.key, capacity, &called));
    Ok(words.unwrap_or_else(|| "It continues at once.".to_owned()))
}

/// Whether the run already opened its pull request, before it was continued, or its ticket has one of ours with a place.
async fn has_pull_request(context: &Context<'_>, run: &str) -> Result<bool, ActionError> {
    let (table, scope) = (context.table(), context.scope());
    if scope.execution != run {
        let effects = table.journal_of(&scope.run).await?;
        let opened = |effect: &&records::EffectRecord| effect.action.as_str() == CREATE_PULL_REQUEST;
        if effects.iter().filter(opened).any(|effect| effect.inverse.is_some() && effect.undone_at.is_none())
        {
            return Ok(true);
        }
    }
    let Some(ticket) = context.ticket().await? else { return Ok(false) };
    let opened = table.pull_request_of_task(&scope.project.repository, &ticket).await?;
    let Some(earlier) = opened.and_then(|opened| opened.run) else { return Ok(false) };
    let place = table.review_place(&scope.project.key, &earlier).await?;
    Ok(place.is_some_and(|place| place.is_taken()))
}

/// The lines that the run is counted in. Without an owner to count it with, it is counted with all of the project.
async fn lines(
    context: &Context<'_>,
    capacity: Capacity,
    paths: Option<&[String]>,
) -> Result<Vec<String>, NoOutput> {
    let lines: Vec<String> = match capacity.per {
        CapacityPer::Project => Vec::new(),
        CapacityPer::Person => vec![format!("person/{}", context.scope().account())],
        CapacityPer::Codeowner => {
            let owners = owners(context, paths.unwrap_or_default()).await?;
            owners.into_iter().map(|owner| format!("owner/{owner}")).collect()
        }
    };
    Ok(if lines.is_empty() { vec![PROJECT.to_owned()] } else { lines })
}

/// The owners, on the base branch, of these paths, else of everything.
async fn owners(context: &Context<'_>, paths: &[String]) -> Result<Vec<String>, NoOutput> {
    let host = match context.code_host(RepositoryAccess::ReadContents).await {
        Ok(host) => host,
        Err(NoOutput::Skipped(_)) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    };
    let project = &context.scope().project;
    let places: Vec<String> = host.code_owners_paths().iter().map(|place| (*place).to_owned()).collect();
    let files = host.read_files(&project.repository, project.base_branch.as_str(), &places).await?;
    let file = files.into_iter().flatten().find_map(|file| match file {
        FileContent::Text(text) => Some(CodeOwners::parse(&text)),
        FileContent::Binary(_) => None,
    });
    let Some(file) = file else { return Ok(Vec::new()) };
    let mut owners: Vec<String> = paths.iter().flat_map(|path| file.of_path(path)).collect();
    if owners.is_empty() {
        owners = file.of_everything();
    }
    let mut each_once = Vec::new();
    for owner in owners {
        if !each_once.contains(&owner) && each_once.len() < MOST_OWNERS {
            each_once.push(owner);
        }
    }
    Ok(each_once)
}
