//! Links by which one issue waits for another: GitHub's [issue dependencies](https://docs.github.com/rest/issues/issue-dependencies).

use crate::github::{Github, not_there};
use crate::issue_reference::IssueReference;
use crate::moved::repository_of;
use crate::pages::{PER_PAGE, numbered};
use crate::refusal::is_early;
use domain::ActionError;
use domain::plugins::{LinkedTask, TaskLink};
use http_client::{Failure, Optional, Page, Pages};
use serde::Deserialize;
use serde_json::json;

const BLOCKED_BY: &str = "/repos/{owner}/{name}/issues/{number}/dependencies/blocked_by";
const ONE: &str = "/repos/{owner}/{name}/issues/{number}/dependencies/blocked_by/{issue_id}";

/// An issue by which another is blocked.
#[derive(Debug, Deserialize)]
struct Blocking {
    /// Identifies it among all issues of GitHub.
    id: u64,
    number: u64,
    /// `https://api.github.com/repos/owner/name`
    repository_url: String,
}

impl Blocking {
    fn reference(&self) -> Option<IssueReference> {
        Some(IssueReference { repository: repository_of(&self.repository_url)?, number: self.number })
    }
}

impl Github {
    /// The issues that block an issue; `None` if it does not exist.
    pub(crate) async fn blocking_issues(
        &self,
        issue: &IssueReference,
    ) -> Result<Option<Vec<TaskLink>>, ActionError> {
        let load = |at: usize| async move {
            let request = self.client.get(
                BLOCKED_BY,
                &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
            );
            let request = request.query("per_page", PER_PAGE).query("page", at);
            // A page for something that does not exist has one item that says so.
            match self.send_about(issue, request, is_early).await.optional()? {
                Some(answer) => {
                    let page = numbered::<Blocking>(&answer, at)?;
                    let items = page.items.into_iter().map(Some).collect();
                    Ok::<_, ActionError>(Page { items, next: page.next, bytes: page.bytes })
                }
                None => Ok(Page { items: vec![None], next: None, bytes: 0 }),
            }
        };
        let pages = Pages::of(format!("GitHub's dependencies of {issue}"));
        let blocking: Vec<Option<Blocking>> = pages.collect(1, usize::MAX, load).await?;
        let Some(blocking) = blocking.into_iter().collect::<Option<Vec<Blocking>>>() else { return Ok(None) };
        let link =
            |one: &Blocking| Some(TaskLink { blocker: one.reference()?.to_string(), id: one.id.to_string() });
        Ok(Some(blocking.iter().filter_map(link).collect()))
    }

    pub(crate) async fn block_issue(
        &self,
        issue: &IssueReference,
        blocker: &IssueReference,
    ) -> Result<LinkedTask, ActionError> {
        let request = self.client.get(
            "/repos/{owner}/{name}/issues/{number}",
            &[blocker.repository.owner(), blocker.repository.name(), &blocker.number.to_string()],
        );
        let answer = self.send_about(blocker, request, is_early).await.optional()?;
        let blocking: Blocking = answer.ok_or_else(|| not_there(format!("issue {blocker}")))?.json()?;
        let request = self.client.post(
            BLOCKED_BY,
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let request = request.json(&json!({"issue_id": blocking.id}));
        match self.send_about(issue, request, is_early).await {
            Err(failure) if is_there(&failure) => {}
            answer => drop(answer.optional()?.ok_or_else(|| not_there(format!("issue {issue}")))?),
        }
        Ok(LinkedTask::default())
    }

    pub(crate) async fn remove_dependency(
        &self,
        issue: &IssueReference,
        link: &TaskLink,
    ) -> Result<(), ActionError> {
        let number = issue.number.to_string();
        let values = [issue.repository.owner(), issue.repository.name(), &number, &link.id];
        // A missing one is reported at once.
        self.send_about(issue, self.client.delete(ONE, &values), |_| false).await.optional()?;
        Ok(())
    }
}

/// Whether GitHub refuses a dependency because there is one already.
fn is_there(failure: &Failure) -> bool {
    ["already been taken", "already exist", "already blocked", "already added"]
        .iter()
        .any(|words| failure.says(422, words))
}
