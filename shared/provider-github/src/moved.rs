//! Issues that were transferred to another repository. GitHub redirects requests about them there
//! (<https://docs.github.com/en/issues/tracking-your-work-with-issues/administering-issues/transferring-an-issue-to-another-repository>), as it
//! does when a repository was renamed: that is the same place under another name; a transferred issue is not.

use crate::github::{Github, not_there};
use crate::issue_reference::IssueReference;
use domain::{ActionError, RepositoryName};
use http_client::{Answer, Failure, Optional, Request};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Place {
    number: u64,
    repository_url: String,
}

impl Github {
    /// Sends a request about an issue, and again for some seconds while the failure `is_early`, unless the issue is now in another repository:
    /// nothing is done there that was asked for here.
    pub(crate) async fn send_about(
        &self,
        issue: &IssueReference,
        request: Request<'_>,
        is_early: fn(&Failure) -> bool,
    ) -> Result<Answer, Failure> {
        let here = request.clone().without_redirects();
        match self.send_settled(&issue.repository, here, is_early).await {
            Err(Failure { status: Some(301 | 302 | 307 | 308), .. }) => {
                self.refuse_if_transferred(issue).await?;
                self.send_settled(&issue.repository, request, is_early).await
            }
            other => other,
        }
    }

    async fn refuse_if_transferred(&self, issue: &IssueReference) -> Result<(), ActionError> {
        let request = self.client.get(
            "/repos/{owner}/{name}/issues/{number}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let answer = self.send(&issue.repository, request).await.optional()?;
        let Place { number, repository_url } =
            answer.ok_or_else(|| not_there(format!("issue {issue} any more; it was moved")))?.json()?;
        let repository = repository_of(&repository_url).ok_or_else(|| {
            ActionError::unavailable(format!("GitHub does not say which repository {issue} was moved to"))
        })?;
        let is_same = |name: &RepositoryName| name.as_str().eq_ignore_ascii_case(repository.as_str());
        if number == issue.number && is_same(&self.read_repository(&issue.repository).await?.repository) {
            return Ok(());
        }
        Err(ActionError::rejected(format!(
            "{issue} was transferred to {repository}#{number}; nothing was done there. Start the work on {repository}#{number} if it is wanted"
        )))
    }
}

/// `acme/shop` of `https://api.github.com/repos/acme/shop`.
pub(crate) fn repository_of(url: &str) -> Option<RepositoryName> {
    let (rest, name) = url.trim_end_matches('/').rsplit_once('/')?;
    let (_, owner) = rest.rsplit_once('/')?;
    format!("{owner}/{name}").parse().ok()
}
