//! Every call the simulated GitLab answers.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Query, RawPathParams};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use serde_json::Value;

use super::answer::{Answer, Call, Failure, Handler};
use super::state::State;
use super::world::Level;
use super::{
    GitLab, code, commits, discussions, issues, links, merge_requests, notes, people, pipelines, uploads,
};
use crate::credentials::{bearer, same};

const DELETE: MethodFilter = MethodFilter::DELETE;
const GET: MethodFilter = MethodFilter::GET;
const POST: MethodFilter = MethodFilter::POST;
const PUT: MethodFilter = MethodFilter::PUT;

/// Paths below `/api/v4`.
#[rustfmt::skip]
const ROUTES: &[(&str, MethodFilter, Handler)] = &[
    ("/personal_access_tokens/self", GET, people::token),
    ("/user", GET, people::own),
    ("/users", GET, people::list),
];

/// Paths below `/api/v4/projects/{id}`, and the role that each needs.
#[rustfmt::skip]
const OF_PROJECTS: &[(&str, MethodFilter, Level, Handler)] = &[
    ("", GET, Level::Guest, people::project),
    ("/issues", GET, Level::Guest, issues::list),
    ("/issues", POST, Level::Guest, issues::create),
    ("/issues/{issue_iid}", GET, Level::Guest, issues::get),
    ("/issues/{issue_iid}", PUT, Level::Reporter, issues::edit),
    ("/issues/{issue_iid}/award_emoji", POST, Level::Guest, issues::award),
    ("/issues/{issue_iid}/links", GET, Level::Guest, links::list),
    ("/issues/{issue_iid}/links", POST, Level::Reporter, links::create),
    ("/issues/{issue_iid}/links/{issue_link_id}", DELETE, Level::Reporter, links::delete),
    ("/issues/{issue_iid}/notes", GET, Level::Guest, notes::list_of_issue),
    ("/issues/{issue_iid}/notes", POST, Level::Guest, notes::create_on_issue),
    ("/issues/{issue_iid}/notes/{note_id}", PUT, Level::Guest, notes::edit_on_issue),
    ("/issues/{issue_iid}/notes/{note_id}/award_emoji", POST, Level::Guest, notes::award_on_issue),
    ("/jobs/{job_id}/trace", GET, Level::Reporter, pipelines::trace),
    ("/members/all/{user_id}", GET, Level::Guest, people::member),
    ("/merge_requests", GET, Level::Reporter, merge_requests::list),
    ("/merge_requests", POST, Level::Developer, merge_requests::create),
    ("/merge_requests/{merge_request_iid}", GET, Level::Reporter, merge_requests::get),
    ("/merge_requests/{merge_request_iid}", PUT, Level::Developer, merge_requests::edit),
    ("/merge_requests/{merge_request_iid}/diffs", GET, Level::Reporter, merge_requests::diffs),
    ("/merge_requests/{merge_request_iid}/discussions", GET, Level::Reporter, discussions::list),
    ("/merge_requests/{merge_request_iid}/discussions", POST, Level::Reporter, discussions::create),
    ("/merge_requests/{merge_request_iid}/discussions/{discussion_id}", PUT, Level::Developer, discussions::resolve),
    ("/merge_requests/{merge_request_iid}/discussions/{discussion_id}/notes", POST, Level::Reporter, discussions::answer),
    ("/merge_requests/{merge_request_iid}/notes", GET, Level::Reporter, notes::list_of_merge_request),
    ("/merge_requests/{merge_request_iid}/notes", POST, Level::Reporter, notes::create_on_merge_request),
    ("/merge_requests/{merge_request_iid}/notes/{note_id}", PUT, Level::Reporter, notes::edit_on_merge_request),
    ("/merge_requests/{merge_request_iid}/notes/{note_id}/award_emoji", POST, Level::Reporter, notes::award_on_merge_request),
    ("/merge_requests/{merge_request_iid}/pipelines", GET, Level::Reporter, pipelines::of_merge_request),
    ("/merge_requests/{merge_request_iid}/versions", GET, Level::Reporter, discussions::versions),
    ("/pipelines", GET, Level::Reporter, pipelines::list),
    ("/repository/branches", POST, Level::Developer, code::create_branch),
    ("/repository/branches/{branch}", DELETE, Level::Developer, code::delete_branch),
    ("/repository/branches/{branch}", GET, Level::Reporter, code::get_branch),
    ("/repository/commits", GET, Level::Reporter, commits::list),
    ("/repository/commits", POST, Level::Developer, commits::create),
    ("/repository/commits/{sha}", GET, Level::Reporter, commits::get),
    ("/repository/commits/{sha}/revert", POST, Level::Developer, commits::revert),
    ("/repository/commits/{sha}/statuses", GET, Level::Reporter, pipelines::statuses),
    ("/repository/compare", GET, Level::Reporter, code::compare),
    ("/repository/files/{file_path}", GET, Level::Reporter, code::file),
    ("/repository/tree", GET, Level::Reporter, code::tree),
    ("/uploads/{secret}/{filename}", GET, Level::Guest, uploads::get),
];

pub(super) fn router(gitlab: &GitLab) -> Router {
    let others =
        ROUTES.iter().map(|(path, method, handler)| (format!("/api/v4{path}"), *method, None, *handler));
    let below = OF_PROJECTS.iter().map(|(path, method, level, handler)| {
        (format!("/api/v4/projects/{{id}}{path}"), *method, Some(*level), *handler)
    });
    others.chain(below).fold(Router::new(), |router, (path, method, level, handler)| {
        let gitlab = gitlab.clone();
        let answer = move |parameters: RawPathParams,
                           Query(query): Query<HashMap<String, String>>,
                           OriginalUri(uri): OriginalUri,
                           headers: HeaderMap,
                           body: Bytes| {
            let parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let request = Received {
                is_known: bearer(&headers).is_some_and(|token| same(token, &gitlab.token)),
                parameters: parameters.collect(),
                query,
                path: uri.path().to_owned(),
                body,
            };
            async move { gitlab.with_state(move |state| answer(state, level, handler, request)).await }
        };
        router.route(&path, on(method, answer))
    })
}

/// The parts of a request that matter here.
struct Received {
    /// Whether the token is the bot's.
    is_known: bool,
    parameters: HashMap<String, String>,
    query: HashMap<String, String>,
    path: String,
    body: Bytes,
}

fn answer(state: &mut State, level: Option<Level>, handler: Handler, request: Received) -> Response {
    perform(state, level, handler, request)
        .map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

fn perform(
    state: &mut State,
    level: Option<Level>,
    handler: Handler,
    request: Received,
) -> Result<Answer, Failure> {
    let Received { is_known, parameters, query, path, body } = request;
    if !is_known {
        return Err(Failure::new(401, "401 Unauthorized"));
    }
    let body = match body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&body).map_err(|_| Failure::new(400, "The body is not JSON"))?,
    };
    let mut at = 0;
    if level.is_some() {
        let found = parameters.get("id").and_then(|id| state.find(id));
        // People who are not members are told that nothing exists.
        let found = found.filter(|at| state.projects[*at].members.contains_key(&state.bot));
        at = found.ok_or_else(|| Failure::not_found("Project"))?;
    }
    let mut call = Call { state, at, parameters, query, path, body };
    if let Some(level) = level {
        call.demand(level)?;
    }
    handler(&mut call)
}
