//! Threads about lines of pull requests. Only [GraphQL](https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread) knows
//! whether one is resolved.

use crate::github::{Github, not_there};
use crate::limits;
use crate::mark::{marks_in, with_mark, without_marks};
use crate::own::Account;
use crate::references::accepted;
use domain::plugins::{Mark, ReviewThread, ThreadComment};
use domain::{ActionError, RepositoryName};
use http_client::Page;
use http_client::Pages;
use provider::send_fitting;
use serde::Deserialize;
use serde_json::{Value, json};

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { reviewThreads(first: 50, after: $after) { \
    pageInfo { hasNextPage endCursor } nodes { id isResolved path line comments(first: 50) { nodes { author { login } body } } } } } } }";

const REPLY: &str = "mutation($input: AddPullRequestReviewThreadReplyInput!) { \
    addPullRequestReviewThreadReply(input: $input) { clientMutationId } }";

const RESOLVE: &str =
    "mutation($input: ResolveReviewThreadInput!) { resolveReviewThread(input: $input) { clientMutationId } }";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    is_resolved: bool,
    path: String,
    line: Option<u64>,
    comments: Nodes<Comment>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    /// Absent for an account that was deleted.
    author: Option<Account>,
    body: String,
}

#[derive(Debug, Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    page_info: PageInfo,
    nodes: Vec<Thread>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl Github {
    pub(crate) async fn threads_of(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ReviewThread>, ActionError> {
        let load = |after: Option<String>| async move {
            let variables = json!({ "owner": repository.owner(), "name": repository.name(), "number": number, "after": after });
            let request =
                self.graphql.post("/graphql", &[]).json(&json!({ "query": THREADS, "variables": variables }));
            let answer = self.send(repository, request).await?;
            accepted(&answer, &format!("list the threads of {repository}#{number}"))?;
            let body: Value = answer.json()?;
            let found = &body["data"]["repository"]["pullRequest"]["reviewThreads"];
            if found.is_null() {
                return Err(not_there(format!("pull request {repository}#{number}")));
            }
            let Connection { page_info, nodes } = Connection::deserialize(found).map_err(|error| {
                ActionError::internal(format!(
                    "GitHub's threads of {repository}#{number} cannot be read: {error}"
                ))
            })?;
            let next = page_info.end_cursor.filter(|_| page_info.has_next_page).map(Some);
            Ok::<_, ActionError>(Page { items: nodes, next, bytes: answer.size() })
        };
        let pages = Pages::of(format!("GitHub's threads of {repository}#{number}"));
        let mut threads = Vec::new();
        for thread in pages.collect(None, usize::MAX, load).await? {
            let mut comments = Vec::new();
            for Comment { author, body } in thread.comments.nodes {
                let marks = match marks_in(&body) {
                    marks if !marks.is_empty() && self.is_ours_in_graphql(author.as_ref()).await? => marks,
                    _ => Vec::new(),
                };
                let (author, is_ours) = (author.map(|author| author.login), !marks.is_empty());
                comments.push(ThreadComment { author, is_ours, marks, text: without_marks(&body) });
            }
            let Thread { id, is_resolved, path, line, .. } = thread;
            threads.push(ReviewThread { id, path, line, is_resolved, comments });
        }
        Ok(threads)
    }

    /// GraphQL leaves out the `[bot]` after the login of an App.
    async fn is_ours_in_graphql(&self, author: Option<&Account>) -> Result<bool, ActionError> {
        if self.is_ours(author).await? {
            return Ok(true);
        }
        let as_app = author.map(|author| Account { login: format!("{}[bot]", author.login) });
        self.is_ours(as_app.as_ref()).await
    }

    pub(crate) async fn reply_to(
        &self,
        repository: &RepositoryName,
        thread: &str,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let send = async |text: String| {
            let input = json!({ "pullRequestReviewThreadId": thread, "body": with_mark(&text, mark) });
            let body = json!({ "query": REPLY, "variables": { "input": input } });
            let sent = self.send(repository, self.graphql.post("/graphql", &[]).json(&body)).await;
            sent.and_then(|answer| accepted(&answer, "answer in the thread"))
        };
        Ok(send_fitting(markdown, limits::MARKED, limits::is_too_long, send).await?)
    }

    pub(crate) async fn settle_thread(
        &self,
        repository: &RepositoryName,
        number: u64,
        thread: &str,
    ) -> Result<(), ActionError> {
        let body = json!({ "query": RESOLVE, "variables": { "input": { "threadId": thread } } });
        let answer = self.send(repository, self.graphql.post("/graphql", &[]).json(&body)).await?;
        Ok(accepted(&answer, &format!("resolve a thread of {repository}#{number}"))?)
    }
}
