//! Reports of Apps and services about commits, and the webhooks for them.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    GitHub, find,
    state::CommitStatus,
    suites::{CheckRun, CheckSuite},
    webhooks::{Refusal, outgoing, person},
    world::Annotation,
};
use crate::webhook::Outgoing;

/// A check that an App ran, or is running.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedRun {
    /// Its name, such as `test`.
    pub name: String,
    /// How it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// Its output: the log of a job of `github-actions`, or the report of another App.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Its annotations on lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

impl GitHub {
    /// An App reports what it checked of the newest commit of a branch: `check_suite.completed` once all of it is done, before that
    /// `check_suite.requested`.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the branch and the person does not exist.
    pub fn checked(
        &self,
        repository: &str,
        branch: &str,
        app: &str,
        runs: &[ReportedRun],
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        let sha = head(&state, index, branch)?;
        let now = state.now();
        let mut made = Vec::new();
        for ReportedRun { name, conclusion, log, annotations } in runs {
            made.push(CheckRun {
                id: state.next_id(),
                name: name.clone(),
                conclusion: conclusion.clone(),
                at: now,
                log: log.clone(),
                annotations: annotations.clone(),
            });
        }
        let id = state.next_id();
        let suites = &mut state.repositories[index].suites;
        let at = suites.iter().position(|suite| suite.sha == sha && suite.app == app);
        let at = at.unwrap_or_else(|| {
            let (branch, app) = (Some(branch.to_owned()), app.to_owned());
            suites.push(CheckSuite { id, sha, branch, app, runs: Vec::new(), created_at: now });
            suites.len() - 1
        });
        suites[at].runs = made;
        let action = if suites[at].is_completed() { "completed" } else { "requested" };
        let repository = &state.repositories[index];
        let suite =
            state.told_check_suite(repository, &repository.suites[at]).map_err(|failure| failure.message)?;
        let payload = json!({ "action": action, "check_suite": suite });
        Ok(outgoing(&mut state, &self.signing, index, "check_suite", payload, &by))
    }

    /// A service gives the newest commit of a branch a status: `status`.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the branch and the person does not exist.
    pub fn given_status(
        &self,
        repository: &str,
        branch: &str,
        context: &str,
        status: &str,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        let sha = head(&state, index, branch)?;
        let (id, at) = (state.next_id(), state.now());
        let given = CommitStatus { id, sha: sha.clone(), context: context.into(), state: status.into(), at };
        let statuses = &mut state.repositories[index].statuses;
        statuses.retain(|known| known.sha != sha || known.context != context);
        statuses.push(given.clone());
        let repository = &state.repositories[index];
        let mut payload = state.status(repository, &given);
        let commit = state.commit(repository, &sha).map_err(|failure| failure.message)?;
        payload["sha"] = json!(sha);
        payload["name"] = json!(repository.full_name());
        payload["branches"] = json!([{
            "name": branch,
            "commit": { "sha": sha, "url": commit["url"] },
            "protected": repository.protected.iter().any(|known| known == branch),
        }]);
        payload["commit"] = commit;
        Ok(outgoing(&mut state, &self.signing, index, "status", payload, &by))
    }
}

fn head(state: &super::state::State, index: usize, branch: &str) -> Result<String, Refusal> {
    let repository = &state.repositories[index];
    let none = || format!("{} has no branch `{branch}`", repository.full_name());
    repository.head_of(branch).ok_or_else(none)
}
