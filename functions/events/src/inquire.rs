//! Asks providers about events that no single delivery reports: whether they happened, and how.

use crate::handle::Events;
use control::{StartDecision, decide};
use domain::built_in_actions::COMMIT_CHANGES;
use domain::event::{Confirmation, EventSpec};
use domain::plugins::{Checks, RepositoryAccess, VersionControl};
use domain::routes::Routes;
use domain::{ActionError, Actor, BranchName, CommitSha, ErrorKind, Event, RepositoryName};
use jiff::{SignedDuration, Timestamp};
use providers::{Place, with_patience};
use records::{Inquiry, Occurrence};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// An inconclusive first answer is asked for again after this long; then the time doubles.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// The longest time between two questions.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// So long one sweep waits for turns at providers. What is not asked in that time is asked by the next one.
const SWEEP_PATIENCE: Duration = Duration::from_secs(20);

/// After a question that the provider did not answer.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(1);

/// Checks that were announced and have not begun in this time never begin.
pub const NEVER_BEGIN: SignedDuration = SignedDuration::from_mins(10);

/// Events that no step waits for are asked about for this long: later news comes with another delivery.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// An event that a provider confirmed.
struct Confirmed {
    /// Additions to the fields of the inquiry.
    fields: Map<String, Value>,
    /// The identity of this occurrence: an event happens once for each.
    id: String,
    /// Who is responsible for it, and pays for work that it starts.
    owner: Option<Actor>,
}

impl Events {
    /// Makes an inquiry, if it is due.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn inquiry_changed(&self, key: &str) -> Result<(), ActionError> {
        match self.table.inquiry(key).await? {
            Some(inquiry) => self.ask_if_due(&inquiry).await,
            None => Ok(()),
        }
    }

    /// Makes the due inquiries for which there is time.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn ask_where_due(&self) -> Result<(), ActionError> {
        let all = async {
            let mut result = Ok(());
            for inquiry in self.table.inquiries().await? {
                let asked = self.ask_if_due(&inquiry).await;
                result = result.and(asked);
            }
            result
        };
        // Many may be due at once, and a step waits for each; but the rest of the sweep waits for all of them.
        with_patience(SWEEP_PATIENCE, all).await
    }

    async fn ask_if_due(&self, inquiry: &Inquiry) -> Result<(), ActionError> {
        let now = self.clock.now();
        if inquiry.ask_at > now {
            return Ok(());
        }
        let asked = self.ask(inquiry, now).await;
        if let Err(error) = &asked {
            tracing::warn!(event = inquiry.key, %error, "it is not known yet whether the event happened");
        }
        // A refusal will soon repeat.
        let answered = asked.as_ref().map_or_else(|error| error.kind == ErrorKind::Rejected, |_| true);
        let refused = asked.is_err() && !inquiry.reported && inquiry.asked == 0;
        let is_old = now.duration_since(inquiry.since) >= GIVEN_UP_AFTER;
        let is_over = asked.is_ok_and(|confirmed| confirmed) || !inquiry.reported || is_old;
        if is_over && !self.is_waited_for(&inquiry.key).await? {
            return Ok(self.table.end_inquiry(inquiry).await?);
        }
        let wait = if refused || !answered { AFTER_FAILURE } else { interval(inquiry) };
        Ok(self.table.ask_again(inquiry, now + wait, answered).await?)
    }

    /// Whether a step of an open execution waits for an event.
    async fn is_waited_for(&self, key: &str) -> Result<bool, ActionError> {
        for waiter in self.table.waiters_for_event(key).await? {
            let execution = self.table.execution(&waiter.execution).await?;
            if execution.is_some_and(|execution| !execution.outcome.is_final()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks the provider and reports the event if it is confirmed. Returns whether it is.
    async fn ask(&self, inquiry: &Inquiry, now: Timestamp) -> Result<bool, ActionError> {
        let routes = self.table.routes(now).await?;
        let spec = routes.events.find(inquiry.kind.as_str());
        let Some(EventSpec { confirmed_by: Some(Confirmation::Checks), .. }) = spec else {
            tracing::warn!(event = inquiry.key, "the routes in force do not say whom to ask");
            return Ok(false);
        };
        let confirmed = self.ask_for_checks(inquiry, now).await?;
        let Some(Confirmed { fields: more, id, owner }) = confirmed else { return Ok(false) };
        let mut fields = inquiry.fields.clone();
        fields.extend(more);
        let delivery = format!("{} {id}", key_of_found(inquiry, &fields));
        let occurrence =
            Occurrence { fields: fields.clone(), at: now, delivery: delivery.clone(), stranger: None };
        let mut told = Ok(());
        for key in routes.events.keys_of(&inquiry.kind, &fields) {
            self.table.put_state(&key, &occurrence).await?;
            told = told.and(self.happened(key.as_str()).await);
        }
        if inquiry.reported {
            let project = fields.get("repository").and_then(Value::as_str).map(str::to_owned);
            let (kind, task_id) = (inquiry.kind.clone(), None);
            let event = Event { kind, delivery, actor: owner, project, task_id, fields };
            self.begin_for(&routes, event).await?;
        }
        told.map(|()| true)
    }

    /// Starts the workflows of an event, once, however often it is confirmed. Somebody must pay for them.
    async fn begin_for(&self, routes: &Routes, event: Event) -> Result<(), ActionError> {
        let directory = self.control.directory().await?;
        let (kind, owned) = (event.kind.clone(), event.actor.is_some());
        match decide(&directory, routes, event) {
            StartDecision::Start(_) if !owned => {
                tracing::warn!(event = %kind, "nothing is started, because it is not known who caused it");
            }
            StartDecision::Start(request) => {
                let started = self.control.start(*request).await?;
                tracing::info!(event = %kind, ?started, "an event was confirmed");
            }
            StartDecision::Ignore(reason) => tracing::info!(event = %kind, reason, "ignored"),
            StartDecision::Refuse(reason) => tracing::warn!(event = %kind, reason, "refused to start"),
        }
        Ok(())
    }

    /// Whether every check of a commit is done.
    async fn ask_for_checks(
        &self,
        inquiry: &Inquiry,
        now: Timestamp,
    ) -> Result<Option<Confirmed>, ActionError> {
        let text = |name: &str| inquiry.fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let unusable = |error: domain::repository::InvalidName| ActionError::rejected(error.to_string());
        let repository: RepositoryName = text("repository").parse().map_err(unusable)?;
        let sha: CommitSha = text("sha").parse().map_err(unusable)?;
        let configuration = self.table.configuration(now).await?;
        let project = configuration.project_of_repository(repository.as_str()).ok_or_else(|| {
            ActionError::rejected(format!("no configured project has the repository `{repository}`"))
        })?;
        let place = Place { configuration: &configuration, project, task_id: None };
        let host = self.feedback.providers.code_host(place, RepositoryAccess::ReadChecks).await;
        let host = host.map_err(ActionError::from)?;
        let checks = match host.checks(&repository, &sha).await {
            // Repeated refusals mean a long outage: the waiting step continues without a result.
            Err(error) if error.kind == ErrorKind::Rejected && !inquiry.reported && inquiry.asked > 0 => {
                tracing::warn!(event = inquiry.key, %error, "the code host does not report checks");
                let fields = [("conclusion".to_owned(), json!("unknown"))];
                return Ok(Some(Confirmed {
                    fields: fields.into_iter().collect(),
                    id: "unknown".to_owned(),
                    owner: None,
                }));
            }
            other => other?,
        };
        // What ran on the merge of a pull request's head with its target counts for that head.
        let (sha, checks) = match checks.merges.clone() {
            Some(head) => {
                let checks = host.checks(&repository, &head).await?;
                (head, checks)
            }
            None => (sha, checks),
        };
        let reported = inquiry.reported.then(|| text("conclusion")).filter(|text| !text.is_empty());
        let Some(conclusion) = conclusion(&checks, reported, inquiry.since, now) else { return Ok(None) };
        let (head, owner) = self.head_of(&*host, &repository, &sha, text("branch")).await?;
        let attempts: Vec<&str> = checks.attempts.iter().map(String::as_str).collect();
        let id = hex::encode(Sha256::digest(attempts.join("\n")));
        let fields = [("conclusion", conclusion), ("head", head), ("sha", sha.as_str())];
        Ok(Some(Confirmed {
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect(),
            id,
            owner: owner.or_else(|| inquiry.by.clone()),
        }))
    }

    /// The owner of the commit at the head of a branch of the repository, and who started the run that made it. What is at the head of none
    /// may come from a fork.
    async fn head_of(
        &self,
        host: &dyn VersionControl,
        repository: &RepositoryName,
        sha: &CommitSha,
        branch: &str,
    ) -> Result<(&'static str, Option<Actor>), ActionError> {
        let Ok(branch) = branch.parse::<BranchName>() else { return Ok(("fork", None)) };
        if host.find_branch(repository, &branch).await?.as_ref() != Some(sha) {
            return Ok(("fork", None));
        }
        let Some(own) = self.table.own_branch(repository, &branch).await? else {
            return Ok(("repository", None));
        };
        let effects = self.table.effects_of(&own.run).await?;
        let is_ours = effects.iter().any(|effect| {
            effect.action.as_str() == COMMIT_CHANGES
                && effect.output.as_ref().is_some_and(|output| output["sha"] == sha.as_str())
        });
        Ok(if is_ours { ("ours", own.actor) } else { ("repository", None) })
    }
}

/// The key of what was found: of the commit that the checks count for. The same attempts may be confirmed for what was reported as well as for
/// what was waited for.
fn key_of_found(inquiry: &Inquiry, found: &Map<String, Value>) -> String {
    let commit = |fields: &Map<String, Value>| fields.get("sha").and_then(Value::as_str).map(str::to_owned);
    match (commit(&inquiry.fields), commit(found)) {
        (Some(asked), Some(found)) if asked != found => inquiry.key.replace(&asked, &found),
        _ => inquiry.key.clone(),
    }
}

/// How the checks of a commit ended; `None` while unknown. If a code host knows of none, what a delivery reported counts;
/// without a report, there are none after the time in which the first would begin.
fn conclusion<'a>(
    checks: &Checks,
    reported: Option<&'a str>,
    since: Timestamp,
    now: Timestamp,
) -> Option<&'a str> {
    let may_begin = checks.announced_at.is_some_and(|at| now.duration_since(at) < NEVER_BEGIN);
    if checks.unfinished > 0 || may_begin {
        return None;
    }
    match checks.conclusions.iter().max() {
        Some(worst) => Some(worst.as_str()),
        None if reported.is_some() => reported,
        None => (now.duration_since(since) >= NEVER_BEGIN).then_some("none"),
    }
}

/// How long until the next question.
fn interval(inquiry: &Inquiry) -> SignedDuration {
    LONGEST.min(ASK_AGAIN * (1 << inquiry.asked.min(3)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::CheckConclusion::{self, Cancelled, Failure, Success};

    #[test]
    fn checks_are_done_when_each_is() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let ago = |minutes| now - SignedDuration::from_mins(minutes);
        let check = |unfinished, conclusions: &[CheckConclusion], announced: Option<i64>, reported, since| {
            let checks = Checks {
                unfinished,
                conclusions: conclusions.to_vec(),
                announced_at: announced.map(ago),
                ..Checks::default()
            };
            conclusion(&checks, reported, ago(since), now)
        };
        assert_eq!(check(0, &[Success, Success], None, None, 0), Some("success"));
        assert_eq!(check(0, &[Failure, Cancelled, Success], None, None, 0), Some("failure"));
        assert_eq!(check(1, &[Success], None, Some("success"), 60), None, "one goes on");
        assert_eq!(check(0, &[Success], Some(9), None, 60), None, "one may still begin");
        assert_eq!(check(0, &[Success], Some(10), None, 60), Some("success"), "it never began");
        assert_eq!(check(0, &[], None, Some("failure"), 0), Some("failure"));
        assert_eq!(check(0, &[], None, None, 9), None);
        assert_eq!(check(0, &[], None, None, 10), Some("none"));
    }

    #[test]
    fn what_ran_on_a_merge_is_found_for_the_head() {
        let fields = |sha: &str| json!({"repository": "acme/shop", "sha": sha}).as_object().unwrap().clone();
        let inquiry = Inquiry {
            key: "checks.completed/acme/shop/0a1b".into(),
            kind: domain::EventName::from_static("checks.completed"),
            fields: fields("0a1b"),
            by: None,
            reported: true,
            since: Timestamp::UNIX_EPOCH,
            ask_at: Timestamp::UNIX_EPOCH,
            asked: 0,
        };
        assert_eq!(key_of_found(&inquiry, &fields("0a1b")), inquiry.key);
        assert_eq!(key_of_found(&inquiry, &fields("2c3d")), "checks.completed/acme/shop/2c3d");
    }
}
