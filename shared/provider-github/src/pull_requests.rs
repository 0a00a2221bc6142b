//! Pull requests.

use crate::drafts::{NOT_READY, has_no_drafts};
use crate::github::{Github, not_there};
use crate::harmless;
use crate::limits;
use crate::mark::{marks_in, with_mark};
use crate::own::Account;
use crate::pages::{PER_PAGE, numbered};
use crate::refusal::is_early;
use domain::plugins::{LineRemark, Mark, PullRequest, PullRequestClosing, PullRequestRequest};
use domain::text::cut_line;
use domain::{ActionError, BranchName, ErrorKind, RepositoryName};
use http_client::{Optional, Pages};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
pub(crate) struct Pull {
    number: u64,
    html_url: String,
    state: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    merged_at: Option<String>,
    #[serde(default)]
    user: Option<Account>,
}

/// A file in a pull request's list: a renamed one has two paths. GitHub leaves out the patch of a binary or very large file.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangedFile {
    pub(crate) filename: String,
    #[serde(default)]
    pub(crate) previous_filename: Option<String>,
    #[serde(default)]
    pub(crate) patch: Option<String>,
}

/// A remark on a line. GitHub forgets `line` when the line changes.
#[derive(Debug, Deserialize)]
struct Remark {
    path: String,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    start_line: Option<u64>,
    #[serde(default)]
    body: Option<String>,
}

impl From<Pull> for PullRequest {
    fn from(pull: Pull) -> Self {
        let marks = marks_in(pull.body.as_deref().unwrap_or_default());
        let draft = pull.draft || pull.title.starts_with(NOT_READY);
        Self { number: pull.number, url: pull.html_url, draft, marks }
    }
}

impl Github {
    pub(crate) async fn open_pull_request(
        &self,
        repository: &RepositoryName,
        source: &BranchName,
        target: &BranchName,
    ) -> Result<Option<PullRequest>, ActionError> {
        let request = self
            .client
            .get("/repos/{owner}/{name}/pulls", &[repository.owner(), repository.name()])
            .query("state", "open")
            .query("head", format!("{}:{source}", repository.owner()))
            .query("base", target);
        let answer = self.send(repository, request).await.optional()?;
        let found: Vec<Pull> = answer.ok_or_else(|| not_there(format!("repository {repository}")))?.json()?;
        let Some(pull) = found.into_iter().next() else { return Ok(None) };
        let author = pull.user.as_ref().map(|author| Account { login: author.login.clone() });
        let mut pull = PullRequest::from(pull);
        if !pull.marks.is_empty() && !self.is_ours(author.as_ref()).await? {
            pull.marks.clear();
        }
        Ok(Some(pull))
    }

    pub(crate) async fn make_pull_request(
        &self,
        repository: &RepositoryName,
        request: &PullRequestRequest,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        let values = [repository.owner(), repository.name()];
        let title = harmless::plain(&request.title);
        let send = async |text: String| {
            let body = |title: &str, draft: bool| {
                json!({
                    "title": cut_line(title, limits::TITLE),
                    "head": request.source.as_str(),
                    "base": request.target.as_str(),
                    "body": with_mark(&text, mark),
                    "draft": draft,
                })
            };
            let post = async |body| {
                let call = self.client.post("/repos/{owner}/{name}/pulls", &values);
                self.send_settled(repository, call.json(&body), is_early).await
            };
            match post(body(&title, request.draft)).await {
                Err(failure) if request.draft && has_no_drafts(&failure) => {
                    post(body(&format!("{NOT_READY}{title}"), false)).await
                }
                other => other,
            }
        };
        match send_fitting(&request.description, limits::MARKED, limits::is_too_long, send).await {
            Err(failure) if failure.says(422, "already exists") => {
                Err(failure.with_kind(ErrorKind::Conflict).into())
            }
            other => Ok(other?.json::<Pull>()?.into()),
        }
    }

    pub(crate) async fn shut_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestClosing, ActionError> {
        let path = "/repos/{owner}/{name}/pulls/{number}";
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let answer =
            self.send_settled(repository, self.client.get(path, &values), is_early).await.optional()?;
        let pull: Pull =
            answer.ok_or_else(|| not_there(format!("pull request {repository}#{number}")))?.json()?;
        if pull.merged_at.is_some() {
            return Ok(PullRequestClosing::WasMerged);
        }
        if pull.state == "closed" {
            return Ok(PullRequestClosing::WasClosed);
        }
        self.send(repository, self.client.patch(path, &values).json(&json!({"state": "closed"}))).await?;
        Ok(PullRequestClosing::Closed)
    }

    pub(crate) async fn remarks_of(
        &self,
        repository: &RepositoryName,
        number: u64,
        review: u64,
    ) -> Result<Vec<LineRemark>, ActionError> {
        let path = "/repos/{owner}/{name}/pulls/{number}/reviews/{review}/comments";
        let values = [repository.owner(), repository.name(), &number.to_string(), &review.to_string()];
        let what = format!("review {review} of {repository}#{number}");
        let missing = &what;
        let load = |page: usize| async move {
            let request = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", page);
            let answer = self.send(repository, request).await.optional()?;
            numbered::<Remark>(&answer.ok_or_else(|| not_there(missing))?, page)
        };
        let remarks = Pages::of(format!("GitHub's remarks of {what}")).collect(1, usize::MAX, load).await?;
        let shown = |remark: Remark| LineRemark {
            path: remark.path,
            line: remark.line,
            first_line: remark.start_line,
            text: remark.body.unwrap_or_default(),
        };
        Ok(remarks.into_iter().map(shown).collect())
    }

    pub(crate) async fn changed_files(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<String>, ActionError> {
        let files = self.files_of(repository, number).await?.into_iter();
        Ok(files.flat_map(|file| [file.previous_filename, Some(file.filename)]).flatten().collect())
    }

    /// GitHub itself ends the list after 3,000 files.
    pub(crate) async fn files_of(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ChangedFile>, ActionError> {
        let path = "/repos/{owner}/{name}/pulls/{number}/files";
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let load = |page: usize| async move {
            let request = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", page);
            let answer = self.send_settled(repository, request, is_early).await.optional()?;
            let answer = answer.ok_or_else(|| not_there(format!("pull request {repository}#{number}")))?;
            numbered::<ChangedFile>(&answer, page)
        };
        let what = format!("GitHub's files of {repository}#{number}");
        Pages::of(what).collect(1, usize::MAX, load).await
    }
}
