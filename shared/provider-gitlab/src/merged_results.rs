//! [Merged results pipelines](https://docs.gitlab.com/ci/pipelines/merged_results_pipelines/): a project may have them run on the merge of a merge
//! request's head with its target. That is a commit of its own, which no branch has, so the head itself shows none of their jobs.

use crate::gitlab::Gitlab;
use crate::pages::PER_PAGE;
use domain::{ActionError, CommitSha, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, Deserialize)]
struct Open {
    iid: u64,
    #[serde(default)]
    sha: Option<CommitSha>,
}

#[derive(Debug, Deserialize)]
struct Ran {
    id: u64,
    sha: CommitSha,
    #[serde(default, rename = "ref")]
    reference: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    #[serde(default)]
    parent_ids: Vec<CommitSha>,
}

/// The merge request whose merged results a pipeline's branch has: 15 for `refs/merge-requests/15/merge`.
pub(crate) fn merged_in(reference: &str) -> Option<u64> {
    reference.strip_prefix("refs/merge-requests/")?.strip_suffix("/merge")?.parse().ok()
}

impl Gitlab {
    /// The newest merge of this commit with the target of each open merge request whose head it is, if a pipeline ran on that. Of many merge
    /// requests, those that changed last are looked at: whoever waits for checks has just pushed.
    pub(crate) async fn merges_of(
        &self,
        project: &RepositoryName,
        head: &CommitSha,
    ) -> Result<Vec<CommitSha>, ActionError> {
        let request = self.client.get("/projects/{id}/merge_requests", &[project.as_str()]);
        let request =
            request.query("state", "opened").query("order_by", "updated_at").query("per_page", PER_PAGE);
        let answer = self.send(project, request).await.optional()?;
        let open: Vec<Open> = answer.map_or_else(|| Ok(Vec::new()), |answer| answer.json())?;
        let mut merges = Vec::new();
        for one in open.into_iter().filter(|one| one.sha.as_ref() == Some(head)) {
            let path = "/projects/{id}/merge_requests/{merge_request_iid}/pipelines";
            let pipelines: Option<Vec<Ran>> =
                self.found(project, path, &[project.as_str(), &one.iid.to_string()]).await?;
            let is_merge = |ran: &Ran| ran.reference.as_deref().and_then(merged_in) == Some(one.iid);
            let newest =
                pipelines.into_iter().flatten().filter(is_merge).max_by_key(|ran| ran.id).map(|ran| ran.sha);
            // After a push, the newest pipeline may still be that of the head before.
            if let Some(merge) = newest
                && self.merges(project, &merge, head).await?
            {
                merges.push(merge);
            }
        }
        Ok(merges)
    }

    /// The head of a merge request that this commit merges into its target, for a pipeline that ran in that merge request; `None` if the merge
    /// request has another head by now.
    pub(crate) async fn head_merged_by(
        &self,
        project: &RepositoryName,
        iid: u64,
        merge: &CommitSha,
    ) -> Result<Option<CommitSha>, ActionError> {
        let path = "/projects/{id}/merge_requests/{merge_request_iid}";
        let found: Option<Open> = self.found(project, path, &[project.as_str(), &iid.to_string()]).await?;
        match found.and_then(|found| found.sha) {
            Some(head) if self.merges(project, merge, &head).await? => Ok(Some(head)),
            _ => Ok(None),
        }
    }

    /// Whether a commit has this parent.
    async fn merges(
        &self,
        project: &RepositoryName,
        merge: &CommitSha,
        parent: &CommitSha,
    ) -> Result<bool, ActionError> {
        let path = "/projects/{id}/repository/commits/{sha}";
        let found: Option<Commit> = self.found(project, path, &[project.as_str(), merge.as_str()]).await?;
        Ok(found.is_some_and(|found| found.parent_ids.contains(parent)))
    }

    async fn found<T: DeserializeOwned>(
        &self,
        project: &RepositoryName,
        path: &'static str,
        values: &[&str],
    ) -> Result<Option<T>, ActionError> {
        let answer = self.send(project, self.client.get(path, values)).await.optional()?;
        answer.map(|answer| answer.json()).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_merged_results_are_on_a_merge() {
        assert_eq!(merged_in("refs/merge-requests/15/merge"), Some(15));
        for other in ["refs/merge-requests/15/head", "refs/merge-requests/15/train", "main", "15/merge"] {
            assert_eq!(merged_in(other), None, "{other}");
        }
    }
}
