//! Moves or deletes a branch and checks where it points in one step. The REST API cannot do that, so this is GraphQL:
//! [`updateRefs`](https://docs.github.com/en/graphql/reference/git#updaterefs).

use crate::github::Github;
use crate::refusal::{explained, is_about_movement};
use domain::{ActionError, BranchName, CommitSha, ErrorKind, RepositoryName};
use http_client::{Answer, Failure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::PoisonError;

const UPDATE_REFS: &str =
    "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";

/// Where a branch is to point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// To a commit on top of the present one.
    On(&'a CommitSha),
    /// To an earlier commit.
    Back(&'a CommitSha),
    /// Nowhere: the branch is deleted.
    Gone,
}

impl<'a> Target<'a> {
    fn commit(self) -> Option<&'a CommitSha> {
        match self {
            Self::On(commit) | Self::Back(commit) => Some(commit),
            Self::Gone => None,
        }
    }
}

/// The target of a reference that does not exist.
const NOTHING: &str = "0000000000000000000000000000000000000000";

#[derive(Debug, Deserialize)]
struct Repository {
    node_id: String,
}

/// An answer of GraphQL, which reports errors with the status 200.
#[derive(Debug, Deserialize)]
struct Reply {
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

impl Github {
    /// Moves or deletes a branch that points to `from`. Nothing is lost that somebody pushed in between.
    ///
    /// # Errors
    /// `Conflict` when the branch points elsewhere. GitHub does not document the words for that, so the branch is looked at after a
    /// refusal without a known reason. Otherwise as GitHub says.
    pub(crate) async fn swap_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        from: &CommitSha,
        to: Target<'_>,
    ) -> Result<(), ActionError> {
        let failure = match self.update_reference(repository, branch, from, to).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        if failure.error.kind != ErrorKind::Rejected {
            return Err(failure.into());
        }
        if is_about_movement(&failure) {
            return Err(moved(repository, branch, from));
        }
        if let Some(explained) = explained(&failure, repository) {
            return Err(explained);
        }
        match self.branch_head(repository, branch).await? {
            head if head.as_ref() == to.commit() => Ok(()),
            Some(head) if head == *from => Err(failure.into()),
            _ => Err(moved(repository, branch, from)),
        }
    }

    async fn update_reference(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        from: &CommitSha,
        to: Target<'_>,
    ) -> Result<(), Failure> {
        let update = json!({
            "name": format!("refs/heads/{branch}"),
            "beforeOid": from.as_str(),
            "afterOid": to.commit().map_or(NOTHING, CommitSha::as_str),
            // A commit is taken back in reverse. The value that must not be lost is in `beforeOid`.
            "force": !matches!(to, Target::On(_)),
        });
        let input = json!({"repositoryId": self.node_id(repository).await?, "refUpdates": [update]});
        let body = json!({"query": UPDATE_REFS, "variables": {"input": input}});
        let sent = self.send(repository, self.graphql.post("/graphql", &[]).json(&body)).await;
        let updated = sent.and_then(|answer| accepted(&answer, "move the branch"));
        if updated.is_err() {
            // A repository that was deleted and made again has another id.
            self.node_ids.lock().unwrap_or_else(PoisonError::into_inner).remove(repository);
        }
        updated
    }

    /// GraphQL's name of a repository, which stays when the repository is renamed.
    async fn node_id(&self, repository: &RepositoryName) -> Result<String, Failure> {
        let known = self.node_ids.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let request = self.client.get("/repos/{owner}/{name}", &[repository.owner(), repository.name()]);
        let Repository { node_id } = self.send(repository, request).await?.json()?;
        let mut known = self.node_ids.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(repository.clone(), node_id.clone());
        Ok(node_id)
    }
}

/// That a branch points elsewhere.
pub(crate) fn moved(repository: &RepositoryName, branch: &BranchName, from: &CommitSha) -> ActionError {
    ActionError::conflict(format!(
        "the branch `{branch}` of {repository} has moved: it no longer points to {from}, so it is left as it is"
    ))
}

/// Reads the errors of an answer to what was `asked`: <https://docs.github.com/en/graphql/guides/using-graphql-clients>.
pub(crate) fn accepted(answer: &Answer, asked: &str) -> Result<(), Failure> {
    let body: Value = answer.json()?;
    let reply: Reply = answer.json()?;
    let Some(first) = reply.errors.first() else { return Ok(()) };
    let kind = match first.kind.as_str() {
        "RATE_LIMITED" | "RATE_LIMIT" => ErrorKind::Throttled,
        "SERVICE_UNAVAILABLE" | "INTERNAL" => ErrorKind::Unavailable,
        // GitHub's own failures and timeouts have no type.
        "" if first.message.starts_with("Something went wrong") => ErrorKind::Unavailable,
        _ => ErrorKind::Rejected,
    };
    let words: Vec<&str> = reply.errors.iter().map(|problem| problem.message.as_str()).collect();
    let message = format!("GitHub did not {asked}: {}", answer.quote(&words.join("; ")));
    Err(answer.failure(body, ActionError::new(kind, message)))
}
