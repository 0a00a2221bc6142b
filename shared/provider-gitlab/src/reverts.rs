//! Merge requests that revert merged ones: a branch at the target, a commit on it that
//! [reverts](https://docs.gitlab.com/api/commits/#revert-a-commit) the merge, and a merge request. Each part is made once, so that a repeat continues
//! where an earlier attempt ended.

use crate::gitlab::Gitlab;
use domain::plugins::{Mark, PullRequest, PullRequestRequest, VersionControl};
use domain::{ActionError, BranchName, CommitSha, RepositoryName};

impl Gitlab {
    pub(crate) async fn revert_merged(
        &self,
        project: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        let merged = self.merge_request(project, number).await?;
        let target: BranchName = branch(&merged.target_branch)?;
        let commit = merged.merge_commit_sha.as_ref().or(merged.squash_commit_sha.as_ref());
        let commit: CommitSha = commit.and_then(|sha| sha.parse().ok()).ok_or_else(|| {
            ActionError::rejected(format!(
                "GitLab: {project}!{number} was merged without a merge commit, which cannot be reverted at once; revert its commits"
            ))
        })?;
        // The digest keeps it apart from other people's reverts.
        let source = branch(&format!("revert-{number}-{}", &mark.digest()[..8]))?;
        if let Some(found) = self.open_merge_request(project, &source, &target).await? {
            return Ok(found);
        }
        let head = self.branch_head(project, &target).await?;
        let head =
            head.ok_or_else(|| ActionError::rejected(format!("{project} has no branch `{target}`")))?;
        if self.branch_head(project, &source).await?.is_none() {
            self.create_branch(project, &source, &head).await?;
        }
        // A repeat finds nothing left to revert.
        self.revert(project, &source, &commit).await?;
        let request = PullRequestRequest {
            source,
            target,
            title: format!("Revert \"{}\"", merged.title),
            description: format!("Reverts !{number}, because the work that created it was taken back."),
            draft: false,
        };
        self.make_merge_request(project, &request, mark).await
    }
}

fn branch(name: &str) -> Result<BranchName, ActionError> {
    name.parse().map_err(|_| ActionError::rejected(format!("GitLab: `{name}` is not a branch")))
}
