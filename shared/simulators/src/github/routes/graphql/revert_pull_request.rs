//! The mutation [`revertPullRequest`](https://docs.github.com/en/graphql/reference/mutations#revertpullrequest): a branch with a commit that takes
//! back what a merged pull request did, and a pull request from it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{OPEN_PULLS, WRITE_CODE};
use super::{Answer, Call, Failure};
use crate::github::shapes::node_id;
use crate::github::state::Pull;

/// The one document that is answered, without spaces.
const DOCUMENT: &str =
    "mutation($input:RevertPullRequestInput!){revertPullRequest(input:$input){revertPullRequest{number}}}";

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
    pull_request_id: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    draft: bool,
}

/// `POST /graphql`
pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let login = call.login()?;
    let request: Request = match serde_json::from_value(call.body.clone()) {
        Ok(request) => request,
        Err(error) => {
            return Ok(refused(None, &format!("Variable $input was provided invalid value: {error}")));
        }
    };
    if request.query.split_whitespace().collect::<String>() != DOCUMENT {
        return Ok(refused(None, "the simulator knows this mutation only with the number of what it opens"));
    }
    let Input { pull_request_id, title, body, draft } = request.variables.input;
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
    let issue = call.repository().issues.get(&number).ok_or_else(Failure::not_found)?;
    let pull = issue.pull.as_ref().ok_or_else(Failure::not_found)?;
    let Some(merged) = &pull.merged else {
        return Ok(refused(Some("UNPROCESSABLE"), "The pull request was not merged"));
    };
    let (sha, base, reverted) = (merged.sha.clone(), pull.base.clone(), pull.head.clone());
    let title = title.unwrap_or_else(|| format!("Revert \"{}\"", issue.title));
    let git = &call.repository().git;
    let conflict =
        || refused(Some("UNPROCESSABLE"), "Sorry, this pull request couldn’t be reverted automatically");
    let (Some(head), Some(parent)) =
        (call.repository().head_of(&base), git.read_commit(&sha)?.parents.first().cloned())
    else {
        return Ok(conflict());
    };
    // A commit whose tree is the parent's, on top of the merge: merged, it takes the change back.
    let who = call.state.signature(&login, call.now());
    let before = git.read_commit(&parent)?.tree;
    let inverse = git.write_commit(&before, std::slice::from_ref(&sha), &who, &who, "inverse\n")?;
    let tree = git.merged_tree(&head, &inverse);
    let Some(tree) = tree.filter(|tree| git.read_commit(&head).is_ok_and(|head| head.tree != *tree)) else {
        return Ok(conflict());
    };
    let made = git.write_commit(&tree, std::slice::from_ref(&head), &who, &who, &title)?;
    let branch = format!("revert-{number}-{reverted}");
    git.set_reference(&format!("refs/heads/{branch}"), &made)?;
    let (reviews, review_comments) = (Vec::new(), Vec::new());
    let (head_sha, base_sha) = (made, head);
    let pull = Pull {
        head: branch,
        base,
        head_sha,
        base_sha,
        draft,
        fork: None,
        merged: None,
        reviews,
        review_comments,
    };
    let opened = call.state.open(call.repository, title, body, login, Some(pull));
    Ok(Answer::ok(json!({ "data": { "revertPullRequest": { "revertPullRequest": { "number": opened } } } })))
}

fn refused(kind: Option<&str>, message: &str) -> Answer {
    let mut error = json!({
        "path": ["revertPullRequest"], "locations": [{ "line": 1, "column": 45 }], "message": message,
    });
    if let Some(kind) = kind {
        error["type"] = Value::from(kind);
    }
    Answer::ok(json!({ "data": { "revertPullRequest": null }, "errors": [error] }))
}
