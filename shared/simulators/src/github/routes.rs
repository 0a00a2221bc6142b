//! Every call the simulated GitHub answers, and what each needs of its caller.

mod app;
mod checks;
mod comments;
mod contents;
mod deliveries;
mod dependencies;
mod git_data;
mod graphql;
mod hooks;
mod issues;
mod labels;
mod pulls;
mod reactions;
mod references;
mod repository;
mod reviews;
mod trees;
mod users;

use axum::{
    Router,
    body::Bytes,
    extract::{OriginalUri, Query, RawPathParams},
    http::{HeaderMap, HeaderName, header},
    response::Response,
    routing::{MethodFilter, on},
};
use serde_json::Value;

use super::{
    GitHub,
    access::{Caller, Need, Window},
    call::{Answer, Call, Handler, set_headers},
    failure::Failure,
    shapes::node_id,
    state::State,
    world::{Level, Role},
};

const fn read(permissions: &'static [&'static str]) -> Option<Need> {
    Some(Need { permissions, level: Level::Read, role: Role::Read })
}

const fn write(permissions: &'static [&'static str], role: Role) -> Option<Need> {
    Some(Need { permissions, level: Level::Write, role })
}

const METADATA: Option<Need> = read(&["metadata"]);
const READ_CODE: Option<Need> = read(&["contents"]);
const WRITE_CODE: Option<Need> = write(&["contents"], Role::Write);
const READ_PULLS: Option<Need> = read(&["pull_requests"]);
const OPEN_PULLS: Option<Need> = write(&["pull_requests"], Role::Read);
/// Issues and pull requests share their numbers, labels and comments, so either permission will do.
const EITHER: &[&str] = &["issues", "pull_requests"];
const READ_ISSUES: Option<Need> = read(EITHER);
const CONVERSE: Option<Need> = write(EITHER, Role::Read);
const TRIAGE: Option<Need> = write(EITHER, Role::Triage);

/// Whoever does not administer the repository sees no webhook.
const READ_HOOKS: Option<Need> =
    Some(Need { permissions: &["repository_hooks"], level: Level::Read, role: Role::Admin });

const DELETE: MethodFilter = MethodFilter::DELETE;
const GET: MethodFilter = MethodFilter::GET;
const PATCH: MethodFilter = MethodFilter::PATCH;
const POST: MethodFilter = MethodFilter::POST;

/// Paths below `/repos/{owner}/{repo}`.
#[rustfmt::skip]
const REPOSITORY_ROUTES: &[(&str, MethodFilter, Option<Need>, Handler)] = &[
    ("", GET, METADATA, repository::get),
    ("/actions/jobs/{job}/logs", GET, read(&["actions"]), checks::job_log),
    ("/actions/runs", GET, read(&["actions"]), checks::list_workflow_runs),
    ("/actions/runs/{run}/jobs", GET, read(&["actions"]), checks::list_jobs),
    ("/check-runs/{run}/annotations", GET, read(&["checks"]), checks::list_annotations),
    ("/collaborators/{login}/permission", GET, METADATA, repository::get_permission),
    ("/commits/{ref}/check-runs", GET, read(&["checks"]), checks::list_runs),
    ("/commits/{ref}/check-suites", GET, read(&["checks"]), checks::list_suites),
    ("/commits/{ref}/status", GET, read(&["statuses"]), checks::combined_status),
    ("/compare/{*range}", GET, READ_CODE, contents::compare),
    ("/contents/{*path}", GET, READ_CODE, contents::get),
    ("/git/blobs", POST, WRITE_CODE, git_data::create_blob),
    ("/git/blobs/{sha}", GET, READ_CODE, git_data::get_blob),
    ("/git/commits", POST, WRITE_CODE, git_data::create_commit),
    ("/git/commits/{sha}", GET, READ_CODE, git_data::get_commit),
    ("/git/matching-refs/{*prefix}", GET, READ_CODE, references::list),
    ("/git/ref/{*name}", GET, READ_CODE, references::get),
    ("/git/refs", POST, WRITE_CODE, references::create),
    ("/git/trees", POST, WRITE_CODE, trees::create),
    ("/git/trees/{*name}", GET, READ_CODE, trees::get),
    ("/hooks", GET, READ_HOOKS, hooks::list),
    ("/hooks", POST, write(&["repository_hooks"], Role::Admin), hooks::create),
    ("/hooks/{hook}", PATCH, write(&["repository_hooks"], Role::Admin), hooks::update),
    ("/installation", GET, None, app::get_installation),
    ("/issues", GET, read(&["issues"]), issues::list),
    ("/issues", POST, write(&["issues"], Role::Read), issues::create),
    ("/issues/comments", GET, READ_ISSUES, comments::list_all),
    ("/issues/comments/{id}", PATCH, CONVERSE, comments::update),
    ("/issues/comments/{id}/reactions", POST, CONVERSE, reactions::create_on_comment),
    ("/issues/events", GET, READ_ISSUES, issues::list_events),
    ("/issues/{number}", GET, READ_ISSUES, issues::get),
    ("/issues/{number}", PATCH, CONVERSE, issues::update),
    ("/issues/{number}/comments", GET, READ_ISSUES, comments::list),
    ("/issues/{number}/comments", POST, CONVERSE, comments::create),
    ("/issues/{number}/dependencies/blocked_by", GET, READ_ISSUES, dependencies::list),
    ("/issues/{number}/dependencies/blocked_by", POST, write(&["issues"], Role::Triage), dependencies::add),
    ("/issues/{number}/dependencies/blocked_by/{issue_id}", DELETE, write(&["issues"], Role::Triage), dependencies::remove),
    ("/issues/{number}/labels", POST, TRIAGE, labels::add),
    ("/issues/{number}/labels/{name}", DELETE, TRIAGE, labels::remove),
    ("/issues/{number}/reactions", POST, CONVERSE, reactions::create_on_issue),
    ("/pulls", GET, READ_PULLS, pulls::list),
    ("/pulls", POST, OPEN_PULLS, pulls::create),
    ("/pulls/comments", GET, READ_PULLS, pulls::list_all_remarks),
    ("/pulls/{number}", GET, READ_PULLS, pulls::get),
    ("/pulls/{number}", PATCH, OPEN_PULLS, pulls::update),
    ("/pulls/{number}/files", GET, READ_PULLS, pulls::list_files),
    ("/pulls/{number}/reviews", GET, READ_PULLS, reviews::list),
    ("/pulls/{number}/reviews", POST, OPEN_PULLS, reviews::create),
    ("/pulls/{number}/reviews/{review}/comments", GET, READ_PULLS, pulls::list_remarks),
];

/// The other paths.
#[rustfmt::skip]
const ROUTES: &[(&str, MethodFilter, Option<Need>, Handler)] = &[
    ("/app", GET, None, app::get_app),
    ("/app/hook/config", GET, None, hooks::get_app_config),
    ("/app/hook/config", PATCH, None, hooks::update_app_config),
    ("/app/hook/deliveries", GET, None, deliveries::list),
    ("/app/hook/deliveries/{delivery}", GET, None, deliveries::get),
    ("/app/installations/{installation}/access_tokens", POST, None, app::create_token),
    ("/graphql", POST, None, graphql::post),
    ("/user", GET, None, repository::get_user),
    ("/users/{login}", GET, None, users::get),
];

pub(super) fn router(github: &GitHub) -> Router {
    let below = REPOSITORY_ROUTES.iter().map(|(path, method, need, handler)| {
        (format!("/repos/{{owner}}/{{repo}}{path}"), *method, *need, *handler)
    });
    let others =
        ROUTES.iter().map(|(path, method, need, handler)| (path.to_string(), *method, *need, *handler));
    below.chain(others).fold(Router::new(), |router, (path, method, need, handler)| {
        let github = github.clone();
        let answer = move |parameters: RawPathParams,
                           Query(query): Query<Vec<(String, String)>>,
                           OriginalUri(uri): OriginalUri,
                           headers: HeaderMap,
                           body: Bytes| {
            let parameters = parameters.iter().map(|(name, value)| (name.to_string(), value.to_string()));
            let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(String::from);
            let request = Received {
                parameters: parameters.collect(),
                query,
                path: uri.path().to_string(),
                authorization: text(header::AUTHORIZATION),
                accept: text(header::ACCEPT).unwrap_or_default(),
                has_user_agent: headers.contains_key(header::USER_AGENT),
                body,
            };
            async move {
                github.with_state(move |state| answer(state, request, need.as_ref(), handler)).await
            }
        };
        router.route(&path, on(method, answer))
    })
}

/// The parts of a request that matter here.
struct Received {
    parameters: Vec<(String, String)>,
    query: Vec<(String, String)>,
    path: String,
    authorization: Option<String>,
    accept: String,
    has_user_agent: bool,
    body: Bytes,
}

fn answer(state: &mut State, request: Received, need: Option<&Need>, handler: Handler) -> Response {
    let now = state.now();
    let request_id = node_id("Request", state.next_id());
    let mut scopes = None;
    let (window, answered) = match state.access.caller(request.authorization.as_deref(), now) {
        Err(failure) => (state.access.count(&Caller::Anonymous, now).0, Err(failure)),
        Ok(caller) => {
            if matches!(caller, Caller::User { .. }) {
                scopes = state.access.accounts.token_scopes.clone();
            }
            match state.access.count(&caller, now) {
                (window, true) => {
                    let message = "API rate limit exceeded for this account.";
                    (window, Err(Failure::new(403, message)))
                }
                (window, false) => (window, perform(state, request, caller, need, handler)),
            }
        }
    };
    let mut response = answered.unwrap_or_else(Answer::from).into_response();
    let headers = rate_headers(window)
        .into_iter()
        .chain([
            ("x-github-request-id", request_id),
            ("x-github-media-type", "github.v3; format=json".into()),
        ])
        .chain(scopes.map(|scopes| ("x-oauth-scopes", scopes)))
        .map(|(name, value)| (HeaderName::from_static(name), value));
    set_headers(response.headers_mut(), headers);
    response
}

fn perform(
    state: &mut State,
    request: Received,
    caller: Caller,
    need: Option<&Need>,
    handler: Handler,
) -> Result<Answer, Failure> {
    if !request.has_user_agent {
        return Err(Failure::new(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        ));
    }
    let body = match request.body.is_empty() {
        true => Value::Null,
        false => {
            serde_json::from_slice(&request.body).map_err(|_| Failure::new(400, "Problems parsing JSON"))?
        }
    };
    let named =
        |name: &str| request.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let repository = match (named("owner"), named("repo")) {
        (Some(owner), Some(name)) => state.find(owner, name).ok_or_else(Failure::not_found)?,
        _ => 0,
    };
    if let Some(need) = need {
        caller.demand(need, &state.repositories[repository])?;
        // `/repos/{owner}/{repo}/git/…`: the git database of a repository without a commit cannot be used.
        let is_git_data = request.path.split('/').nth(4) == Some("git");
        if is_git_data && state.repositories[repository].git.references("")?.is_empty() {
            return Err(Failure::new(409, "Git Repository is empty."));
        }
    }
    let mut call = Call {
        state,
        caller,
        repository,
        parameters: request.parameters.into_iter().collect(),
        query: request.query.into_iter().collect(),
        accept: request.accept,
        path: request.path,
        body,
    };
    handler(&mut call)
}

/// See "[Rate limits](https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)".
fn rate_headers(window: Window) -> [(&'static str, String); 5] {
    [
        ("x-ratelimit-limit", window.limit.to_string()),
        ("x-ratelimit-remaining", window.remaining().to_string()),
        ("x-ratelimit-used", window.used.to_string()),
        ("x-ratelimit-reset", window.reset.as_second().to_string()),
        ("x-ratelimit-resource", "core".to_string()),
    ]
}
