//! [Issue dependencies](https://docs.github.com/rest/issues/issue-dependencies): by which others an issue is blocked.

use serde_json::Value;

use super::{Answer, Call, Failure};
use crate::github::state::{Issue, Repository};

/// An issue of any repository by its id.
fn by_id<'a>(call: &'a Call<'_>, id: u64) -> Option<(&'a Repository, &'a Issue)> {
    let issues =
        |repository: &'a Repository| repository.issues.values().map(move |issue| (repository, issue));
    call.state.repositories.iter().flat_map(issues).find(|(_, issue)| issue.id == id)
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let blocking = &call.issue()?.blocked_by;
    let shown = blocking.iter().filter_map(|id| by_id(call, *id));
    Ok(call.page(shown.map(|(repository, issue)| call.state.issue(repository, issue)).collect()))
}

pub(super) fn add(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.body["issue_id"].as_u64();
    let id = id.ok_or_else(|| Failure::malformed("issue_id", "wasn't supplied"))?;
    let shown = shown(call, id)?;
    let refused = |message: &str| Failure::custom("IssueDependency", message);
    match by_id(call, id) {
        Some((_, issue)) if issue.pull.is_some() => return Err(refused("Target issue may only be an issue")),
        _ if call.issue()?.id == id => return Err(refused("Target issue cannot be the issue itself")),
        _ if call.issue()?.blocked_by.contains(&id) => {
            return Err(refused("Target issue has already been taken"));
        }
        _ => {}
    }
    call.issue_mut()?.blocked_by.push(id);
    Ok(Answer::created(shown))
}

pub(super) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.number("issue_id")?;
    if !call.issue()?.blocked_by.contains(&id) {
        return Err(Failure::not_found());
    }
    let shown = shown(call, id)?;
    call.issue_mut()?.blocked_by.retain(|known| *known != id);
    Ok(Answer::ok(shown))
}

fn shown(call: &Call<'_>, id: u64) -> Result<Value, Failure> {
    let (repository, issue) = by_id(call, id).ok_or_else(Failure::not_found)?;
    Ok(call.state.issue(repository, issue))
}
