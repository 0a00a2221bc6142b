//! `/approvals`: questions that wait for people.

use crate::api::Shared;
use crate::body::Body;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::problem::{Code, Problem};
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{Change, Signed, WithBody};
use crate::routes::page::Page;
use crate::segments::Segments;
use crate::{cursor, id};
use axum::extract::State;
use axum::response::Json;
use control::{AnswerResult, keep_votes_that_count};
use domain::stored::cut_inline;
use jiff::Timestamp;
use records::{ExecutionRecord, Waiter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `/approvals` and paths below it.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_approvals)).routes(routes!(answer_approval))
}

/// A question that waits for somebody's answer.
#[derive(Debug, Serialize, ToSchema)]
struct Approval {
    /// Its id in paths.
    id: String,
    /// The execution that asks.
    execution: String,
    /// The project's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// The ticket that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
    /// The question.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<String>,
    /// Background for the answer, in Markdown, such as the whole plan that a chat may have cut; at most 32 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    /// The people and groups who may answer; none means every approver.
    approvers: Vec<String>,
    /// How many people must say yes.
    needed: u32,
    /// The people who have said yes so far, and may still answer.
    approved_by: Vec<String>,
    /// Since when it waits.
    since: Timestamp,
    /// When it stops waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Approval {
    fn of(waiter: Waiter, execution: &ExecutionRecord) -> Self {
        Self {
            id: id::id_of(&format!("{}/{}", waiter.execution, waiter.key)),
            execution: waiter.execution,
            project: execution.project.clone(),
            task_id: execution.task_id.clone(),
            question: waiter.question,
            details: waiter.details.map(|details| cut_inline(&details)),
            approvers: waiter.approvers,
            needed: waiter.terms.needed(),
            approved_by: waiter.votes.into_iter().map(|vote| vote.by).collect(),
            since: waiter.since,
            until: waiter.until,
        }
    }
}

/// Which questions are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListApprovals {
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListApprovals {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists the questions that wait for people, the oldest first.
///
/// Those of executions that the caller may not see are left out.
#[utoipa::path(
    get, path = "/approvals", tag = "approvals", params(ListApprovals),
    responses((status = 200, description = "A page of questions.", body = Page<Approval>), Signed)
)]
async fn list_approvals(
    State(api): State<Shared>,
    caller: Caller,
    Query(ListApprovals { limit, cursor }): Query<ListApprovals>,
) -> Result<Json<Page<Approval>>, Problem> {
    let query = ["approvals"];
    let after = cursor::position(&api, &query, cursor.as_deref()).await?;
    let page = api.table.list_approvals(after.as_deref(), limit).await?;
    let mut items = Vec::new();
    for mut waiter in page.items {
        let Some(execution) = api.table.execution(&waiter.execution).await? else { continue };
        // Only an open execution still asks.
        if !execution.outcome.is_final() && caller.may_see_execution(&api, &execution).await? {
            keep_votes_that_count(&api.table, caller.directory().configuration(), &mut waiter).await?;
            items.push(Approval::of(waiter, &execution));
        }
    }
    Ok(Json(Page::new(&api, items, &query, page.next).await?))
}

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerApproval {
    /// Yes or no.
    approved: bool,
    /// What to say with it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// The answer that counts.
#[derive(Debug, Serialize, ToSchema)]
struct Answered {
    /// The question.
    question: String,
    /// Yes or no.
    approved: bool,
    /// How many more people must say yes.
    missing: u32,
}

/// Answers a question.
///
/// The answer is recorded, and the execution continues within seconds. A question is answered once.
#[utoipa::path(
    post, path = "/approvals/{id}/answer", tag = "approvals",
    request_body = AnswerApproval,
    params(("id" = String, Path, description = "The question's id.")),
    responses((status = 200, description = "The answer counts.", body = Answered), Change, WithBody)
)]
async fn answer_approval(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    Body { value: answer, .. }: Body<AnswerApproval>,
) -> Result<Json<Answered>, Problem> {
    let not_found = || Problem::not_found("question");
    let name = id::name_of(&id).filter(|name| name.len() <= 1_000).ok_or_else(not_found)?;
    let (execution, key) = name.split_once('/').ok_or_else(not_found)?;
    if key.is_empty() {
        return Err(not_found());
    }
    caller.execution(&api, execution).await.map_err(|problem| match problem.code() {
        Code::NotFound => not_found(),
        _ => problem,
    })?;
    let asking = caller.asking();
    let AnswerApproval { approved, comment } = answer;
    match api.control.answer_step_with(&asking, execution, key, approved, comment).await? {
        AnswerResult::Recorded { question, approved } => {
            Ok(Json(Answered { question, approved, missing: 0 }))
        }
        AnswerResult::Voted { question, votes, needed } => {
            Ok(Json(Answered { question, approved: true, missing: needed.saturating_sub(votes) }))
        }
        AnswerResult::Replaced { question, execution, .. } => Err(Problem::new(
            Code::Conflict,
            format!("this question has been replaced; `{execution}` now asks: {question}"),
        )),
        AnswerResult::AlreadyAnswered { by, approved, how, .. } => {
            let word = if approved { "yes" } else { "no" };
            Err(Problem::new(
                Code::Conflict,
                format!("{by} has already answered {word}, {how}, which counts"),
            ))
        }
        AnswerResult::Over { why, .. } => {
            Err(Problem::new(Code::Conflict, format!("the question is closed, because {why}")))
        }
        AnswerResult::NothingAsked => Err(not_found()),
        AnswerResult::Denied(reason) => Err(Caller::denied(reason)),
    }
}
