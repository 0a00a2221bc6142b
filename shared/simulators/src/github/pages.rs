//! What a person sees who opens the address of an issue or pull request in a browser: its text, its conversation and
//! its changes, as plain text.

use std::fmt::Write;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

use super::{
    GitHub,
    failure::Failure,
    shapes::moment,
    state::{Issue, Repository, State},
};

pub(super) fn router(github: &GitHub) -> Router {
    let page = |github: &GitHub| {
        let github = github.clone();
        get(move |Path((owner, name, number)): Path<(String, String, String)>| async move {
            github.with_state(move |state| show(state, &owner, &name, &number)).await
        })
    };
    Router::new()
        .route("/{owner}/{repo}/issues/{number}", page(github))
        .route("/{owner}/{repo}/pull/{number}", page(github))
        .route("/{owner}/{repo}/actions/logs/{job}", logs(github))
}

/// Where the logs of jobs are kept: a separate service, whose addresses are keys by themselves. It refuses credentials.
fn logs(github: &GitHub) -> MethodRouter {
    let github = github.clone();
    get(move |Path((owner, name, job)): Path<(String, String, u64)>, headers: HeaderMap| async move {
        if headers.contains_key(header::AUTHORIZATION) {
            return (
                StatusCode::BAD_REQUEST,
                "Authentication information is not given in the correct format.",
            )
                .into_response();
        }
        github
            .with_state(move |state| {
                let repository = state.find(&owner, &name).map(|index| &state.repositories[index]);
                let log = repository.and_then(|repository| repository.find_run(job)?.1.log);
                match log {
                    Some(log) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], log).into_response(),
                    None => StatusCode::NOT_FOUND.into_response(),
                }
            })
            .await
    })
}

/// `number` may end in `.diff`, which returns only the changes.
fn show(state: &State, owner: &str, name: &str, number: &str) -> Response {
    let (number, is_diff) = number.strip_suffix(".diff").map_or((number, false), |number| (number, true));
    let repository = state.find(owner, name).map(|index| &state.repositories[index]);
    let issue = repository.and_then(|repository| repository.issues.get(&number.parse().ok()?));
    let (Some(repository), Some(issue)) = (repository, issue) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let text = changes(repository, issue).map(|diff| match is_diff {
        true => diff,
        false => conversation(repository, issue) + &diff,
    });
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.message).into_response(),
    }
}

fn changes(repository: &Repository, issue: &Issue) -> Result<String, Failure> {
    let Some(pull) = &issue.pull else { return Ok(String::new()) };
    let (before, head) = pull.range(repository, issue.closed.is_none());
    Ok(repository.git.diff(&before, &head, &[])?)
}

fn conversation(repository: &Repository, issue: &Issue) -> String {
    let status = match (&issue.closed, issue.pull.as_ref()) {
        (_, Some(pull)) if pull.merged.is_some() => "merged",
        (Some(_), _) => "closed",
        (None, Some(pull)) if pull.draft => "draft",
        (None, _) => "open",
    };
    let mut text = format!("{}  #{}  ({status})\n{}\n", issue.title, issue.number, repository.full_name());
    // Writing to a string cannot fail.
    if let Some(pull) = &issue.pull {
        let _ = writeln!(text, "{} wants to merge {} into {}", issue.user, pull.head, pull.base);
    }
    if !issue.labels.is_empty() {
        let _ = writeln!(text, "labels: {}", issue.labels.join(", "));
    }
    let first = issue.body.iter().map(|body| (&issue.user, issue.created_at, body));
    let comments = issue.comments.iter().map(|comment| (&comment.user, comment.created_at, &comment.body));
    for (user, at, body) in first.chain(comments) {
        let _ = write!(text, "\n--- {user}, {}\n\n{}\n", moment(at), body.trim_end());
    }
    text.push('\n');
    text
}
