//! What people do on GitLab, and the [webhook](https://docs.gitlab.com/user/project/integrations/webhook_events/) that tells of it. Changes
//! through the API send no webhooks.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::GitLab;
use super::state::{Job, MergeRequest, Note, Pipeline, Position, State};
use crate::webhook::Outgoing;

/// A reviewer's verdict on a merge request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// Neither.
    Reviewed,
    /// It has to be revised.
    RequestedChanges,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Reviewed => "reviewed",
            Self::RequestedChanges => "requested_changes",
        }
    }
}

/// A reviewer's remark on one line of a changed file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Path of the file.
    pub path: String,
    /// Number of the line in the changed file, from 1.
    pub line: u64,
    /// Markdown.
    pub body: String,
}

/// A job of a pipeline.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedJob {
    /// Its name.
    pub name: String,
    /// As GitLab names it: `running`, `success`, `failed`, `canceled`.
    pub status: String,
    /// Its output.
    #[serde(default)]
    pub trace: String,
}

type Refusal = String;

/// The number of an issue (`#`) or merge request (`!`), and the index of its project.
fn find(state: &State, named: &str, sign: char) -> Result<(usize, u64), Refusal> {
    let parts =
        named.rsplit_once(sign).and_then(|(path, number)| Some((state.find(path)?, number.parse().ok()?)));
    parts.ok_or_else(|| format!("there is no `{named}`; accepted: group/project{sign}1"))
}

fn person(state: &State, username: &str) -> Result<String, Refusal> {
    let user = state.user(username).ok_or_else(|| format!("there is no user `{username}`"))?;
    Ok(user.username.clone())
}

impl GitLab {
    /// `by` puts a label on an issue.
    pub(super) fn labelled(&self, issue: &str, label: &str, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let ((at, iid), by, now) = (find(&state, issue, '#')?, person(&state, by)?, state.now());
        state.projects[at].labels.insert(label.to_owned());
        let changed =
            state.projects[at].issues.get_mut(&iid).ok_or_else(|| format!("there is no {issue}"))?;
        let before = changed.labels.clone();
        changed.labels.retain(|known| known != label);
        changed.labels.push(label.to_owned());
        changed.updated_at = now;
        let titles =
            |labels: &[String]| labels.iter().map(|label| json!({ "title": label })).collect::<Vec<_>>();
        let changes =
            json!({ "labels": { "previous": titles(&before), "current": titles(&changed.labels) } });
        Ok(self.issue_hook(&mut state, (at, iid), "update", changes, &by))
    }

    /// `by` closes an issue or opens it again.
    pub(super) fn set_state(&self, issue: &str, closed: bool, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let ((at, iid), by) = (find(&state, issue, '#')?, person(&state, by)?);
        let changed =
            state.projects[at].issues.get_mut(&iid).ok_or_else(|| format!("there is no {issue}"))?;
        changed.is_open = !closed;
        let (before, after) = if closed { (1, 2) } else { (2, 1) };
        let changes = json!({ "state_id": { "previous": before, "current": after } });
        let action = if closed { "close" } else { "reopen" };
        Ok(self.issue_hook(&mut state, (at, iid), action, changes, &by))
    }

    fn issue_hook(
        &self,
        state: &mut State,
        (at, iid): (usize, u64),
        action: &str,
        changes: Value,
        by: &str,
    ) -> Outgoing {
        let project = &state.projects[at];
        let mut shown =
            project.issues.get(&iid).map(|issue| state.shown_issue(project, issue)).unwrap_or_default();
        let labels: Vec<Value> =
            shown["labels"].as_array().into_iter().flatten().map(|label| json!({ "title": label })).collect();
        shown["labels"] = json!(labels);
        shown["action"] = action.into();
        let payload = json!({
            "object_kind": "issue", "event_type": "issue", "object_attributes": shown, "labels": labels, "changes": changes,
        });
        self.outgoing(state, at, "Issue Hook", payload, by)
    }

    /// `by` writes a note.
    pub(super) fn commented(
        &self,
        on: &str,
        text: &str,
        position: Option<(String, u64)>,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let sign = if on.contains('!') { '!' } else { '#' };
        let ((at, iid), author, now) = (find(&state, on, sign)?, person(&state, by)?, state.now());
        let (id, body) = (state.next_id(), text.to_owned());
        let (by, awards) = (author.clone(), BTreeSet::new());
        let position = position.map(|(path, line)| Position::after(path, line));
        let (discussion, resolved) = (id, false);
        let note = Note {
            id,
            body,
            author,
            created_at: now,
            updated_at: now,
            position,
            discussion,
            resolved,
            awards,
        };
        let missing = || format!("there is no {on}");
        let project = &mut state.projects[at];
        match sign {
            '#' => project.issues.get_mut(&iid).ok_or_else(missing)?.notes.push(note.clone()),
            _ => project.merge_requests.get_mut(&iid).ok_or_else(missing)?.notes.push(note.clone()),
        }
        let project = &state.projects[at];
        let mut shown = state.shown_note(&note);
        shown["note"] = shown["body"].take();
        shown["action"] = "create".into();
        shown["author_id"] = state.user_id(&note.author).into();
        let (kind, key, about) = match sign {
            '#' => {
                ("Issue", "issue", project.issues.get(&iid).map(|issue| state.shown_issue(project, issue)))
            }
            _ => {
                let one = project.merge_requests.get(&iid);
                ("MergeRequest", "merge_request", one.map(|one| state.shown_merge_request(project, one)))
            }
        };
        shown["noteable_type"] = kind.into();
        let mut payload = json!({ "object_kind": "note", "event_type": "note", "object_attributes": shown });
        payload[key] = about.unwrap_or_default();
        Ok(self.outgoing(&mut state, at, "Note Hook", payload, &by))
    }

    /// `by` reviews a merge request.
    pub(super) fn reviewed(
        &self,
        merge_request: &str,
        verdict: Verdict,
        remarks: &[Remark],
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let ((at, iid), by, now) = (find(&state, merge_request, '!')?, person(&state, by)?, state.now());
        let mut notes = Vec::new();
        for Remark { path, line, body } in remarks {
            let (id, author, body, position) =
                (state.next_id(), by.clone(), body.clone(), Some(Position::after(path.clone(), *line)));
            notes.push(Note {
                id,
                body,
                author,
                created_at: now,
                updated_at: now,
                position,
                discussion: id,
                resolved: false,
                awards: BTreeSet::new(),
            });
        }
        let missing = || format!("there is no {merge_request}");
        let one = state.projects[at].merge_requests.get_mut(&iid).ok_or_else(missing)?;
        one.notes.extend(notes);
        let before = one.reviewers.insert(by.clone(), verdict.as_str()).unwrap_or("unreviewed");
        let reviewer = |of: &State, verdict: &str| {
            let mut shown = of.shown_user(&by);
            shown["state"] = verdict.into();
            json!([shown])
        };
        let (previous, current) = (reviewer(&state, before), reviewer(&state, verdict.as_str()));
        let mut payload = Self::merge_request_payload(&state, (at, iid), "update");
        payload["reviewers"] = current.clone();
        payload["changes"] = json!({ "reviewers": { "previous": previous, "current": current } });
        Ok(self.outgoing(&mut state, at, "Merge Request Hook", payload, &by))
    }

    /// `by` closes or merges a merge request.
    pub(super) fn closed(&self, merge_request: &str, merge: bool, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let ((at, iid), by, now) = (find(&state, merge_request, '!')?, person(&state, by)?, state.now());
        let missing = || format!("there is no {merge_request}");
        let project = &state.projects[at];
        let one = project.merge_requests.get(&iid).filter(|one| one.state == "opened").ok_or_else(missing)?;
        let (base, head) = one.range(project);
        let target = format!("refs/heads/{}", one.target);
        let mut merge_commit = None;
        if merge {
            let onto = project.head_of(&one.target).ok_or_else(missing)?;
            let tree = project.git.merged_tree(&onto, &head).ok_or("the branches conflict")?;
            let author = state.signature(&by, now);
            let parents = [onto, head.clone()];
            let made = project.git.write_commit(&tree, &parents, &author, &author, "Merge\n");
            let made = made.map_err(|error| error.to_string())?;
            project.git.set_reference(&target, &made).map_err(|error| error.to_string())?;
            merge_commit = Some(made);
        }
        if let Some(one) = state.projects[at].merge_requests.get_mut(&iid) {
            (one.head, one.base, one.updated_at) = (head, base, now);
            one.state = if merge { "merged" } else { "closed" };
            one.merge_commit = merge_commit;
        }
        let payload = Self::merge_request_payload(&state, (at, iid), if merge { "merge" } else { "close" });
        Ok(self.outgoing(&mut state, at, "Merge Request Hook", payload, &by))
    }

    /// `by` opens a merge request again that was closed.
    pub(super) fn reopened(&self, merge_request: &str, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let ((at, iid), by, now) = (find(&state, merge_request, '!')?, person(&state, by)?, state.now());
        let one = state.projects[at].merge_requests.get_mut(&iid).filter(|one| one.state == "closed");
        let one = one.ok_or_else(|| format!("{merge_request} is not a closed merge request"))?;
        (one.state, one.updated_at) = ("opened", now);
        let payload = Self::merge_request_payload(&state, (at, iid), "reopen");
        Ok(self.outgoing(&mut state, at, "Merge Request Hook", payload, &by))
    }

    fn merge_request_payload(state: &State, (at, iid): (usize, u64), action: &str) -> Value {
        let project = &state.projects[at];
        let one = project.merge_requests.get(&iid);
        let mut shown = one.map(|one| state.shown_merge_request(project, one)).unwrap_or_default();
        shown["action"] = action.into();
        shown["last_commit"] = json!({ "id": shown["sha"] });
        json!({ "object_kind": "merge_request", "event_type": "merge_request", "object_attributes": shown, "changes": {} })
    }

    /// A pipeline of the newest commit of a branch runs or ends.
    pub(super) fn ran(
        &self,
        path: &str,
        branch: &str,
        jobs: &[ReportedJob],
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let at = state.find(path).ok_or_else(|| format!("there is no project `{path}`"))?;
        let by = person(&state, by)?;
        let head = state.projects[at].head_of(branch);
        let sha = head.ok_or_else(|| format!("{path} has no branch `{branch}`"))?;
        let project = &state.projects[at];
        let is_open = |one: &&MergeRequest| one.state == "opened" && one.source == branch;
        let open = project.merge_requests.values().find(is_open).filter(|_| project.merged_results);
        let merged = open.and_then(|one| Some((one, state.merge_result(project, one)?)));
        let (sha, reference, merge_request) = match merged {
            Some((one, merge)) => {
                let shown = json!({
                    "id": one.id, "iid": one.iid, "title": one.title, "source_branch": one.source, "target_branch": one.target,
                    "state": one.state,
                });
                (merge, one.merge_reference(), shown)
            }
            None => (sha, branch.to_owned(), Value::Null),
        };
        let source = if merge_request.is_null() { "push" } else { "merge_request_event" };
        let mut made = Vec::new();
        for ReportedJob { name, status, trace } in jobs {
            let id = state.next_id();
            made.push(Job { id, name: name.clone(), status: status.clone(), trace: trace.clone() });
        }
        let id = state.next_id();
        let pipeline = Pipeline { id, sha: sha.clone(), branch: reference.clone(), jobs: made };
        let status = pipeline.status();
        state.projects[at].pipelines.push(pipeline);
        let builds: Vec<Value> =
            jobs.iter().map(|job| json!({ "name": job.name, "status": job.status })).collect();
        let payload = json!({
            "object_kind": "pipeline", "builds": builds,
            "object_attributes": { "id": id, "ref": reference, "sha": sha, "tag": false, "status": status, "source": source },
            "merge_request": merge_request,
        });
        Ok(self.outgoing(&mut state, at, "Pipeline Hook", payload, &by))
    }

    /// The webhook with its common fields, signed as GitLab does: with the signing token if there is one, else the plain token.
    fn outgoing(
        &self,
        state: &mut State,
        at: usize,
        event: &'static str,
        mut payload: Value,
        by: &str,
    ) -> Outgoing {
        state.sent += 1;
        payload["user"] = state.shown_user(by);
        payload["project"] = state.shown_project(&state.projects[at]);
        let body = payload.to_string().into_bytes();
        let id = format!("00000000-0000-4000-8000-{:012x}", state.sent);
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "GitLab/19.5.0".to_owned()),
            ("x-gitlab-event", event.to_owned()),
            ("x-gitlab-event-uuid", id.clone()),
            ("x-gitlab-instance", state.address.clone()),
            ("x-gitlab-webhook-uuid", "00000000-0000-4000-8000-00000000d001".to_owned()),
            ("idempotency-key", id.clone()),
        ];
        match signing_key(&self.signing) {
            Some(key) => {
                let at = state.now().as_second().to_string();
                let signature = sign(&key, &[id.as_bytes(), b".", at.as_bytes(), b".", &body]);
                headers.extend([
                    ("webhook-id", id),
                    ("webhook-timestamp", at),
                    ("webhook-signature", format!("v1,{signature}")),
                ]);
            }
            None => headers.push(("x-gitlab-token", self.signing.expose_secret().to_owned())),
        }
        Outgoing { path: "/webhooks/gitlab", headers, body }
    }
}

/// The key of a signing token: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
fn signing_key(secret: &SecretString) -> Option<Vec<u8>> {
    STANDARD.decode(secret.expose_secret().strip_prefix("whsec_")?).ok()
}

fn sign(key: &[u8], parts: &[&[u8]]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    parts.iter().for_each(|part| mac.update(part));
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_signature() {
        let key = signing_key(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let parts: [&[u8]; 5] =
            [b"msg_p5jXN8AQM9LWM0D4loKWxJek", b".", b"1614265330", b".", br#"{"test": 2432232314}"#];
        assert_eq!(sign(&key, &parts), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
