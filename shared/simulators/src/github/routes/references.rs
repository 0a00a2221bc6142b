//! Branches and tags of the [git database](https://docs.github.com/rest/git/refs).

use super::{Answer, Call, Failure};
use crate::github::{shapes::git_reference, state::Issue};

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
    let change = RefChange { name: name.clone(), from: None, to: Some(sha), force: false };
    change.check(call)?;
    change.make(call)?;
    let made = call.repository().git.reference(&name).ok_or_else(Failure::not_found)?;
    Ok(Answer::created(git_reference(call.state, call.repository(), &made)))
}

/// `GET /git/matching-refs/heads/feature`
pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let prefix = format!("refs/{}", call.parameter("prefix"));
    let repository = call.repository();
    let found = repository.git.references("")?.into_iter().filter(|found| found.name.starts_with(&prefix));
    let shown = found.map(|found| git_reference(call.state, repository, &found)).collect();
    Ok(Answer::ok(shown))
}

/// A reference that is created, moved or deleted.
pub(super) struct RefChange {
    pub(super) name: String,
    /// Its current target; `None` if it does not exist.
    pub(super) from: Option<String>,
    /// Its new target; `None` deletes it.
    pub(super) to: Option<String>,
    /// Whether it may move to a commit that is not a descendant.
    pub(super) force: bool,
}

impl RefChange {
    /// Whether GitHub makes the change.
    pub(super) fn check(&self, call: &Call<'_>) -> Result<(), Failure> {
        if let Some(to) = &self.to {
            demand_commit(call, &self.name, to)?;
        }
        let failed = if self.to.is_some() { "update failed" } else { "deletion failed" };
        if self.from.is_some() {
            demand_unprotected(call, &self.name, failed)?;
        } else if self.to.is_none() {
            return Err(Failure::new(422, "Reference does not exist"));
        }
        self.demand_rules(call)?;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if !self.force && !call.repository().git.is_ancestor(from, to) => {
                Err(Failure::new(422, "Update is not a fast forward"))
            }
            _ => Ok(()),
        }
    }

    /// The ruleset's requirements: the name of a new branch, and signatures of new commits.
    fn demand_rules(&self, call: &Call<'_>) -> Result<(), Failure> {
        let (repository, Some(branch), Some(to)) = (call.repository(), self.branch(), &self.to) else {
            return Ok(());
        };
        let violated =
            |rule: &str| Err(Failure::new(422, format!("Repository rule violations found\n\n{rule}\n\n")));
        if let (Some(prefix), None) = (&repository.ruleset.branch_prefix, &self.from)
            && !branch.starts_with(prefix)
        {
            return violated(&format!("Branch name must start with \"{prefix}\"."));
        }
        let since = self.from.clone().or_else(|| repository.head_of(&repository.default_branch));
        if repository.ruleset.signed_commits
            && let Some(since) = since
        {
            let new = repository.git.commits_between(&since, to)?;
            if new.iter().any(|commit| !repository.signed.contains(commit)) {
                return violated("Commits must have verified signatures.");
            }
        }
        Ok(())
    }

    fn branch(&self) -> Option<&str> {
        self.name.strip_prefix("refs/heads/")
    }

    /// Makes the change. Deleting a branch closes the pull requests from it.
    pub(super) fn make(&self, call: &mut Call<'_>) -> Result<(), Failure> {
        let git = &call.repository().git;
        match &self.to {
            // A branch `a` prevents a branch `a/b`, as in git; GitHub's message says only this.
            Some(to) => {
                git.set_reference(&self.name, to).map_err(|_| Failure::new(422, "Reference update failed"))?
            }
            None => {
                self.close_pulls(call)?;
                call.repository().git.delete_reference(&self.name)?;
            }
        }
        let (now, repository) = (call.now(), call.repository);
        call.repository_mut().pushed_at = now;
        if let (Some(branch), Some(_)) = (self.branch(), &self.to) {
            call.state.just_made(repository, branch);
        }
        Ok(())
    }

    fn close_pulls(&self, call: &mut Call<'_>) -> Result<(), Failure> {
        let Some(branch) = self.branch() else { return Ok(()) };
        let from_it = |(number, issue): (&u64, &Issue)| {
            let pull = issue.pull.as_ref()?;
            (issue.closed.is_none() && pull.head == branch).then_some(*number)
        };
        let numbers: Vec<u64> = call.repository().issues.iter().filter_map(from_it).collect();
        let by = call.login()?;
        for number in numbers {
            call.state.close(call.repository, number, &by, "completed");
        }
        Ok(())
    }
}

/// Branches name commits; tags may name any object.
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
