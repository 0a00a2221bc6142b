//! [Comments](https://docs.github.com/rest/issues/comments) on issues and pull requests.

use jiff::Timestamp;

use super::{Answer, Call, Failure};
use crate::github::{
    access::Caller,
    state::{Comment, Issue},
    world::Role,
};

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let issue = call.issue()?;
    let since: Option<Timestamp> = match call.queried("since") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Failure::invalid("IssueComment", "since", "invalid"))?),
    };
    let chosen =
        issue.comments.iter().filter(|comment| since.is_none_or(|since| comment.updated_at >= since));
    Ok(call.page(chosen.map(|comment| call.state.comment(call.repository(), issue, comment)).collect()))
}

/// Those of a whole repository, by when they were written or changed.
pub(super) fn list_all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let since: Option<Timestamp> = match call.queried("since") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Failure::invalid("IssueComment", "since", "invalid"))?),
    };
    let issues = call.repository().issues.values();
    let mut chosen: Vec<(&Issue, &Comment)> = issues
        .flat_map(|issue| issue.comments.iter().map(move |comment| (issue, comment)))
        .filter(|(_, comment)| since.is_none_or(|since| comment.updated_at >= since))
        .collect();
    let by_update = call.queried("sort") == Some("updated");
    chosen.sort_by_key(|(_, one)| (if by_update { one.updated_at } else { one.created_at }, one.id));
    if call.queried("direction") == Some("desc") {
        chosen.reverse();
    }
    let is_html = call.accepts("html");
    let shown = chosen.into_iter().map(|(issue, one)| {
        let shown = call.state.comment(call.repository(), issue, one);
        if is_html { call.state.with_html(shown, &one.body) } else { shown }
    });
    Ok(call.page(shown.collect()))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (body, user) = (body(call)?, call.login()?);
    call.issue()?;
    let (id, now) = (call.state.next_id(), call.now());
    let comment = Comment { id, user, body, reactions: Vec::new(), created_at: now, updated_at: now };
    let issue = call.issue_mut()?;
    issue.comments.push(comment.clone());
    issue.updated_at = now;
    Ok(Answer::created(call.state.comment(call.repository(), call.issue()?, &comment)))
}

fn shown(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (issue, comment) = find(call)?;
    Ok(Answer::ok(call.state.comment(call.repository(), issue, comment)))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (body, now) = (body(call)?, call.now());
    demand_own(call)?;
    let comment = find_mut(call)?;
    (comment.body, comment.updated_at) = (body, now);
    shown(call)
}

/// GitHub's limit of a comment is 65536 characters.
fn body(call: &Call<'_>) -> Result<String, Failure> {
    const LONGEST: usize = 65_536;
    let body = call.text("body")?;
    if body.trim().is_empty() {
        return Err(Failure::custom("IssueComment", "body cannot be blank"));
    }
    if body.chars().count() > LONGEST {
        return Err(Failure::custom("IssueComment", "body is too long (maximum is 65536 characters)"));
    }
    Ok(body.to_string())
}

/// Other people's comments are for those who may push.
fn demand_own(call: &Call<'_>) -> Result<(), Failure> {
    let (_, comment) = find(call)?;
    let may = match &call.caller {
        Caller::User { login } => {
            *login == comment.user
                || call.repository().collaborators.get(login).is_some_and(|role| *role >= Role::Write)
        }
        Caller::Installation { .. } => true,
        Caller::Anonymous | Caller::App => false,
    };
    if may { Ok(()) } else { Err(Failure::new(403, "Must have admin rights to Repository.")) }
}

/// The comment that the path's `id` names, with its issue.
pub(super) fn find<'a>(call: &'a Call<'_>) -> Result<(&'a Issue, &'a Comment), Failure> {
    let id = call.number("id")?;
    let mut all =
        call.repository().issues.values().flat_map(|issue| issue.comments.iter().map(move |c| (issue, c)));
    all.find(|(_, comment)| comment.id == id).ok_or_else(Failure::not_found)
}

pub(super) fn find_mut<'a>(call: &'a mut Call<'_>) -> Result<&'a mut Comment, Failure> {
    let id = call.number("id")?;
    let mut all = call.repository_mut().issues.values_mut().flat_map(|issue| issue.comments.iter_mut());
    all.find(|comment| comment.id == id).ok_or_else(Failure::not_found)
}
