//! Pull requests, reviews and their comments.

use serde_json::{Value, json};

use super::{super::failure::Failure, moment, node_id};
use crate::github::state::{Issue, Pull, Repository, Review, ReviewComment, State};

/// How a pull request and its base relate.
pub(in crate::github) struct Mergeability {
    pub(in crate::github) mergeable: bool,
    pub(in crate::github) state: &'static str,
}

impl Pull {
    /// The commit of the head branch, which moves until the pull request is closed.
    pub(in crate::github) fn head_now(&self, repository: &Repository, is_open: bool) -> String {
        let moving = if is_open { repository.head_of(&self.head) } else { None };
        moving.unwrap_or_else(|| self.head_sha.clone())
    }

    pub(in crate::github) fn base_now(&self, repository: &Repository, is_open: bool) -> String {
        let moving = if is_open { repository.head_of(&self.base) } else { None };
        moving.unwrap_or_else(|| self.base_sha.clone())
    }

    /// The two commits that the pull request's changes lie between: where its head left its base, and its head.
    pub(in crate::github) fn range(&self, repository: &Repository, is_open: bool) -> (String, String) {
        let (head, base) = (self.head_now(repository, is_open), self.base_now(repository, is_open));
        (repository.git.merge_base(&base, &head).unwrap_or(base), head)
    }

    fn mergeability(&self, repository: &Repository, is_open: bool) -> Mergeability {
        let (base, head) = (self.base_now(repository, is_open), self.head_now(repository, is_open));
        let mergeable = repository.git.merged_tree(&base, &head).is_some();
        let suites = repository.suites_of(&head);
        let ends = suites.iter().flat_map(|suite| &suite.runs).filter_map(|run| run.conclusion.as_deref());
        let failed = |conclusion: &str| !matches!(conclusion, "success" | "neutral" | "skipped");
        let checks_failed = ends.into_iter().any(failed);
        let state = match () {
            () if !mergeable => "dirty",
            () if self.draft => "draft",
            () if checks_failed && repository.protected.contains(&self.base) => "blocked",
            () if checks_failed => "unstable",
            () => "clean",
        };
        Mergeability { mergeable, state }
    }
}

impl State {
    /// A pull request as lists show it.
    pub(in crate::github) fn pull(&self, repository: &Repository, issue: &Issue, pull: &Pull) -> Value {
        let (api, web, number) = (self.api(repository), self.web(repository), issue.number);
        let is_open = issue.closed.is_none();
        let (url, page) = (format!("{api}/pulls/{number}"), format!("{web}/pull/{number}"));
        let issue_url = format!("{api}/issues/{number}");
        let (head, base) = (pull.head_now(repository, is_open), pull.base_now(repository, is_open));
        let end = |branch: &str, sha: &str| {
            json!({
                "label": format!("{}:{branch}", repository.owner),
                "ref": branch,
                "sha": sha,
                "user": self.user(&repository.owner),
                "repo": self.repository(repository),
            })
        };
        let mut shown = json!({
            "url": url,
            "id": issue.id,
            "node_id": node_id("PullRequest", issue.id),
            "html_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "issue_url": issue_url,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue_url}/comments"),
            "statuses_url": format!("{api}/statuses/{head}"),
            "number": number,
            "state": if is_open { "open" } else { "closed" },
            "locked": false,
            "active_lock_reason": null,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(&issue.user),
            "labels": self.labels(repository, issue),
            "milestone": null,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "created_at": moment(issue.created_at),
            "updated_at": moment(issue.updated_at),
            "closed_at": issue.closed.as_ref().map(|closed| moment(closed.at)),
            "merged_at": pull.merged.as_ref().map(|merged| moment(merged.at)),
            "merge_commit_sha": pull.merged.as_ref().map(|merged| merged.sha.clone()),
            "head": end(&pull.head, &head),
            "base": end(&pull.base, &base),
            "author_association": self.association(repository, &issue.user),
            "auto_merge": null,
            "draft": pull.draft,
        });
        if let Some(fork) = &pull.fork {
            let (owner, name) = fork.split_once('/').unwrap_or((fork, &repository.name));
            shown["head"]["label"] = json!(format!("{owner}:{}", pull.head));
            shown["head"]["user"] = self.user(owner);
            shown["head"]["repo"]["full_name"] = json!(fork);
            shown["head"]["repo"]["name"] = json!(name);
            shown["head"]["repo"]["owner"] = self.user(owner);
            shown["head"]["repo"]["fork"] = json!(true);
        }
        shown["_links"] = json!({
            "self": { "href": url },
            "html": { "href": page },
            "issue": { "href": issue_url },
            "comments": { "href": format!("{issue_url}/comments") },
            "review_comments": { "href": format!("{url}/comments") },
            "review_comment": { "href": format!("{api}/pulls/comments{{/number}}") },
            "commits": { "href": format!("{url}/commits") },
            "statuses": { "href": format!("{api}/statuses/{head}") },
        });
        shown
    }

    /// A single pull request, with its size and whether it can be merged.
    pub(in crate::github) fn full_pull(
        &self,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
    ) -> Result<Value, Failure> {
        let is_open = issue.closed.is_none();
        let (before, head) = pull.range(repository, is_open);
        let files = self.changed_files(repository, &before, &head)?;
        let total = |name: &str| files.iter().filter_map(|file| file[name].as_u64()).sum::<u64>();
        let mut shown = self.pull(repository, issue, pull);
        let merged = pull.merged.as_ref();
        let Mergeability { mergeable, state } = pull.mergeability(repository, is_open);
        shown["merged"] = json!(merged.is_some());
        shown["merged_by"] = json!(merged.map(|merged| self.user(&merged.by)));
        // GitHub stops computing these once a pull request is closed.
        shown["mergeable"] = if is_open { json!(mergeable) } else { Value::Null };
        shown["rebaseable"] = if is_open { json!(mergeable) } else { Value::Null };
        shown["mergeable_state"] = json!(if is_open { state } else { "unknown" });
        shown["comments"] = json!(issue.comments.len());
        shown["review_comments"] = json!(pull.review_comments.len());
        shown["maintainer_can_modify"] = json!(false);
        shown["commits"] = json!(repository.git.commits_between(&before, &head)?.len());
        shown["additions"] = json!(total("additions"));
        shown["deletions"] = json!(total("deletions"));
        shown["changed_files"] = json!(files.len());
        Ok(shown)
    }

    pub(in crate::github) fn review(&self, repository: &Repository, number: u64, review: &Review) -> Value {
        let (api, web) = (self.api(repository), self.web(repository));
        let page = format!("{web}/pull/{number}#pullrequestreview-{}", review.id);
        let pull = format!("{api}/pulls/{number}");
        json!({
            "id": review.id,
            "node_id": node_id("PullRequestReview", review.id),
            "user": self.user(&review.user),
            "body": review.body,
            "state": review.state,
            "html_url": page,
            "pull_request_url": pull,
            "submitted_at": moment(review.at),
            "commit_id": review.commit,
            "author_association": self.association(repository, &review.user),
            "_links": { "html": { "href": page }, "pull_request": { "href": pull } },
        })
    }

    pub(in crate::github) fn review_comment(
        &self,
        repository: &Repository,
        number: u64,
        comment: &ReviewComment,
    ) -> Value {
        let (api, web, id) = (self.api(repository), self.web(repository), comment.id);
        let (url, pull) = (format!("{api}/pulls/comments/{id}"), format!("{api}/pulls/{number}"));
        let page = format!("{web}/pull/{number}#discussion_r{id}");
        let mut shown = json!({
            "id": id,
            "node_id": node_id("PullRequestReviewComment", id),
            "url": url,
            "html_url": page,
            "pull_request_url": pull,
            "pull_request_review_id": comment.review,
            "user": self.user(&comment.user),
            "body": comment.body,
            "path": comment.path,
            "line": comment.place.line(),
            "original_line": comment.place.line(),
            "side": comment.place.side(),
            "position": comment.place.line(),
            "original_position": comment.place.line(),
            "diff_hunk": format!("@@ -{0},1 +{0},1 @@", comment.place.line()),
            "commit_id": comment.commit,
            "original_commit_id": comment.commit,
            "subject_type": "line",
            "created_at": moment(comment.at),
            "updated_at": moment(comment.at),
            "author_association": self.association(repository, &comment.user),
            "_links": {
                "self": { "href": url },
                "html": { "href": page },
                "pull_request": { "href": pull },
            },
        });
        if let Some(answered) = comment.answers {
            shown["in_reply_to_id"] = json!(answered);
        }
        shown
    }
}
