//! Pull requests that revert merged ones. GitHub makes them only with GraphQL:
//! [`revertPullRequest`](https://docs.github.com/en/graphql/reference/mutations#revertpullrequest), on a branch that it names itself.

use crate::github::{Github, not_there};
use crate::mark::with_mark;
use crate::own::Account;
use crate::pages::PER_PAGE;
use crate::references::accepted;
use crate::refusal::is_early;
use domain::plugins::{Mark, PullRequest};
use domain::{ActionError, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde_json::json;

const REVERT: &str = "mutation($input: RevertPullRequestInput!) { revertPullRequest(input: $input) { revertPullRequest { number } } }";

/// The pull request that was merged.
#[derive(Debug, Deserialize)]
struct Merged {
    node_id: String,
    base: Base,
}

#[derive(Debug, Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    name: String,
}

/// A pull request that may be the revert.
#[derive(Debug, Deserialize)]
struct Found {
    number: u64,
    html_url: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<Account>,
}

impl Github {
    pub(crate) async fn revert_merged(
        &self,
        repository: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        let path = "/repos/{owner}/{name}/pulls/{number}";
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let merged =
            self.send_settled(repository, self.client.get(path, &values), is_early).await.optional()?;
        let missing = || not_there(format!("pull request {repository}#{number}"));
        let Merged { node_id, base } = merged.ok_or_else(missing)?.json()?;
        if let Some(found) = self.find_revert(repository, &base.name, mark).await? {
            return Ok(found);
        }
        let text =
            with_mark(&format!("Reverts #{number}, because the work that created it was taken back."), mark);
        let input = json!({ "pullRequestId": node_id, "body": text, "draft": false });
        let body = json!({ "query": REVERT, "variables": { "input": input } });
        let answer = self.send(repository, self.graphql.post("/graphql", &[]).json(&body)).await?;
        accepted(&answer, &format!("revert {repository}#{number}"))?;
        let opened = self.find_revert(repository, &base.name, mark).await?;
        opened.ok_or_else(|| {
            ActionError::unavailable(format!("the revert of {repository}#{number} is not listed yet"))
        })
    }

    /// The newest pull requests into a branch are looked through for one that carries the mark and is ours.
    async fn find_revert(
        &self,
        repository: &RepositoryName,
        base: &str,
        mark: &Mark,
    ) -> Result<Option<PullRequest>, ActionError> {
        let values = [repository.owner(), repository.name()];
        let request = self.client.get("/repos/{owner}/{name}/pulls", &values).query("state", "all");
        let request = request.query("base", base).query("sort", "created").query("direction", "desc");
        let answer = self.send(repository, request.query("per_page", PER_PAGE)).await.optional()?;
        let newest: Vec<Found> =
            answer.ok_or_else(|| not_there(format!("repository {repository}")))?.json()?;
        let digest = mark.digest();
        let carries = |found: &Found| found.body.as_deref().is_some_and(|body| body.contains(&digest));
        let found = newest.into_iter().find(carries);
        let Some(found) = found else { return Ok(None) };
        if !self.is_ours(found.user.as_ref()).await? {
            return Ok(None);
        }
        let Found { number, html_url, draft, .. } = found;
        Ok(Some(PullRequest { number, url: html_url, draft, marks: vec![digest] }))
    }
}
