//! [Merge requests](https://docs.gitlab.com/api/merge_requests/).

use crate::account::Account;
use crate::gitlab::{Gitlab, not_there};
use crate::harmless;
use crate::limits;
use crate::notes::with_mark;
use crate::pages::{PER_PAGE, page};
use crate::refusal::is_early;
use domain::plugins::{Mark, PullRequest, PullRequestClosing, PullRequestRequest, ReviewedPullRequest};
use domain::text::cut_line;
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use http_client::{Optional, Pages};
use provider::{mark, send_fitting};
use serde::Deserialize;
use serde_json::json;

/// The prefix of a draft's title:
/// <https://docs.gitlab.com/user/project/merge_requests/drafts/>.
const DRAFT: &str = "Draft: ";

#[derive(Debug, Deserialize)]
pub(crate) struct MergeRequest {
    iid: u64,
    web_url: String,
    state: String,
    pub(crate) title: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    author: Option<Account>,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    source_project_id: Option<u64>,
    target_project_id: u64,
    #[serde(default)]
    source_branch: String,
    #[serde(default)]
    pub(crate) target_branch: String,
    /// The commit on the target branch that brought the changes there: of a merge, else of a squash; absent if the branch was only moved forward.
    #[serde(default)]
    pub(crate) merge_commit_sha: Option<String>,
    #[serde(default)]
    pub(crate) squash_commit_sha: Option<String>,
}

/// A file as a merge request lists it: a renamed one has two paths.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangedFile {
    pub(crate) old_path: String,
    pub(crate) new_path: String,
    /// Empty for a binary file, and for one that GitLab does not show.
    #[serde(default)]
    pub(crate) diff: String,
}

impl From<MergeRequest> for PullRequest {
    fn from(found: MergeRequest) -> Self {
        let marks = mark::marks_in(found.description.as_deref().unwrap_or_default());
        Self { number: found.iid, url: found.web_url, draft: found.draft, marks }
    }
}

impl MergeRequest {
    /// The facts that a reviewer needs, with the two compared commits.
    pub(crate) fn reviewed(self, head: CommitSha, base: CommitSha) -> ReviewedPullRequest {
        ReviewedPullRequest {
            number: self.iid,
            url: self.web_url,
            title: self.title,
            description: mark::without_marks(self.description.as_deref().unwrap_or_default()),
            author: self.author.map(|author| author.username),
            source: self.source_branch,
            target: self.target_branch,
            head,
            base,
            is_open: self.state == "opened",
            is_merged: self.state == "merged",
            is_from_fork: self.source_project_id != Some(self.target_project_id),
        }
    }
}

const ONE: &str = "/projects/{id}/merge_requests/{merge_request_iid}";

impl Gitlab {
    /// A merge request from a fork may have a branch of the same name, which is another branch.
    pub(crate) async fn open_merge_request(
        &self,
        project: &RepositoryName,
        source: &BranchName,
        target: &BranchName,
    ) -> Result<Option<PullRequest>, ActionError> {
        let request = self.client.get("/projects/{id}/merge_requests", &[project.as_str()]);
        let request = request
            .query("state", "opened")
            .query("source_branch", source)
            .query("target_branch", target)
            .query("per_page", PER_PAGE);
        let answer = self.send(project, request).await.optional()?;
        let found: Vec<MergeRequest> =
            answer.ok_or_else(|| not_there(format!("project {project}")))?.json()?;
        let own = |found: &MergeRequest| found.source_project_id == Some(found.target_project_id);
        let Some(found) = found.into_iter().find(own) else { return Ok(None) };
        let author = found.author.clone();
        let mut found = PullRequest::from(found);
        if !found.marks.is_empty() && !self.is_ours(author.as_ref()).await? {
            found.marks.clear();
        }
        Ok(Some(found))
    }

    pub(crate) async fn make_merge_request(
        &self,
        project: &RepositoryName,
        request: &PullRequestRequest,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        let draft = if request.draft { DRAFT } else { "" };
        let title = harmless::plain(&request.title);
        let title = cut_line(&format!("{draft}{title}"), limits::TITLE);
        let title = &title;
        let send = async |text: String| {
            let body = json!({
                "title": title,
                "source_branch": request.source.as_str(),
                "target_branch": request.target.as_str(),
                "description": with_mark(&text, mark),
            });
            let call = self.client.post("/projects/{id}/merge_requests", &[project.as_str()]);
            self.send_settled(project, call.json(&body), is_early).await
        };
        let answer =
            send_fitting(&request.description, limits::MARKED, limits::is_too_long, send).await.optional()?;
        let made: MergeRequest = answer.ok_or_else(|| not_there(format!("project {project}")))?.json()?;
        Ok(made.into())
    }

    pub(crate) async fn merge_request(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<MergeRequest, ActionError> {
        let request = self.client.get(ONE, &[project.as_str(), &number.to_string()]);
        let answer = self.send_settled(project, request, is_early).await.optional()?;
        answer.ok_or_else(|| not_there(format!("merge request {project}!{number}")))?.json()
    }

    pub(crate) async fn shut_merge_request(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestClosing, ActionError> {
        match self.merge_request(project, number).await?.state.as_str() {
            "closed" => return Ok(PullRequestClosing::WasClosed),
            // While it is being merged, it is locked.
            "merged" | "locked" => return Ok(PullRequestClosing::WasMerged),
            _ => {}
        }
        let request = self.client.put(ONE, &[project.as_str(), &number.to_string()]);
        self.send(project, request.json(&json!({"state_event": "close"}))).await?;
        Ok(PullRequestClosing::Closed)
    }

    /// Removes the draft prefix from its title.
    pub(crate) async fn end_draft(&self, project: &RepositoryName, number: u64) -> Result<(), ActionError> {
        let found = self.merge_request(project, number).await?;
        if !found.draft {
            return Ok(());
        }
        let request = self.client.put(ONE, &[project.as_str(), &number.to_string()]);
        self.send(project, request.json(&json!({"title": ready_title(&found.title)}))).await?;
        Ok(())
    }

    pub(crate) async fn changed_files(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<Vec<String>, ActionError> {
        let files = self.files_of(project, number).await?.into_iter();
        let mut paths: Vec<String> = files.flat_map(|file| [file.old_path, file.new_path]).collect();
        paths.dedup();
        Ok(paths)
    }

    pub(crate) async fn files_of(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ChangedFile>, ActionError> {
        let path = "/projects/{id}/merge_requests/{merge_request_iid}/diffs";
        let values = [project.as_str(), &number.to_string()];
        let load = |at: String| async move {
            let request = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", at);
            let answer = self.send_settled(project, request, is_early).await.optional()?;
            let missing = || not_there(format!("merge request {project}!{number}"));
            page::<ChangedFile>(&answer.ok_or_else(missing)?, "page")
        };
        let pages = Pages::of(format!("GitLab's files of {project}!{number}"));
        pages.collect("1".to_owned(), usize::MAX, load).await
    }
}

/// The title without the draft prefix: `Draft:`, `[Draft]` or `(Draft)`, in any case.
fn ready_title(title: &str) -> &str {
    let mut rest = title.trim();
    while let Some(ready) = ["draft:", "[draft]", "(draft)"].iter().find_map(|mark| {
        let (start, ready) = rest.split_at_checked(mark.len())?;
        start.eq_ignore_ascii_case(mark).then(|| ready.trim_start())
    }) {
        rest = ready;
    }
    if rest.is_empty() { title } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_title_says_nothing_of_drafts() {
        for (title, ready) in [
            ("Draft: Show the currency", "Show the currency"),
            ("[DRAFT] (draft) ü", "ü"),
            ("Drafts are shown", "Drafts are shown"),
            ("Draft:", "Draft:"),
        ] {
            assert_eq!(ready_title(title), ready);
        }
    }
}
