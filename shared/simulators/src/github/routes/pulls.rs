//! [Pull requests](https://docs.github.com/rest/pulls/pulls) with their files, commits and reviews.

use serde_json::Value;

use super::{
    Answer, Call, Failure,
    issues::{demand_author, demand_lengths, in_order, is_in_state},
};
use crate::github::state::{Issue, Pull};

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let state = call.queried("state").unwrap_or("open");
    // GitHub ignores a head that is not written as `owner:branch`.
    let head = call.queried("head").and_then(|head| head.split_once(':'));
    let base = call.queried("base");
    let chosen = repository.issues.values().filter(|issue| {
        issue.pull.as_ref().is_some_and(|pull| {
            is_in_state(issue, state)
                && head.is_none_or(|(owner, branch)| {
                    owner.eq_ignore_ascii_case(&repository.owner) && branch == pull.head
                })
                && base.is_none_or(|base| base == pull.base)
        })
    });
    let chosen = in_order(call, chosen.collect()).into_iter();
    let shown = chosen.filter_map(|issue| Some(call.state.pull(repository, issue, issue.pull.as_ref()?)));
    Ok(call.page(shown.collect()))
}

/// A pull request that was just opened is not found for a moment.
fn demand_seen(call: &mut Call<'_>) -> Result<(), Failure> {
    let (repository, number) = (call.repository, call.parameter("number").to_string());
    if call.state.is_unseen(repository, &number) { Err(Failure::not_found()) } else { Ok(()) }
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    demand_seen(call)?;
    let (issue, pull) = named(call)?;
    if call.accepts("diff") {
        let (before, head) = pull.range(call.repository(), issue.closed.is_none());
        let diff = call.repository().git.diff(&before, &head, &[])?;
        return Ok(Answer::raw("application/vnd.github.diff; charset=utf-8", diff.into_bytes()));
    }
    Ok(Answer::ok(call.state.full_pull(call.repository(), issue, pull)?))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Some(title) = call.optional_text("title")?.filter(|title| !title.trim().is_empty()) else {
        return Err(Failure::invalid("PullRequest", "title", "missing_field"));
    };
    let (title, body) = (title.to_string(), call.optional_text("body")?.map(String::from));
    demand_lengths("PullRequest", &title, body.as_deref())?;
    let (head, base, draft) = (call.text("head")?, call.text("base")?.to_string(), call.flag("draft")?);
    let repository = call.repository();
    // `owner:branch` of another owner would be a fork, and there are none.
    let head = match head.split_once(':') {
        Some((owner, branch)) if owner.eq_ignore_ascii_case(&repository.owner) => branch.to_string(),
        Some(_) => return Err(Failure::invalid("PullRequest", "head", "invalid")),
        None => head.to_string(),
    };
    let index = call.repository;
    if call.state.is_unseen(index, &head) {
        return Err(Failure::invalid("PullRequest", "head", "invalid"));
    }
    let repository = call.repository();
    let stands_at = |branch: &str, field: &str| {
        repository.head_of(branch).ok_or_else(|| Failure::invalid("PullRequest", field, "invalid"))
    };
    let (base_sha, head_sha) = (stands_at(&base, "base")?, stands_at(&head, "head")?);
    let is_same = |issue: &Issue| {
        issue.closed.is_none()
            && issue.pull.as_ref().is_some_and(|pull| pull.head == head && pull.base == base)
    };
    if repository.issues.values().any(is_same) {
        let message = format!("A pull request already exists for {}:{head}.", repository.owner);
        return Err(Failure::custom("PullRequest", message));
    }
    if repository.git.merge_base(&base_sha, &head_sha).is_none() {
        let message = format!("The {head} branch has no history in common with {base}");
        return Err(Failure::custom("PullRequest", message));
    }
    if repository.git.commits_between(&base_sha, &head_sha)?.is_empty() {
        return Err(Failure::custom("PullRequest", format!("No commits between {base} and {head}")));
    }
    if draft && !call.repository().drafts {
        let message = "Draft pull requests are not supported in this repository.";
        return Err(Failure::new(422, message));
    }
    let login = call.login()?;
    let (reviews, review_comments) = (Vec::new(), Vec::new());
    let (merged, fork) = (None, None);
    let pull = Pull { head, base, head_sha, base_sha, draft, merged, reviews, review_comments, fork };
    let number = call.state.open(call.repository, title, body, login, Some(pull));
    call.state.just_made(index, &number.to_string());
    let shown = shown(call, number)?;
    Ok(Answer::created(shown))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (number, now, login) = (call.number("number")?, call.now(), call.login()?);
    let (issue, pull) = named(call)?;
    demand_author(call, &issue.user)?;
    let title = call.optional_text("title")?.map(String::from);
    let body = call.body.get("body").map(|_| call.optional_text("body").map(|body| body.map(String::from)));
    let body = body.transpose()?;
    let base = call.optional_text("base")?.map(String::from);
    if base.as_ref().is_some_and(|base| call.repository().head_of(base).is_none()) {
        return Err(Failure::invalid("PullRequest", "base", "invalid"));
    }
    let reopens = match call.optional_text("state")? {
        Some("open") if issue.closed.is_none() => false,
        Some("open") => {
            let problem = match () {
                () if pull.merged.is_some() => Some("state cannot be changed. The pull request is merged."),
                () if call.repository().head_of(&pull.head).is_none() => {
                    Some("state cannot be changed. The head branch was deleted.")
                }
                () => None,
            };
            if let Some(problem) = problem {
                return Err(Failure::custom("PullRequest", problem));
            }
            true
        }
        Some("closed") => {
            call.state.close(call.repository, number, &login, "completed");
            false
        }
        None => false,
        Some(_) => return Err(Failure::invalid("PullRequest", "state", "invalid")),
    };
    if reopens {
        call.state.happened(call.repository, number, "reopened", None, &login);
    }
    let issue = call.issue_mut()?;
    if reopens {
        issue.closed = None;
    }
    if let Some(title) = title {
        issue.title = title;
    }
    if let Some(body) = body {
        issue.body = body;
    }
    if let (Some(base), Some(pull)) = (base, &mut issue.pull) {
        pull.base = base;
    }
    issue.updated_at = now;
    Ok(Answer::ok(shown(call, number)?))
}

pub(super) fn list_files(call: &mut Call<'_>) -> Result<Answer, Failure> {
    demand_seen(call)?;
    let (issue, pull) = named(call)?;
    let (before, head) = pull.range(call.repository(), issue.closed.is_none());
    let files = call.state.changed_files(call.repository(), &before, &head)?;
    Ok(call.page(files))
}

/// The comments on lines that one review made.
pub(super) fn list_remarks(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (number, review) = (call.number("number")?, call.number("review")?);
    let (_, pull) = named(call)?;
    if !pull.reviews.iter().any(|known| known.id == review) {
        return Err(Failure::not_found());
    }
    let made = pull.review_comments.iter().filter(|comment| comment.review == review);
    let shown = made.map(|comment| call.state.review_comment(call.repository(), number, comment));
    Ok(call.page(shown.collect()))
}

/// All comments on lines in a repository, the oldest first unless `direction` asks for something else.
pub(super) fn list_all_remarks(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let pulls =
        call.repository().issues.values().filter_map(|issue| Some((issue.number, issue.pull.as_ref()?)));
    let mut made: Vec<_> = pulls
        .flat_map(|(number, pull)| pull.review_comments.iter().map(move |comment| (number, comment)))
        .collect();
    made.sort_by_key(|(_, comment)| comment.at);
    if call.queried("direction") == Some("desc") {
        made.reverse();
    }
    let is_html = call.accepts("html");
    let shown = made.into_iter().map(|(number, comment)| {
        let shown = call.state.review_comment(call.repository(), number, comment);
        if is_html { call.state.with_html(shown, &comment.body) } else { shown }
    });
    Ok(call.page(shown.collect()))
}

/// The pull request that the path names; the number of an issue names none.
fn named<'a>(call: &'a Call<'_>) -> Result<(&'a Issue, &'a Pull), Failure> {
    let issue = call.issue()?;
    issue.pull.as_ref().map(|pull| (issue, pull)).ok_or_else(Failure::not_found)
}

fn shown(call: &Call<'_>, number: u64) -> Result<Value, Failure> {
    let issue = call.repository().issues.get(&number).ok_or_else(Failure::not_found)?;
    let pull = issue.pull.as_ref().ok_or_else(Failure::not_found)?;
    call.state.full_pull(call.repository(), issue, pull)
}
