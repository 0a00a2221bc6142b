//! [Reviews](https://docs.github.com/rest/pulls/reviews) of pull requests.

use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::{
    place::Place,
    shapes::diff_lines::DiffLines,
    state::{Issue, Pull, Review, ReviewComment},
};

/// The body of a review or comment has no more characters.
const LONGEST: usize = 65_536;

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let number = call.number("number")?;
    let (_, pull) = named(call)?;
    let is_html = call.accepts("html");
    let shown = pull.reviews.iter().map(|review| {
        let shown = call.state.review(call.repository(), number, review);
        if is_html { call.state.with_html(shown, &review.body) } else { shown }
    });
    Ok(call.page(shown.collect()))
}

/// Creates a review with its comments, or, where one of them is on no line of the diff, nothing.
pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (number, user, at) = (call.number("number")?, call.login()?, call.now());
    let state = match call.optional_text("event")? {
        Some("COMMENT") => "COMMENTED",
        Some("APPROVE") => "APPROVED",
        Some("REQUEST_CHANGES") => "CHANGES_REQUESTED",
        // Without an event the review would be pending, which nobody here begins.
        _ => return Err(Failure::malformed("event", "is not a permitted key")),
    };
    let (issue, pull) = named(call)?;
    if state != "COMMENTED" && issue.user == user {
        return Err(unprocessable("Can not approve or request changes on your own pull request"));
    }
    let (before, head) = pull.range(call.repository(), issue.closed.is_none());
    let commit = call.optional_text("commit_id")?.unwrap_or(&head).to_owned();
    let known = call.repository().git.commits_between(&before, &head)?;
    if !known.contains(&commit) {
        return Err(unprocessable("The commit_id is not part of the pull request"));
    }
    let body = call.optional_text("body")?.unwrap_or_default().to_owned();
    let comments = call.list("comments")?.to_vec();
    if body.trim().is_empty() && (comments.is_empty() || state == "CHANGES_REQUESTED") {
        return Err(unprocessable("Body can't be blank"));
    }
    demand_length(&body)?;
    let files = call.state.changed_files(call.repository(), &before, &commit)?;
    let mut made = Vec::new();
    for comment in &comments {
        let text = |name: &str| comment[name].as_str().unwrap_or_default();
        demand_length(text("body"))?;
        if text("body").trim().is_empty() {
            return Err(unprocessable("Body can't be blank"));
        }
        let file = files.iter().find(|file| file["filename"] == text("path"));
        let file = file.ok_or_else(|| unprocessable("Path could not be resolved"))?;
        let lines = DiffLines::read(file["patch"].as_str().unwrap_or_default());
        let line = comment["line"].as_u64().unwrap_or_default();
        let place = match comment["side"].as_str().unwrap_or("RIGHT") {
            "LEFT" if lines.left.contains(&line) => Place::Left(line),
            "RIGHT" if lines.right.contains(&line) => Place::Right(line),
            _ => return Err(unprocessable("Line could not be resolved")),
        };
        made.push((text("path").to_owned(), place, text("body").to_owned()));
    }
    let id = call.state.next_id();
    let review = Review { id, user: user.clone(), body, state, commit: commit.clone(), at };
    let comments = made.into_iter().map(|(path, place, body)| ReviewComment {
        id: call.state.next_id(),
        review: id,
        user: user.clone(),
        body,
        path,
        place,
        commit: commit.clone(),
        at,
        answers: None,
        resolved: false,
    });
    let comments: Vec<ReviewComment> = comments.collect();
    let issue = call.issue_mut()?;
    issue.updated_at = at;
    let pull = issue.pull.as_mut().ok_or_else(Failure::not_found)?;
    pull.reviews.push(review.clone());
    pull.review_comments.extend(comments);
    Ok(Answer::ok(call.state.review(call.repository(), number, &review)))
}

fn demand_length(body: &str) -> Result<(), Failure> {
    match body.chars().count() {
        0..=LONGEST => Ok(()),
        _ => Err(unprocessable("body is too long (maximum is 65536 characters)")),
    }
}

/// What GitHub says of a review: the reasons are texts.
fn unprocessable(reason: &str) -> Failure {
    Failure { status: 422, message: "Unprocessable Entity".into(), errors: vec![json!(reason)] }
}

/// The pull request that the path names; the number of an issue names none.
fn named<'a>(call: &'a Call<'_>) -> Result<(&'a Issue, &'a Pull), Failure> {
    let issue = call.issue()?;
    issue.pull.as_ref().map(|pull| (issue, pull)).ok_or_else(Failure::not_found)
}

/// A comment's line as the API shows it: `null` once it has changed since.
pub(in crate::github) fn line_now(
    call: &Call<'_>,
    pull: &Pull,
    is_open: bool,
    comment: &ReviewComment,
) -> Value {
    let repository = call.repository();
    let head = pull.head_now(repository, is_open);
    let line_at = |commit: &str, line: u64| {
        let tree = repository.git.resolve(commit, "tree")?;
        let blob = repository.git.read_blob(&repository.git.resolve_path(&tree, &comment.path)?).ok()?;
        let text = String::from_utf8_lossy(&blob).into_owned();
        text.lines().nth(usize::try_from(line.checked_sub(1)?).ok()?).map(str::to_owned)
    };
    match comment.place {
        Place::Right(line) if line_at(&comment.commit, line) == line_at(&head, line) => json!(line),
        Place::Left(line) => json!(line),
        Place::Right(_) => Value::Null,
    }
}
