//! Reviews of merge requests. GitLab has no review that comments belong to: each comment on a line begins a
//! [discussion](https://docs.gitlab.com/api/discussions/#merge-requests), and a note sums up. Each has its own mark, so that a repeat adds
//! what is missing; the note comes last and says which commit was reviewed.

use crate::account::Account;
use crate::gitlab::{Gitlab, not_there};
use crate::limits;
use crate::notes::with_mark;
use crate::pages::PER_PAGE;
use crate::refusal::is_early;
use crate::reviews::{Discussion, Note};
use async_trait::async_trait;
use domain::plugins::{
    ChangedFile, LineComment, Mark, NewReview, ReviewThread, ReviewedPullRequest, Reviews, SubmittedReview,
    ThreadComment,
};
use domain::{ActionError, CommitSha, RepositoryName};
use http_client::Optional;
use provider::{mark, send_fitting};
use serde::Deserialize;
use serde_json::json;

/// Precedes the commit that a note of ours is about; people do not see it.
const REVIEWED: &str = "<!-- ticketsmith-reviewed:";
const END: &str = " -->";

const DISCUSSIONS: &str = "/projects/{id}/merge_requests/{noteable_id}/discussions";
const NOTES: &str = "/projects/{id}/merge_requests/{noteable_id}/notes";

/// The commits that a version of a diff lies between.
#[derive(Debug, Deserialize)]
struct Version {
    head_commit_sha: CommitSha,
    base_commit_sha: CommitSha,
    start_commit_sha: CommitSha,
}

#[derive(Debug, Deserialize)]
struct Made {
    id: u64,
}

impl Gitlab {
    /// The versions of a merge request's diff, newest first.
    async fn versions(&self, project: &RepositoryName, number: u64) -> Result<Vec<Version>, ActionError> {
        let path = "/projects/{id}/merge_requests/{merge_request_iid}/versions";
        let request =
            self.client.get(path, &[project.as_str(), &number.to_string()]).query("per_page", PER_PAGE);
        let answer = self.send_settled(project, request, is_early).await.optional()?;
        answer.ok_or_else(|| not_there(format!("merge request {project}!{number}")))?.json()
    }

    async fn is_own_note(&self, note: &Note) -> Result<bool, ActionError> {
        let author = Account { username: note.author.username.clone() };
        Ok(!mark::marks_in(&note.body).is_empty() && self.is_ours(Some(&author)).await?)
    }

    /// Our own notes, oldest first.
    async fn own_notes(&self, project: &RepositoryName, number: u64) -> Result<Vec<Note>, ActionError> {
        let mut own = Vec::new();
        for note in
            self.discussions_of(project, number).await?.into_iter().flat_map(|discussion| discussion.notes)
        {
            if self.is_own_note(&note).await? {
                own.push(note);
            }
        }
        Ok(own)
    }

    async fn comment_on_line(
        &self,
        project: &RepositoryName,
        number: u64,
        version: &Version,
        (comment, mark): (&LineComment, &Mark),
    ) -> Result<(), ActionError> {
        let position = json!({
            "position_type": "text",
            "base_sha": version.base_commit_sha.as_str(),
            "start_sha": version.start_commit_sha.as_str(),
            "head_sha": version.head_commit_sha.as_str(),
            "new_path": comment.path,
            "old_path": comment.former_path,
            "new_line": comment.new_line,
            "old_line": comment.old_line,
        });
        let values = [project.as_str(), &number.to_string()];
        let send = async |text: String| {
            let body = json!({ "body": with_mark(&text, mark), "position": position });
            self.send(project, self.client.post(DISCUSSIONS, &values).json(&body)).await
        };
        let sent = send_fitting(&comment.text, limits::MARKED, limits::is_too_long, send).await.optional()?;
        sent.map(|_| ()).ok_or_else(|| not_there(format!("merge request {project}!{number}")))
    }

    fn url_of(&self, project: &RepositoryName, number: u64, note: u64) -> String {
        format!("{}/{project}/-/merge_requests/{number}#note_{note}", self.site)
    }

    async fn thread(&self, discussion: Discussion) -> Result<Option<ReviewThread>, ActionError> {
        let Some(position) = discussion.notes.first().and_then(|note| note.position.as_ref()) else {
            return Ok(None);
        };
        let path = position.new_path.clone().or_else(|| position.old_path.clone());
        let (line, path) = (position.new_line, path.unwrap_or_default());
        let is_resolved = discussion.notes.first().is_some_and(|note| note.resolved);
        let mut comments = Vec::new();
        for note in &discussion.notes {
            let is_ours = self.is_own_note(note).await?;
            comments.push(ThreadComment {
                author: Some(note.author.username.clone()),
                is_ours,
                marks: if is_ours { mark::marks_in(&note.body) } else { Vec::new() },
                text: mark::without_marks(&note.body),
            });
        }
        Ok(Some(ReviewThread { id: discussion.id, path, line, is_resolved, comments }))
    }
}

/// The mark of one part of a review.
fn part(mark: &Mark, name: &str) -> Mark {
    Mark { key: format!("{}/{name}", mark.key), at: mark.at }
}

/// The commit that a note of ours is about. The last one counts, because the model's text comes before it.
fn reviewed_commit(body: &str) -> Option<CommitSha> {
    let (_, rest) = body.rsplit_once(REVIEWED)?;
    rest.split_once(END)?.0.parse().ok()
}

#[async_trait]
impl Reviews for Gitlab {
    async fn read_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<ReviewedPullRequest, ActionError> {
        let read = self.merge_request(repository, number).await?;
        let newest = self.versions(repository, number).await?.into_iter().next();
        let newest = newest.ok_or_else(|| {
            ActionError::unavailable(format!("GitLab has no diff of {repository}!{number} yet"))
        })?;
        Ok(read.reviewed(newest.head_commit_sha, newest.base_commit_sha))
    }

    async fn changes(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ChangedFile>, ActionError> {
        let files = self.files_of(repository, number).await?.into_iter();
        let shown = files.map(|file| ChangedFile {
            former_path: Some(file.old_path).filter(|path| *path != file.new_path),
            path: file.new_path,
            patch: Some(file.diff).filter(|diff| !diff.is_empty()),
        });
        Ok(shown.collect())
    }

    async fn threads(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ReviewThread>, ActionError> {
        let mut threads = Vec::new();
        for discussion in self.discussions_of(repository, number).await? {
            threads.extend(self.thread(discussion).await?);
        }
        Ok(threads)
    }

    async fn last_reviewed(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Option<CommitSha>, ActionError> {
        let own = self.own_notes(repository, number).await?;
        Ok(own.iter().rev().find_map(|note| reviewed_commit(&note.body)))
    }

    async fn find_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<Option<SubmittedReview>, ActionError> {
        let own = self.own_notes(repository, number).await?;
        let found = own.iter().find(|note| mark::carries(&note.body, mark));
        Ok(found.map(|note| SubmittedReview { url: self.url_of(repository, number, note.id) }))
    }

    async fn submit_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        review: &NewReview,
        mark: &Mark,
    ) -> Result<SubmittedReview, ActionError> {
        let versions = self.versions(repository, number).await?;
        let version = versions.iter().find(|version| version.head_commit_sha == review.head);
        let version = version.ok_or_else(|| {
            ActionError::rejected(format!(
                "{repository}!{number} no longer has the commit {} that was reviewed; ask for another review",
                review.head
            ))
        })?;
        let own = self.own_notes(repository, number).await?;
        for (place, comment) in review.comments.iter().enumerate() {
            let mark = part(mark, &place.to_string());
            if !own.iter().any(|note| mark::carries(&note.body, &mark)) {
                self.comment_on_line(repository, number, version, (comment, &mark)).await?;
            }
        }
        let values = [repository.as_str(), &number.to_string()];
        let commit = format!("\n{REVIEWED}{}{END}", review.head);
        let send = async |text: String| {
            let body = json!({ "body": format!("{}{commit}", with_mark(&text, mark)) });
            self.send(repository, self.client.post(NOTES, &values).json(&body)).await
        };
        let limit = limits::MARKED.less(commit.len());
        let answer = send_fitting(&review.summary, limit, limits::is_too_long, send).await.optional()?;
        let made: Made =
            answer.ok_or_else(|| not_there(format!("merge request {repository}!{number}")))?.json()?;
        Ok(SubmittedReview { url: self.url_of(repository, number, made.id) })
    }

    async fn reply_in_thread(
        &self,
        repository: &RepositoryName,
        number: u64,
        thread: &ReviewThread,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let path = "/projects/{id}/merge_requests/{noteable_id}/discussions/{discussion_id}/notes";
        let values = [repository.as_str(), &number.to_string(), &thread.id];
        let send = async |text: String| {
            let request = self.client.post(path, &values).json(&json!({ "body": with_mark(&text, mark) }));
            self.send(repository, request).await
        };
        let sent = send_fitting(markdown, limits::MARKED, limits::is_too_long, send).await.optional()?;
        sent.map(|_| ())
            .ok_or_else(|| not_there(format!("discussion {} on {repository}!{number}", thread.id)))
    }

    async fn resolve_thread(
        &self,
        repository: &RepositoryName,
        number: u64,
        thread: &str,
    ) -> Result<(), ActionError> {
        let path = "/projects/{id}/merge_requests/{merge_request_iid}/discussions/{discussion_id}";
        let values = [repository.as_str(), &number.to_string(), thread];
        let request = self.client.put(path, &values).json(&json!({ "resolved": true }));
        let sent = self.send(repository, request).await.optional()?;
        sent.map(|_| ()).ok_or_else(|| not_there(format!("discussion {thread} on {repository}!{number}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_commit_of_a_note_counts() {
        let (one, other) = ("a".repeat(40), "b".repeat(40));
        let body = format!("I saw {REVIEWED}{one}{END}\n\n{REVIEWED}{other}{END}");
        assert_eq!(reviewed_commit(&body).unwrap().as_str(), other);
        assert_eq!(reviewed_commit("nothing"), None);
    }
}
