//! Threads of reviews: the query of
//! [`reviewThreads`](https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread), and the mutations
//! [`addPullRequestReviewThreadReply`](https://docs.github.com/en/graphql/reference/mutations#addpullrequestreviewthreadreply) and
//! [`resolveReviewThread`](https://docs.github.com/en/graphql/reference/mutations#resolvereviewthread). Each document is known as a whole.

use serde_json::{Value, json};

use super::super::{OPEN_PULLS, READ_PULLS, WRITE_CODE, reviews::line_now};
use super::{Answer, Call, Failure};
use crate::github::{
    access::Need,
    shapes::node_id,
    state::{Review, ReviewComment},
};

const THREADS: &str = "query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){pullRequest(number:$number){reviewThreads(first:50,after:$after){pageInfo{hasNextPageendCursor}nodes{idisResolvedpathlinecomments(first:50){nodes{author{login}body}}}}}}}";
const REPLY: &str = "mutation($input:AddPullRequestReviewThreadReplyInput!){addPullRequestReviewThreadReply(input:$input){clientMutationId}}";
const RESOLVE: &str =
    "mutation($input:ResolveReviewThreadInput!){resolveReviewThread(input:$input){clientMutationId}}";
const PAGE: usize = 50;

/// Whether a query is one of these.
pub(super) fn is_about_threads(query: &str) -> bool {
    ["reviewThreads", "addPullRequestReviewThreadReply", "resolveReviewThread"]
        .iter()
        .any(|word| query.contains(word))
}

/// `POST /graphql`
pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let query: String = call.text("query")?.split_whitespace().collect();
    match query.as_str() {
        THREADS => list(call),
        REPLY => reply(call),
        RESOLVE => resolve(call),
        _ => Ok(refused("", None, "the simulator does not know this document about threads")),
    }
}

fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let variables = call.body["variables"].clone();
    let text = |name: &str| variables[name].as_str().unwrap_or_default();
    let found = call.state.find(text("owner"), text("name"));
    let Some(index) = found.filter(|index| is_allowed(call, *index, READ_PULLS)) else {
        return Ok(refused("repository", Some("NOT_FOUND"), "Could not resolve to a Repository"));
    };
    call.repository = index;
    let number = variables["number"].as_u64().unwrap_or_default();
    let issue = call.repository().issues.get(&number);
    let Some((issue, pull)) = issue.and_then(|issue| Some((issue, issue.pull.as_ref()?))) else {
        return Ok(refused("repository", Some("NOT_FOUND"), "Could not resolve to a PullRequest"));
    };
    let roots: Vec<&ReviewComment> =
        pull.review_comments.iter().filter(|comment| comment.answers.is_none()).collect();
    let start: usize = text("after").parse().unwrap_or_default();
    let nodes = roots.iter().skip(start).take(PAGE).map(|root| {
        let said = pull
            .review_comments
            .iter()
            .filter(|comment| comment.id == root.id || comment.answers == Some(root.id));
        let said = said.map(|comment| {
            // An App's login has no `[bot]` here.
            json!({ "author": { "login": comment.user.trim_end_matches("[bot]") }, "body": comment.body })
        });
        json!({
            "id": thread_id(root),
            "isResolved": root.resolved,
            "path": root.path,
            "line": line_now(call, pull, issue.closed.is_none(), root),
            "comments": { "nodes": said.collect::<Vec<_>>() },
        })
    });
    let nodes: Vec<Value> = nodes.collect();
    let end = start + nodes.len();
    let page = json!({ "hasNextPage": end < roots.len(), "endCursor": (!nodes.is_empty()).then(|| end.to_string()) });
    let threads = json!({ "pageInfo": page, "nodes": nodes });
    Ok(Answer::ok(json!({ "data": { "repository": { "pullRequest": { "reviewThreads": threads } } } })))
}

fn reply(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (user, at) = (call.login()?, call.now());
    let input = call.body["variables"]["input"].clone();
    let name = "addPullRequestReviewThreadReply";
    let id = input["pullRequestReviewThreadId"].as_str().unwrap_or_default();
    let body = input["body"].as_str().unwrap_or_default().to_owned();
    if body.trim().is_empty() {
        return Ok(refused(name, Some("UNPROCESSABLE"), "Body can't be blank"));
    }
    let Some((index, number, root)) = find(call, id) else { return Ok(missing(name, id)) };
    if !is_allowed(call, index, OPEN_PULLS) {
        return Ok(refused(name, Some("FORBIDDEN"), "Resource not accessible by integration"));
    }
    call.repository = index;
    // GitHub puts each answer into a separate review.
    let review = Review {
        id: call.state.next_id(),
        user: user.clone(),
        body: String::new(),
        state: "COMMENTED",
        commit: root.commit.clone(),
        at,
    };
    let comment = ReviewComment {
        id: call.state.next_id(),
        review: review.id,
        user,
        body,
        at,
        answers: Some(root.id),
        resolved: false,
        ..root
    };
    let issue = call.repository_mut().issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.updated_at = at;
    let pull = issue.pull.as_mut().ok_or_else(Failure::not_found)?;
    pull.reviews.push(review);
    pull.review_comments.push(comment);
    Ok(done(name))
}

fn resolve(call: &mut Call<'_>) -> Result<Answer, Failure> {
    call.login()?;
    let name = "resolveReviewThread";
    let input = call.body["variables"]["input"].clone();
    let id = input["threadId"].as_str().unwrap_or_default();
    let Some((index, number, root)) = find(call, id) else { return Ok(missing(name, id)) };
    // It takes the right to write contents, too, which is documented nowhere.
    if [OPEN_PULLS, WRITE_CODE].into_iter().any(|need| !is_allowed(call, index, need)) {
        return Ok(refused(name, Some("FORBIDDEN"), "Resource not accessible by integration"));
    }
    call.repository = index;
    let issue = call.repository_mut().issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    let comments = issue.pull.iter_mut().flat_map(|pull| &mut pull.review_comments);
    comments.filter(|comment| comment.id == root.id).for_each(|comment| comment.resolved = true);
    Ok(done(name))
}

fn thread_id(root: &ReviewComment) -> String {
    node_id("PullRequestReviewThread", root.id)
}

/// The repository's index, the pull request's number and the comment that began a thread.
fn find(call: &Call<'_>, id: &str) -> Option<(usize, u64, ReviewComment)> {
    call.state.repositories.iter().enumerate().find_map(|(index, repository)| {
        repository.issues.values().find_map(|issue| {
            let mut comments = issue.pull.iter().flat_map(|pull| &pull.review_comments);
            let root = comments.find(|comment| comment.answers.is_none() && thread_id(comment) == id)?;
            Some((index, issue.number, root.clone()))
        })
    })
}

fn is_allowed(call: &Call<'_>, index: usize, need: Option<Need>) -> bool {
    let Some(repository) = call.state.repositories.get(index) else { return false };
    need.is_none_or(|need| call.caller.demand(&need, repository).is_ok())
}

fn done(name: &str) -> Answer {
    Answer::ok(json!({ "data": { name: { "clientMutationId": null } } }))
}

fn missing(name: &str, id: &str) -> Answer {
    refused(name, Some("NOT_FOUND"), &format!("Could not resolve to a node with the global id of '{id}'"))
}

fn refused(name: &str, kind: Option<&str>, message: &str) -> Answer {
    let mut error = json!({ "path": [name], "message": message });
    if let Some(kind) = kind {
        error["type"] = Value::from(kind);
    }
    Answer::ok(json!({ "data": { name: null }, "errors": [error] }))
}
