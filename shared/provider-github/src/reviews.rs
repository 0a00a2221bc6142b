//! [Reviews](https://docs.github.com/rest/pulls/reviews) of pull requests, ours and others'.

use crate::github::{Github, not_there};
use crate::limits;
use crate::mark::{carries, marks_in, with_mark, without_marks};
use crate::own::Account;
use crate::pages::{PER_PAGE, numbered};
use crate::refusal::is_early;
use async_trait::async_trait;
use domain::plugins::{
    ChangedFile, LineComment, Mark, NewReview, ReviewThread, ReviewedPullRequest, Reviews, SubmittedReview,
};
use domain::{ActionError, CommitSha, RepositoryName};
use http_client::{Optional, Pages};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::{Value, json};

const ONE: &str = "/repos/{owner}/{name}/pulls/{number}";
const REVIEWS: &str = "/repos/{owner}/{name}/pulls/{number}/reviews";

#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    html_url: String,
    state: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    merged_at: Option<String>,
    #[serde(default)]
    user: Option<Account>,
    head: End,
    base: End,
}

/// One end of a pull request. The repository of a fork that was deleted is absent.
#[derive(Debug, Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    sha: CommitSha,
    #[serde(default)]
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Debug, Deserialize)]
struct Review {
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    commit_id: Option<CommitSha>,
    #[serde(default)]
    user: Option<Account>,
}

impl From<Pull> for ReviewedPullRequest {
    fn from(pull: Pull) -> Self {
        let name = |end: &End| end.repo.as_ref().map(|repository| repository.full_name.to_lowercase());
        Self {
            number: pull.number,
            url: pull.html_url,
            title: pull.title,
            description: without_marks(pull.body.as_deref().unwrap_or_default()),
            author: pull.user.map(|user| user.login),
            is_from_fork: name(&pull.head) != name(&pull.base),
            source: pull.head.branch,
            target: pull.base.branch,
            head: pull.head.sha,
            base: pull.base.sha,
            is_open: pull.state == "open",
            is_merged: pull.merged_at.is_some(),
        }
    }
}

impl Github {
    /// Our own reviews of a pull request, oldest first. Those that a person wrote with our token carry no mark.
    async fn own_reviews(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<Review>, ActionError> {
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let load = |page: usize| async move {
            let request = self.client.get(REVIEWS, &values).query("per_page", PER_PAGE).query("page", page);
            let answer = self.send_settled(repository, request, is_early).await.optional()?;
            let missing = || not_there(format!("pull request {repository}#{number}"));
            numbered::<Review>(&answer.ok_or_else(missing)?, page)
        };
        let what = format!("GitHub's reviews of {repository}#{number}");
        let mut own = Vec::new();
        for review in Pages::of(what).collect(1, usize::MAX, load).await? {
            if !marks_in(&review.body).is_empty() && self.is_ours(review.user.as_ref()).await? {
                own.push(review);
            }
        }
        Ok(own)
    }
}

/// A comment as a review is created with it: <https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request>.
fn comment(comment: &LineComment, mark: &Mark) -> Value {
    let (line, side) = match comment.new_line {
        Some(line) => (Some(line), "RIGHT"),
        None => (comment.old_line, "LEFT"),
    };
    json!({ "path": comment.path, "line": line, "side": side, "body": with_mark(&comment.text, mark) })
}

#[async_trait]
impl Reviews for Github {
    async fn read_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<ReviewedPullRequest, ActionError> {
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let answer =
            self.send_settled(repository, self.client.get(ONE, &values), is_early).await.optional()?;
        let missing = || not_there(format!("pull request {repository}#{number}"));
        Ok(answer.ok_or_else(missing)?.json::<Pull>()?.into())
    }

    async fn changes(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ChangedFile>, ActionError> {
        let files = self.files_of(repository, number).await?.into_iter();
        let shown = files.map(|file| ChangedFile {
            path: file.filename,
            former_path: file.previous_filename,
            patch: file.patch,
        });
        Ok(shown.collect())
    }

    async fn threads(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ReviewThread>, ActionError> {
        self.threads_of(repository, number).await
    }

    async fn last_reviewed(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Option<CommitSha>, ActionError> {
        let own = self.own_reviews(repository, number).await?;
        Ok(own.into_iter().rev().find_map(|review| review.commit_id))
    }

    async fn find_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<Option<SubmittedReview>, ActionError> {
        let own = self.own_reviews(repository, number).await?.into_iter();
        let mut marked = own.filter(|review| carries(&review.body, mark));
        Ok(marked.next().map(|review| SubmittedReview { url: review.html_url }))
    }

    /// One request makes the review with all its comments, or nothing of it.
    async fn submit_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        review: &NewReview,
        mark: &Mark,
    ) -> Result<SubmittedReview, ActionError> {
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let comments: Vec<Value> = review.comments.iter().map(|said| comment(said, mark)).collect();
        let send = async |text: String| {
            let body = json!({
                "commit_id": review.head.as_str(),
                "event": "COMMENT",
                "body": with_mark(&text, mark),
                "comments": comments,
            });
            self.send(repository, self.client.post(REVIEWS, &values).json(&body)).await
        };
        let answer =
            send_fitting(&review.summary, limits::MARKED, limits::is_too_long, send).await.optional()?;
        let made = answer.ok_or_else(|| not_there(format!("pull request {repository}#{number}")))?;
        Ok(SubmittedReview { url: made.json::<Review>()?.html_url })
    }

    async fn reply_in_thread(
        &self,
        repository: &RepositoryName,
        _number: u64,
        thread: &ReviewThread,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        self.reply_to(repository, &thread.id, markdown, mark).await
    }

    async fn resolve_thread(
        &self,
        repository: &RepositoryName,
        number: u64,
        thread: &str,
    ) -> Result<(), ActionError> {
        self.settle_thread(repository, number, thread).await
    }
}
