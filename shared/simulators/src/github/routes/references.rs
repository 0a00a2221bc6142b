//! Branches and tags of the [git database](https://docs.github.com/rest/git/refs).

use super::{Answer, Call, Failure};
use crate::github::shapes::git_reference;

/// `GET /git/ref/heads/topic`
pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let name = format!("refs/{}", call.parameter("name"));
    let found = call.repository().git.reference(&name).ok_or_else(Failure::not_found)?;
    Ok(Answer::ok(git_reference(call.state, call.repository(), &found)))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (name, sha) = (call.text("ref")?.to_string(), call.text("sha")?.to_string());
    let git = &call.repository().git;
    if !name.starts_with("refs/") || name.matches('/').count() < 2 {
        let message = "Reference name must start with 'refs/' and contain at least two slashes.";
        return Err(Failure::new(422, message));
    }
    if !git.is_legal_reference(&name) {
        return Err(Failure::new(422, format!("{name} is not a valid ref name.")));
    }
    if git.reference(&name).is_some() {
        return Err(Failure::new(422, "Reference already exists"));
    }
    demand_commit(call, &name, &sha)?;
    // A branch `a` is in the way of a branch `a/b`, as it is for git.
    call.repository()
        .git
        .set_reference(&name, &sha)
        .map_err(|_| Failure::new(422, "Reference cannot be created"))?;
    pushed(call);
    let made = call.repository().git.reference(&name).ok_or_else(Failure::not_found)?;
    Ok(Answer::created(git_reference(call.state, call.repository(), &made)))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let name = format!("refs/{}", call.parameter("name"));
    let (sha, force) = (call.text("sha")?.to_string(), call.flag("force")?);
    let git = &call.repository().git;
    let before = git.reference(&name).ok_or_else(|| Failure::new(422, "Reference does not exist"))?;
    demand_commit(call, &name, &sha)?;
    demand_unprotected(call, &name, "update failed")?;
    if !force && !call.repository().git.is_ancestor(&before.sha, &sha) {
        return Err(Failure::new(422, "Update is not a fast forward"));
    }
    call.repository().git.set_reference(&name, &sha)?;
    pushed(call);
    let moved = call.repository().git.reference(&name).ok_or_else(Failure::not_found)?;
    Ok(Answer::ok(git_reference(call.state, call.repository(), &moved)))
}

/// Deleting a branch closes the pull requests from it.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let name = format!("refs/{}", call.parameter("name"));
    if call.repository().git.reference(&name).is_none() {
        return Err(Failure::new(422, "Reference does not exist"));
    }
    demand_unprotected(call, &name, "deletion failed")?;
    if let Some(branch) = name.strip_prefix("refs/heads/") {
        let from_it = |(number, issue): (&u64, &crate::github::state::Issue)| {
            let pull = issue.pull.as_ref()?;
            (issue.closed.is_none() && pull.head == branch).then_some(*number)
        };
        let numbers: Vec<u64> = call.repository().issues.iter().filter_map(from_it).collect();
        let by = call.login()?;
        for number in numbers {
            call.state.close(call.repository, number, &by, "completed");
        }
    }
    call.repository().git.delete_reference(&name)?;
    pushed(call);
    Ok(Answer::no_content())
}

/// Branches name commits; tags may name anything that is stored.
fn demand_commit(call: &Call<'_>, name: &str, sha: &str) -> Result<(), Failure> {
    let is_name = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kind = if is_name { call.repository().git.kind(sha) } else { None };
    match kind.as_deref() {
        None => Err(Failure::new(422, "Object does not exist")),
        Some("commit") => Ok(()),
        Some(_) if !name.starts_with("refs/heads/") => Ok(()),
        Some(_) => Err(Failure::new(422, "Reference cannot be updated: object is not a commit")),
    }
}

fn demand_unprotected(call: &Call<'_>, name: &str, failed: &str) -> Result<(), Failure> {
    let branch = name.strip_prefix("refs/heads/");
    if branch.is_some_and(|branch| call.repository().protected.iter().any(|known| known == branch)) {
        return Err(Failure::new(422, format!("Protected branch {failed} for {name}.")));
    }
    Ok(())
}

fn pushed(call: &mut Call<'_>) {
    let now = call.now();
    call.repository_mut().pushed_at = now;
}
