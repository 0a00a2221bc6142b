//! What people do on GitHub, and the [webhook](https://docs.github.com/webhooks/webhook-events-and-payloads) that tells
//! of it. What is done through the API tells nobody.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    GitHub, find,
    place::Place,
    shapes::node_id,
    state::{Comment, Delivered, Issue, Merged, Pull, Repository, Review, ReviewComment, State},
    world::UserType,
};
use crate::webhook::{Outgoing, sign_sha256};

/// What a reviewer makes of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It has to be revised.
    ChangesRequested,
    /// Neither.
    Commented,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::Commented => "COMMENTED",
        }
    }
}

/// A reviewer's remark on one line of a changed file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LineComment {
    /// Path of the file.
    pub path: String,
    /// Number of the line in the changed file, from 1.
    pub line: u64,
    /// Markdown.
    pub body: String,
}

/// Why a person could not do what was asked, as a sentence.
pub(super) type Refusal = String;

impl GitHub {
    /// `by` puts a label on an issue or pull request of a repository (`owner/name`): `issues.labeled` or
    /// `pull_request.labeled`.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the number and the person does not exist.
    pub fn labelled(
        &self,
        repository: &str,
        number: u64,
        label: &str,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        issue(&state, index, number)?;
        let (label, now) = (state.ensure_label(index, label), state.now());
        state.happened(index, number, "labeled", Some(&label), &by);
        let changed = issue_mut(&mut state, index, number)?;
        changed.labels.retain(|known| *known != label);
        changed.labels.push(label.clone());
        changed.updated_at = now;
        let (repository, changed) = (&state.repositories[index], issue(&state, index, number)?);
        let (event, mut payload) = match &changed.pull {
            None => ("issues", json!({ "issue": state.issue(repository, changed) })),
            Some(pull) => (
                "pull_request",
                json!({ "number": number, "pull_request": full(&state, repository, changed, pull)? }),
            ),
        };
        payload["action"] = json!("labeled");
        payload["label"] = state.label(repository, &label);
        Ok(outgoing(&mut state, &self.signing, index, event, payload, &by))
    }

    /// `by` comments on an issue or pull request: `issue_comment.created`.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the number and the person does not exist.
    pub fn commented(
        &self,
        repository: &str,
        number: u64,
        text: &str,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        let (id, now, body) = (state.next_id(), state.now(), text.to_string());
        let comment =
            Comment { id, user: by.clone(), body, reactions: Vec::new(), created_at: now, updated_at: now };
        let changed = issue_mut(&mut state, index, number)?;
        changed.comments.push(comment.clone());
        changed.updated_at = now;
        let (repository, changed) = (&state.repositories[index], issue(&state, index, number)?);
        let payload = json!({
            "action": "created",
            "issue": state.issue(repository, changed),
            "comment": state.comment(repository, changed, &comment),
        });
        Ok(outgoing(&mut state, &self.signing, index, "issue_comment", payload, &by))
    }

    /// `by` reviews an open pull request: `pull_request_review.submitted`.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the pull request and the person does not exist.
    pub fn reviewed(
        &self,
        repository: &str,
        number: u64,
        verdict: Verdict,
        text: &str,
        comments: &[LineComment],
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        let (at, commit) =
            (state.now(), open_pull(&state, index, number)?.head_now(&state.repositories[index], true));
        let (user, body, id) = (by.clone(), text.to_string(), state.next_id());
        let review = Review { id, user, body, state: verdict.as_str(), commit: commit.clone(), at };
        let mut remarks = Vec::new();
        for LineComment { path, line, body } in comments {
            let (user, commit) = (by.clone(), commit.clone());
            let (path, line, body) = (path.clone(), *line, body.clone());
            remarks.push(ReviewComment {
                id: state.next_id(),
                review: id,
                user,
                body,
                path,
                place: Place::Right(line),
                commit,
                at,
                answers: None,
                resolved: false,
            });
        }
        let changed = issue_mut(&mut state, index, number)?;
        changed.updated_at = at;
        if let Some(pull) = &mut changed.pull {
            pull.reviews.push(review.clone());
            pull.review_comments.extend(remarks);
        }
        let repository = &state.repositories[index];
        let changed = issue(&state, index, number)?;
        let pull = changed.pull.as_ref().map(|pull| state.pull(repository, changed, pull));
        let mut shown = state.review(repository, number, &review);
        // Webhooks write in small letters what the API writes in capitals.
        shown["state"] = json!(review.state.to_lowercase());
        let payload = json!({ "action": "submitted", "review": shown, "pull_request": pull });
        Ok(outgoing(&mut state, &self.signing, index, "pull_request_review", payload, &by))
    }

    /// `by` comments on a line of an open pull request outside of a review: `pull_request_review_comment.created`. GitHub makes a review
    /// of this one comment, which says nothing as a whole.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the pull request and the person does not exist.
    pub fn commented_on_line(
        &self,
        repository: &str,
        number: u64,
        said: LineComment,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        let commit = open_pull(&state, index, number)?.head_now(&state.repositories[index], true);
        let (review, id, at) = (state.next_id(), state.next_id(), state.now());
        let (user, body) = (by.clone(), String::new());
        let around =
            Review { id: review, user, body, state: Verdict::Commented.as_str(), commit: commit.clone(), at };
        let LineComment { path, line, body } = said;
        let user = by.clone();
        let (place, answers, resolved) = (Place::Right(line), None, false);
        let remark = ReviewComment { id, review, user, body, path, place, commit, at, answers, resolved };
        let changed = issue_mut(&mut state, index, number)?;
        changed.updated_at = at;
        if let Some(pull) = &mut changed.pull {
            pull.reviews.push(around);
            pull.review_comments.push(remark.clone());
        }
        let (repository, changed) = (&state.repositories[index], issue(&state, index, number)?);
        let pull = changed.pull.as_ref().map(|pull| state.pull(repository, changed, pull));
        let mut shown = state.review_comment(repository, number, &remark);
        // Webhooks tell more than the lists that clients read.
        for absent in ["start_line", "original_start_line", "start_side"] {
            shown[absent] = Value::Null;
        }
        let mut reactions =
            json!({ "url": format!("{}/reactions", shown["url"].as_str().unwrap_or_default()) });
        for name in ["total_count", "+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket"] {
            reactions[name] = json!(0);
        }
        shown["reactions"] = reactions;
        let payload = json!({ "action": "created", "comment": shown, "pull_request": pull });
        Ok(outgoing(&mut state, &self.signing, index, "pull_request_review_comment", payload, &by))
    }

    /// `by` closes an open pull request, merging it first where `merge` says so: `pull_request.closed`.
    ///
    /// # Errors
    /// A sentence that says what does not exist, or that the branches conflict.
    pub fn closed(&self, repository: &str, number: u64, merge: bool, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        open_pull(&state, index, number)?;
        let merged = if merge { Some(merge_branches(&state, index, number, &by)?) } else { None };
        // The ends are remembered as they stood before the merge moves the base.
        state.close(index, number, &by, "completed");
        let changed = issue_mut(&mut state, index, number)?;
        if let (Some(merged), Some(pull)) = (merged, &mut changed.pull) {
            let (branch, sha) = (format!("refs/heads/{}", pull.base), merged.sha.clone());
            pull.merged = Some(merged);
            let repository = &mut state.repositories[index];
            repository.git.set_reference(&branch, &sha).map_err(|error| error.to_string())?;
        }
        let (repository, changed) = (&state.repositories[index], issue(&state, index, number)?);
        let pull = changed.pull.as_ref().ok_or_else(|| no_pull(number))?;
        let shown = full(&state, repository, changed, pull)?;
        let payload = json!({ "action": "closed", "number": number, "pull_request": shown });
        Ok(outgoing(&mut state, &self.signing, index, "pull_request", payload, &by))
    }

    /// `by` opens a pull request again that was closed without being merged: `pull_request.reopened`.
    ///
    /// # Errors
    /// A sentence that says what does not exist, or that it is not closed.
    pub fn reopened(&self, repository: &str, number: u64, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by, now) = (find(&state, repository)?, person(&state, by)?, state.now());
        let changed = issue_mut(&mut state, index, number)?;
        let is_unmerged = changed.pull.as_ref().is_some_and(|pull| pull.merged.is_none());
        if !is_unmerged || changed.closed.take().is_none() {
            return Err(format!("#{number} is not a pull request that was closed without being merged"));
        }
        changed.updated_at = now;
        state.happened(index, number, "reopened", None, &by);
        let (repository, changed) = (&state.repositories[index], issue(&state, index, number)?);
        let pull = changed.pull.as_ref().ok_or_else(|| no_pull(number))?;
        let shown = full(&state, repository, changed, pull)?;
        let payload = json!({ "action": "reopened", "number": number, "pull_request": shown });
        Ok(outgoing(&mut state, &self.signing, index, "pull_request", payload, &by))
    }
}

/// The merge commit of a pull request, stored but on no branch yet.
fn merge_branches(state: &State, index: usize, number: u64, by: &str) -> Result<Merged, Refusal> {
    let repository = &state.repositories[index];
    let pull = open_pull(state, index, number)?;
    let (base, head) = (pull.base_now(repository, true), pull.head_now(repository, true));
    let Some(tree) = repository.git.merged_tree(&base, &head) else {
        return Err(format!("#{number} conflicts with `{}`", pull.base));
    };
    let at = state.now();
    let who = state.signature(by, at);
    let title = &issue(state, index, number)?.title;
    let message =
        format!("Merge pull request #{number} from {}/{}\n\n{title}\n", repository.owner, pull.head);
    let made = repository.git.write_commit(&tree, &[base, head], &who, &who, &message);
    Ok(Merged { at, by: by.into(), sha: made.map_err(|error| error.to_string())? })
}

fn full(state: &State, repository: &Repository, issue: &Issue, pull: &Pull) -> Result<Value, Refusal> {
    state.full_pull(repository, issue, pull).map_err(|failure| failure.message)
}

pub(super) fn person(state: &State, login: &str) -> Result<String, Refusal> {
    let known = state.users.iter().find(|user| user.login.eq_ignore_ascii_case(login));
    known.map(|user| user.login.clone()).ok_or_else(|| format!("there is no GitHub user `{login}`"))
}

fn issue(state: &State, index: usize, number: u64) -> Result<&Issue, Refusal> {
    let repository = &state.repositories[index];
    repository.issues.get(&number).ok_or_else(|| format!("{} has no #{number}", repository.full_name()))
}

fn issue_mut(state: &mut State, index: usize, number: u64) -> Result<&mut Issue, Refusal> {
    let repository = &mut state.repositories[index];
    let name = repository.full_name();
    repository.issues.get_mut(&number).ok_or_else(|| format!("{name} has no #{number}"))
}

fn open_pull(state: &State, index: usize, number: u64) -> Result<&Pull, Refusal> {
    let issue = issue(state, index, number)?;
    issue.pull.as_ref().filter(|_| issue.closed.is_none()).ok_or_else(|| no_pull(number))
}

fn no_pull(number: u64) -> Refusal {
    format!("#{number} is not an open pull request")
}

/// Completes a payload with what all of them have, and signs it.
pub(super) fn outgoing(
    state: &mut State,
    signing: &SecretString,
    index: usize,
    event: &str,
    mut payload: Value,
    by: &str,
) -> Outgoing {
    let id = state.next_id();
    let repository = &state.repositories[index];
    payload["repository"] = state.repository(repository);
    payload["sender"] = state.user(by);
    let owner = payload["repository"]["owner"].clone();
    if owner["type"] == UserType::Organization.as_str() {
        payload["organization"] = organization(state, &owner);
    }
    let mut target = (repository.id, "repository");
    if let Some(app) = &state.access.accounts.app {
        payload["installation"] =
            json!({ "id": app.installation, "node_id": node_id("Integration", app.installation) });
        target = (app.id, "integration");
    }
    let body = payload.to_string().into_bytes();
    let guid = delivery_id(&state.address, id, &body);
    let (repository, at) = (repository.id, state.now());
    let headers = vec![
        ("accept", "*/*".to_string()),
        ("content-type", "application/json".to_string()),
        ("user-agent", "GitHub-Hookshot/simulated".to_string()),
        ("x-github-delivery", guid.clone()),
        ("x-github-event", event.to_string()),
        ("x-github-hook-id", repository.to_string()),
        ("x-github-hook-installation-target-id", target.0.to_string()),
        ("x-github-hook-installation-target-type", target.1.to_string()),
        ("x-hub-signature-256", sign_sha256(signing, &body)),
    ];
    if state.access.accounts.app.is_some() {
        let (event, headers) = (event.to_string(), headers.clone());
        state.deliveries.push(Delivered { id, guid, at, event, headers, payload });
    }
    Outgoing { path: "/webhooks/github", headers, body }
}

fn organization(state: &State, owner: &Value) -> Value {
    let login = owner["login"].as_str().unwrap_or_default();
    let url = format!("{}/orgs/{login}", state.address);
    json!({
        "login": login,
        "id": owner["id"],
        "node_id": owner["node_id"],
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": owner["avatar_url"],
        "description": null,
    })
}

/// A GUID that no other delivery of any simulation has.
fn delivery_id(address: &str, id: u64, body: &[u8]) -> String {
    let digest = hex::encode(
        Sha256::new().chain_update(address).chain_update(id.to_be_bytes()).chain_update(body).finalize(),
    );
    format!("{}-{}-{}-{}-{}", &digest[..8], &digest[8..12], &digest[12..16], &digest[16..20], &digest[20..32])
}
