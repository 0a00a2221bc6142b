//! The mutation
//! [`markPullRequestReadyForReview`](https://docs.github.com/en/graphql/reference/mutations#markpullrequestreadyforreview), which an App
//! may call that writes contents.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{OPEN_PULLS, WRITE_CODE};
use super::{Answer, Call, Failure};
use crate::github::shapes::node_id;

/// The one document that is answered, without spaces.
const DOCUMENT: &str = "mutation($input:MarkPullRequestReadyForReviewInput!){markPullRequestReadyForReview(input:$input){clientMutationId}}";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    query: String,
    variables: Variables,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variables {
    input: Input,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Input {
    #[serde(default)]
    client_mutation_id: Option<String>,
    pull_request_id: String,
}

/// `POST /graphql`
pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    call.login()?;
    let request: Request = match serde_json::from_value(call.body.clone()) {
        Ok(request) => request,
        Err(error) => {
            return Ok(refused(None, &format!("Variable $input was provided invalid value: {error}")));
        }
    };
    if request.query.split_whitespace().collect::<String>() != DOCUMENT {
        return Ok(refused(
            None,
            "the simulator knows only markPullRequestReadyForReview with its clientMutationId",
        ));
    }
    let Input { client_mutation_id, pull_request_id } = request.variables.input;
    let found = call.state.repositories.iter().enumerate().find_map(|(index, repository)| {
        let pulls = repository.issues.values().filter(|issue| issue.pull.is_some());
        let pull = pulls.into_iter().find(|issue| node_id("PullRequest", issue.id) == pull_request_id)?;
        Some((index, pull.number))
    });
    let Some((repository, number)) = found else {
        let message = format!("Could not resolve to a node with the global id of '{pull_request_id}'");
        return Ok(refused(Some("NOT_FOUND"), &message));
    };
    call.repository = repository;
    for need in [WRITE_CODE, OPEN_PULLS].into_iter().flatten() {
        if let Err(failure) = call.caller.demand(&need, call.repository()) {
            return Ok(refused(Some("FORBIDDEN"), &failure.message));
        }
    }
    let now = call.now();
    let issue = call.repository_mut().issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    if issue.closed.is_some() {
        return Ok(refused(Some("UNPROCESSABLE"), "Pull request is closed"));
    }
    issue.updated_at = now;
    if let Some(pull) = &mut issue.pull {
        pull.draft = false;
    }
    let done = json!({ "clientMutationId": client_mutation_id });
    Ok(Answer::ok(json!({ "data": { "markPullRequestReadyForReview": done } })))
}

fn refused(kind: Option<&str>, message: &str) -> Answer {
    let mut error = json!({
        "path": ["markPullRequestReadyForReview"], "locations": [{ "line": 1, "column": 63 }], "message": message,
    });
    if let Some(kind) = kind {
        error["type"] = Value::from(kind);
    }
    Answer::ok(json!({ "data": { "markPullRequestReadyForReview": null }, "errors": [error] }))
}
