//! The stage of the demo, which plays deliveries and follows what they start to its end.

use super::halt::{Halt, is_for_good};
use super::state::world;
use crate::commands::deliver::deliver;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::progress::{asked, follow};
use jiff::Timestamp;
use records::{ExecutionView, Waiter};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// The maximum delay of the last comment after the execution ends.
const FEEDBACK_LIMIT: Duration = Duration::from_secs(15);

/// How long the demo's own answer to a question may take: a busy machine shows the question late.
const ANSWER_LIMIT: Duration = Duration::from_secs(90);

/// The default time limit of an execution, in seconds. A pull request without checks is ready only when none has begun for ten minutes.
pub(super) const LIMIT_SECONDS: u64 = 900;

/// The stage of the demo.
pub(super) struct Stage<'a> {
    /// The simulation's control address.
    pub(super) control: &'a str,
    /// `serve`.
    pub(super) connection: Connection,
    /// Where `serve` receives deliveries.
    pub(super) to: String,
    /// How long an execution may take.
    pub(super) limit: Duration,
    /// The other triggers that can be given.
    pub(super) others: String,
}

/// What a delivery led to.
pub(super) struct Played {
    /// The execution that it started.
    pub(super) view: ExecutionView,
    /// The world after it.
    pub(super) state: Value,
    /// Why the execution has not ended, if it has not.
    pub(super) halt: Option<Halt>,
}

impl Stage<'_> {
    /// Plays one delivery and follows the execution that it starts to its end, until it waits for what does not happen in a demo, such as an
    /// answer by people, or until its time is over. `answering` gives the demo's own answer to the first question, if it has one.
    ///
    /// # Errors
    /// Negative if it starts nothing; those of `answering`.
    pub(super) async fn play(
        &self,
        delivery: &Value,
        answering: impl Future<Output = Outcome>,
    ) -> Outcome<Played> {
        let table = &self.connection.table;
        let newest = async || table.recent_executions(Timestamp::now(), 1).await.map_err(Exit::unreachable);
        let before = newest().await?;
        let receipt = deliver(self.control, delivery, &self.to).await;
        let receipt = receipt.map_err(|refused| refused.and(self.try_others()))?;
        if receipt["status"] != 200 {
            return Err(Exit::negative(format!("the delivery was not accepted: {receipt}")));
        }
        let started = newest().await?;
        let is_new = |name: &String| before.first().is_none_or(|before| before.name != *name);
        let name = started.first().map(|execution| execution.name.clone()).filter(is_new);
        let name = name.ok_or_else(|| {
            let answer = &receipt["body"];
            Exit::negative(format!("{delivery} started nothing: {answer}; {}", self.try_others()))
        })?;
        let limit = self.limit;
        // `follow` has its own limit, whose message is right only if the execution continues, so it is longer than this one.
        let followed = follow(table, &name, limit + FEEDBACK_LIMIT);
        let ended = async {
            tokio::select! {
                view = followed => view.map(Ok),
                // Nobody else answers, so waiting longer is pointless.
                halt = self.unanswered(&name, answering) => halt.map(Err),
            }
        };
        let halt = match tokio::time::timeout(limit, ended).await {
            Ok(ended) => match ended? {
                Ok(view) => {
                    let state = settled_world(self.control, &self.connection, &view).await?;
                    return Ok(Played { view, state, halt: None });
                }
                Err(halt) => halt,
            },
            Err(_elapsed) => {
                let waiter = self.waits(&name, Timestamp::now(), |_| true).await?;
                Halt::by_time(limit, waiter.as_ref())
            }
        };
        let view = table.execution_view(&name).await.map_err(Exit::unreachable)?;
        let view = view.ok_or_else(|| Exit::negative(&halt.reason))?;
        Ok(Played { view, state: world(self.control).await?, halt: Some(halt) })
    }

    /// Waits until the execution waits for what does not happen in a demo. A question of a step is left to `answering`, unless that comes too
    /// late for it.
    ///
    /// # Errors
    /// Those of `answering`; unreachable if the records are.
    async fn unanswered(&self, execution: &str, answering: impl Future<Output = Outcome>) -> Outcome<Halt> {
        let is_meant = |waiter: &Waiter| !waiter.is_question() || is_overdue(waiter, Timestamp::now());
        tokio::select! {
            halt = self.halted(execution, is_meant) => return halt,
            answered = answering => answered?,
        }
        self.halted(execution, |_| true).await
    }

    /// Waits until an agent asks people something, or a step that is meant waits for what does not happen in a demo.
    ///
    /// # Errors
    /// Unreachable if the records are.
    async fn halted(&self, execution: &str, is_meant: impl Fn(&Waiter) -> bool) -> Outcome<Halt> {
        let until = Timestamp::now().checked_add(self.limit).unwrap_or(Timestamp::MAX);
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        loop {
            tick.tick().await;
            // Read first, because an agent's question becomes one of the execution.
            let waiter =
                self.waits(execution, until, |waiter| is_for_good(waiter) && is_meant(waiter)).await?;
            if let Some(question) = asked(&self.connection.table, execution).await? {
                return Ok(Halt::by_agent(question));
            }
            if let Some(waiter) = waiter {
                return Ok(Halt::by_step(&waiter));
            }
        }
    }

    /// What a step of the execution waits for, if the wait does not end by itself until then.
    ///
    /// # Errors
    /// Unreachable if the records are.
    async fn waits(
        &self,
        execution: &str,
        until: Timestamp,
        is_meant: impl Fn(&Waiter) -> bool,
    ) -> Outcome<Option<Waiter>> {
        let table = &self.connection.table;
        for (topic, key) in table.waits_of(execution).await.map_err(Exit::unreachable)? {
            let waiter = table.waiter(&topic, &key).await.map_err(Exit::unreachable)?;
            let open = waiter.filter(|waiter| {
                let is_open = waiter.answer.is_none() && waiter.over.is_none() && waiter.question.is_some();
                is_open && waiter.until.is_none_or(|end| end > until) && is_meant(waiter)
            });
            if open.is_some() {
                return Ok(open);
            }
        }
        Ok(None)
    }

    fn try_others(&self) -> String {
        format!("--trigger also takes {}", self.others)
    }

    /// The number of replies by the agents of an execution.
    ///
    /// # Errors
    /// Unreachable if the records are.
    pub(super) async fn turns(&self, execution: &str) -> Outcome<u32> {
        let table = &self.connection.table;
        let mut turns = 0;
        for link in table.sessions_of(execution).await.map_err(Exit::unreachable)? {
            let head = table.session(&link.session).await.map_err(Exit::unreachable)?;
            turns += head.map_or(0, |head| head.turns_in_round());
        }
        Ok(turns)
    }

    /// The summary by the agents of an execution: the newest one.
    ///
    /// # Errors
    /// Unreachable if the records are.
    pub(super) async fn said(&self, execution: &str) -> Outcome<Option<String>> {
        let table = &self.connection.table;
        let mut said = None;
        for link in table.sessions_of(execution).await.map_err(Exit::unreachable)? {
            let state = table.session_state(&link.session).await.map_err(Exit::unreachable)?;
            let state: Value = serde_json::from_slice(&state).map_err(Exit::unreachable)?;
            said = state["result"]["summary"].as_str().map(str::to_owned).or(said);
        }
        Ok(said)
    }
}

/// Whether a question has been open for so long that the demo's own answer no longer comes.
fn is_overdue(waiter: &Waiter, now: Timestamp) -> bool {
    // A clock that was set back shows no time at all.
    Duration::try_from(now.duration_since(waiter.since)).is_ok_and(|open| open > ANSWER_LIMIT)
}

/// The world after the last comment was edited, which happens shortly after the execution ends.
async fn settled_world(control: &str, connection: &Connection, view: &ExecutionView) -> Outcome<Value> {
    let name = &view.execution.name;
    let mut seen = BTreeSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let settled = async {
        loop {
            tick.tick().await;
            let progress = connection.table.progress(name).await.map_err(Exit::unreachable)?;
            // An execution without a ticket has no comment.
            if view.execution.task_id.is_none() {
                return Ok(());
            }
            // Settled when a second read finds the same digest, edited after the end.
            if let Some(progress) = progress
                && view.execution.ended_at.is_some_and(|ended| progress.edited_at >= ended)
                && !seen.insert(progress.digest)
            {
                return Ok::<(), Exit>(());
            }
        }
    };
    if let Ok(result) = tokio::time::timeout(FEEDBACK_LIMIT, settled).await {
        result?;
    } else {
        eprintln!("the last comment on the ticket is late; see `ticketsmith demo -v`");
    }
    world(control).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use serde_json::json;

    #[test]
    fn a_question_that_a_busy_machine_shows_late_is_left_to_the_demo() {
        let since: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let waiter = json!({
            "topic": "approval/run", "key": "run/State", "execution": "run", "token": "token", "since": since.to_string(),
            "question": "Shall it?",
        });
        let waiter: Waiter = serde_json::from_value(waiter).unwrap();
        let is_overdue_after = |seconds| is_overdue(&waiter, since + SignedDuration::from_secs(seconds));
        // The sweeper shows what was not shown at once, a minute later at most.
        assert!(!is_overdue_after(75));
        assert!(is_overdue_after(91));
        assert!(!is_overdue_after(-3_600), "the clock was set back");
    }

    #[test]
    fn by_default_there_is_time_for_a_pull_request_without_checks() {
        let limit = Duration::from_secs(LIMIT_SECONDS);
        // Found by the next sweep, a minute later at most.
        let ready = events::NEVER_BEGIN.unsigned_abs() + Duration::from_secs(60);
        assert!(limit > ready + Duration::from_secs(60), "{limit:?}");
    }
}
