//! Drafts. Marking one as ready is only possible with GraphQL:
//! [`markPullRequestReadyForReview`](https://docs.github.com/en/graphql/reference/mutations#markpullrequestreadyforreview). Free plans have
//! no drafts in private repositories, so that the title says there what is not ready.

use crate::github::{Github, not_there};
use crate::references::accepted;
use crate::refusal::is_early;
use domain::{ActionError, RepositoryName};
use http_client::{Failure, Optional};
use serde::Deserialize;
use serde_json::json;

/// The prefix of the title of a pull request that is not ready for review, for repositories without drafts.
pub(crate) const NOT_READY: &str = "[WIP] ";

const MARK_READY: &str = "mutation($input: MarkPullRequestReadyForReviewInput!) { \
                          markPullRequestReadyForReview(input: $input) { clientMutationId } }";

#[derive(Debug, Deserialize)]
struct Pull {
    node_id: String,
    title: String,
    #[serde(default)]
    draft: bool,
}

impl Github {
    pub(crate) async fn ready_for_review(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<(), ActionError> {
        let path = "/repos/{owner}/{name}/pulls/{number}";
        let values = [repository.owner(), repository.name(), &number.to_string()];
        let found =
            self.send_settled(repository, self.client.get(path, &values), is_early).await.optional()?;
        let found = found.ok_or_else(|| not_there(format!("pull request {repository}#{number}")))?;
        let Pull { node_id, title, draft } = found.json()?;
        if draft {
            let body = json!({ "query": MARK_READY, "variables": { "input": { "pullRequestId": node_id } } });
            let answer = self.send(repository, self.graphql.post("/graphql", &[]).json(&body)).await?;
            accepted(&answer, &format!("mark {repository}#{number} as ready for review"))?;
        }
        if let Some(title) = title.strip_prefix(NOT_READY) {
            let request = self.client.patch(path, &values).json(&json!({ "title": title }));
            self.send(repository, request).await?;
        }
        Ok(())
    }
}

/// Whether GitHub refuses a pull request because the repository does not have drafts.
pub(crate) fn has_no_drafts(failure: &Failure) -> bool {
    failure.says(422, "draft pull requests are not supported")
}
