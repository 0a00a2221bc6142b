//! Comments and reactions on issues and pull requests, which share their numbers.

use crate::github::{Github, not_there};
use crate::issue_reference::IssueReference;
use crate::limits;
use crate::mark::{carries, with_mark};
use crate::own::Account;
use crate::pages::{PER_PAGE, numbered};
use crate::reaction::{Reaction, Subject};
use crate::refusal::is_early;
use domain::plugins::{CommentId, Mark};
use domain::{ActionError, RepositoryName};
use http_client::{Optional, Pages};
use jiff::SignedDuration;
use provider::send_fitting;
use serde::Deserialize;
use serde_json::json;

/// How far GitHub's clock and ours may differ.
pub(crate) const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<Account>,
}

impl From<Comment> for CommentId {
    fn from(comment: Comment) -> Self {
        Self { id: comment.id.to_string(), url: comment.html_url }
    }
}

impl Github {
    /// Adds a reaction, unless ours is already there. Needs [`RepositoryAccess::WriteIssues`](domain::plugins::RepositoryAccess::WriteIssues).
    ///
    /// # Errors
    /// `Rejected` when the subject is not there; otherwise as GitHub says.
    pub async fn react(
        &self,
        repository: &RepositoryName,
        subject: &Subject,
        reaction: Reaction,
    ) -> Result<(), ActionError> {
        let (path, id) = match subject {
            Subject::Issue(number) => ("/repos/{owner}/{name}/issues/{number}/reactions", number),
            Subject::Comment(id) => ("/repos/{owner}/{name}/issues/comments/{id}/reactions", id),
        };
        let request = self.client.post(path, &[repository.owner(), repository.name(), &id.to_string()]);
        let body = json!({"content": reaction.as_str()});
        self.send_settled(repository, request.json(&body), is_early)
            .await
            .optional()?
            .ok_or_else(|| not_there(format!("{subject:?} in {repository} to react to")))?;
        Ok(())
    }

    pub(crate) async fn make_comment(
        &self,
        issue: &IssueReference,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        let number = issue.number.to_string();
        let values = [issue.repository.owner(), issue.repository.name(), &number];
        let send = async |text: String| {
            let request = self.client.post("/repos/{owner}/{name}/issues/{number}/comments", &values);
            let request = request.json(&json!({"body": with_mark(&text, mark)}));
            self.send_about(issue, request, is_early).await
        };
        let answer = send_fitting(markdown, limits::MARKED, limits::is_too_long, send).await.optional()?;
        let comment: Comment = answer.ok_or_else(|| not_there(format!("issue {issue}")))?.json()?;
        Ok(comment.into())
    }

    /// Our oldest comment with the mark.
    pub(crate) async fn find_marked_comment(
        &self,
        issue: &IssueReference,
        mark: &Mark,
    ) -> Result<Option<CommentId>, ActionError> {
        let path = "/repos/{owner}/{name}/issues/{number}/comments";
        let values = [issue.repository.owner(), issue.repository.name(), &issue.number.to_string()];
        let load = |page: usize| async move {
            let request = self.client.get(path, &values).query("since", since(mark));
            let request = request.query("per_page", PER_PAGE).query("page", page);
            let answer = self.send_about(issue, request, is_early).await.optional()?;
            numbered::<Comment>(&answer.ok_or_else(|| not_there(format!("issue {issue}")))?, page)
        };
        let marked = |comment: &Comment| carries(comment.body.as_deref().unwrap_or_default(), mark);
        let pages = || Pages::of(format!("GitHub's comments on {issue}"));
        let Some(found) = pages().find(1, load, marked).await? else { return Ok(None) };
        if self.is_ours(found.user.as_ref()).await? {
            return Ok(Some(found.into()));
        }
        // Somebody copied the mark, or foresaw it; ours may come later.
        let ours = |comment: &Comment| marked(comment) && self.is_known_to_be_ours(comment.user.as_ref());
        Ok(pages().find(1, load, ours).await?.map(CommentId::from))
    }

    pub(crate) async fn replace_comment(
        &self,
        issue: &IssueReference,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let values = [issue.repository.owner(), issue.repository.name(), &comment.id];
        let send = async |text: String| {
            let request = self.client.patch("/repos/{owner}/{name}/issues/comments/{id}", &values);
            let request = request.json(&json!({"body": with_mark(&text, mark)}));
            self.send_settled(&issue.repository, request, is_early).await
        };
        send_fitting(markdown, limits::MARKED, limits::is_too_long, send)
            .await
            .optional()?
            .ok_or_else(|| not_there(format!("comment {} on {issue} any more", comment.id)))?;
        Ok(())
    }
}

/// From when on something with the mark can have been made, as GitHub's `since` takes it.
pub(crate) fn since(mark: &Mark) -> String {
    (mark.at - CLOCKS_DIFFER_BY).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
