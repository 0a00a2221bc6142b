//! `/agents`: agents at work. An agent is a session of one: its messages and files for one ticket and branch.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::idempotency::Accepted;
use crate::problem::{Code, Problem};
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{Change, OfOne};
use crate::routes::page::Page;
use crate::routes::steering::{StopAccepted, stop};
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use jiff::Timestamp;
use records::{SessionHead, SessionPhase};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// `/agents` and paths below it.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(list_agents))
        .routes(routes!(get_agent_status))
        .routes(routes!(stop_agent))
}

/// An agent's session.
#[derive(Debug, Serialize, ToSchema)]
struct Agent {
    /// Its id.
    id: String,
    /// The agent's name.
    agent: String,
    /// Its next step.
    status: AgentStatus,
    /// The project's key.
    project: String,
    /// The ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
    /// The repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// The execution that it last worked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
    /// How many replies the model has given.
    turns: u32,
    /// How much of its plan is done, from 0 to 1; 0 without a plan.
    progress: f64,
    /// Its cost, in micro-dollars.
    spent_micro_usd: u64,
    /// When it was opened.
    opened_at: Timestamp,
    /// When it last changed.
    changed_at: Timestamp,
}

/// The next step of an agent's session.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AgentStatus {
    /// The model replies.
    Thinking,
    /// The model's calls are run.
    Working,
    /// A person answers.
    Asking,
    /// Files are loaded.
    Loading,
    /// The project's own checks run.
    Checking,
    /// Nothing.
    Done,
}

impl From<SessionPhase> for AgentStatus {
    fn from(phase: SessionPhase) -> Self {
        match phase {
            SessionPhase::Think => Self::Thinking,
            SessionPhase::Tools => Self::Working,
            SessionPhase::Ask => Self::Asking,
            SessionPhase::Load => Self::Loading,
            SessionPhase::Check => Self::Checking,
            SessionPhase::Done => Self::Done,
        }
    }
}

impl Agent {
    /// An agent that is at work, or has nothing to do: because it is done, or its execution has ended.
    fn of(head: SessionHead, is_at_work: bool) -> Self {
        let progress = match head.plan_items {
            0 => 0.0,
            items => f64::from(head.plan_done.min(items)) / f64::from(items),
        };
        Self {
            id: head.id,
            agent: head.agent,
            status: if is_at_work { head.phase.into() } else { AgentStatus::Done },
            project: head.project,
            task_id: head.task_id,
            repository: head.repository.map(|repository| repository.to_string()),
            branch: head.branch.map(|branch| branch.to_string()),
            execution: head.executions.last().cloned(),
            turns: head.turn,
            progress,
            spent_micro_usd: head.spent.0,
            opened_at: head.opened_at,
            changed_at: head.changed_at,
        }
    }
}

async fn may_see(api: &Shared, caller: &Caller, head: &SessionHead) -> Result<bool, Problem> {
    let project = caller.directory().configuration().project(&head.project);
    caller.may_see(api, project, None).await
}

/// Whether an agent has something to do. What fails or is stopped leaves its agents' sessions as they are: a redrive continues them.
async fn is_at_work(api: &Shared, head: &SessionHead) -> Result<bool, Problem> {
    if head.phase == SessionPhase::Done {
        return Ok(false);
    }
    let Some(name) = head.executions.last() else { return Ok(true) };
    let execution = api.table.execution(name).await?;
    Ok(execution.is_some_and(|execution| !execution.outcome.is_final()))
}

/// The same of each of these, by their ids.
async fn at_work(api: &Shared, heads: &[SessionHead]) -> Result<BTreeSet<String>, Problem> {
    let unfinished = || heads.iter().filter(|head| head.phase != SessionPhase::Done);
    let names: BTreeSet<&String> = unfinished().filter_map(|head| head.executions.last()).collect();
    let executions = api.table.executions_named(names.into_iter().cloned().collect()).await?;
    let is_open = |name: &String| {
        executions.iter().any(|execution| execution.name == *name && !execution.outcome.is_final())
    };
    let at_work = unfinished().filter(|head| head.executions.last().is_none_or(is_open));
    Ok(at_work.map(|head| head.id.clone()).collect())
}

/// As many pages are looked through for one that holds agents that the caller may see.
const MOST_PAGES: usize = 10;

/// Which agents are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListAgents {
    /// Those of the execution with this name, whether or not they are at work.
    #[param(min_length = 1, max_length = 500)]
    execution: Option<String>,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListAgents {
    fn read(given: &mut Given) -> Self {
        Self { execution: given.text("execution"), limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists the agents at work, oldest first, or those of an execution.
#[utoipa::path(
    get, path = "/agents", tag = "agents", params(ListAgents),
    responses((status = 200, description = "A page of agents.", body = Page<Agent>), OfOne)
)]
async fn list_agents(
    State(api): State<Shared>,
    caller: Caller,
    Query(ListAgents { execution, limit, cursor }): Query<ListAgents>,
) -> Result<Json<Page<Agent>>, Problem> {
    let query = ["agents", execution.as_deref().unwrap_or_default()];
    let mut after = cursor::position(&api, &query, cursor.as_deref()).await?;
    let mut items = Vec::new();
    for _ in 0..MOST_PAGES {
        let (heads, next) = match &execution {
            Some(name) => {
                caller.execution(&api, name).await?;
                of_execution(&api, name, after.as_deref(), limit).await?
            }
            None => {
                let page = api.table.list_agents(after.as_deref(), limit).await?;
                let mut sessions: Vec<String> = page.items.into_iter().map(|agent| agent.session).collect();
                // One that two executions work on is beside both.
                let mut seen = BTreeSet::new();
                sessions.retain(|session| seen.insert(session.clone()));
                (api.table.sessions_named(&sessions).await?, page.next)
            }
        };
        let at_work = at_work(&api, &heads).await?;
        for head in heads {
            let is_at_work = at_work.contains(&head.id);
            if (is_at_work || execution.is_some()) && may_see(&api, &caller, &head).await? {
                items.push(Agent::of(head, is_at_work));
            }
        }
        after = next;
        if !items.is_empty() || after.is_none() {
            break;
        }
    }
    Ok(Json(Page::new(&api, items, &query, after).await?))
}

/// The sessions of an execution in the order of their states; a position is a state.
async fn of_execution(
    api: &Shared,
    name: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<SessionHead>, Option<String>), Problem> {
    let mut links = api.table.sessions_of(name).await?;
    links.sort_by(|one, other| one.state.cmp(&other.state));
    links.retain(|link| after.is_none_or(|after| link.state.as_str() > after));
    let next = if links.len() > limit { links.get(limit - 1).map(|last| last.state.clone()) } else { None };
    let mut heads = Vec::new();
    for link in links.into_iter().take(limit) {
        heads.extend(api.table.session(&link.session).await?);
    }
    Ok((heads, next))
}

/// The session with this id, if the caller may see it.
///
/// # Errors
/// Not found if it does not exist or they may not see it.
pub(crate) async fn agent(api: &Shared, caller: &Caller, id: &str) -> Result<SessionHead, Problem> {
    let not_found = || Problem::not_found("agent");
    if id.is_empty() || id.len() > 200 {
        return Err(not_found());
    }
    let head = api.table.session(id).await?.ok_or_else(not_found)?;
    match may_see(api, caller, &head).await? {
        true => Ok(head),
        false => Err(not_found()),
    }
}

/// Returns the state of an agent.
#[utoipa::path(
    get, path = "/agents/{id}/status", tag = "agents",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "The agent.", body = Agent), OfOne)
)]
async fn get_agent_status(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<Agent>, Problem> {
    let head = agent(&api, &caller, &id).await?;
    let is_at_work = is_at_work(&api, &head).await?;
    Ok(Json(Agent::of(head, is_at_work)))
}

/// Stops an agent: the execution that it works in.
///
/// The request is recorded, and carried out within seconds. Effects of the execution stay.
#[utoipa::path(
    post, path = "/agents/{id}/stop", tag = "agents",
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)
    ),
    responses((status = 202, description = "Its execution is about to be stopped.", body = StopAccepted), Change)
)]
async fn stop_agent(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Accepted, Problem> {
    let head = agent(&api, &caller, &id).await?;
    let name = head.executions.last();
    let name =
        name.ok_or_else(|| Problem::new(Code::Conflict, "the agent has not worked in an execution yet"))?;
    stop(&api, &caller, name).await
}
