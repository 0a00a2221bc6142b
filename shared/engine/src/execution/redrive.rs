//! Redriving: an execution that did not succeed continues where it failed or was stopped.
//!
//! What succeeded is kept: states that were left, branches and iterations that came to their end. What did not is done
//! again with the same input. See <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>.

use std::mem;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Branch, Child, Draft, Event, ExecutionState, Failing, Outcome, Phase, Position, Visit, What};
use crate::limits::HISTORY_EVENTS;

/// For how long after its end an execution can be redriven.
const REDRIVABLE_PERIOD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// For how long after its start an execution can be redriven.
const LONGEST_EXECUTION: SignedDuration = SignedDuration::from_hours(365 * 24);
/// For how long a repeated request is recognized, and how many of them.
const REPEATS_KNOWN: (SignedDuration, usize) = (SignedDuration::from_mins(15), 10);

/// One redrive.
#[derive(Clone, Debug)]
pub(crate) struct Redrive {
    pub(crate) at: Timestamp,
    client_token: Option<String>,
}

/// Why an execution cannot be redriven, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Obstacle {
    #[error("Execution is RUNNING and cannot be redriven")]
    Running,
    #[error("Execution is SUCCEEDED and cannot be redriven")]
    Succeeded,
    #[error("Execution history event limit exceeded")]
    History,
    #[error("Execution has exceeded the max execution time")]
    Old,
    #[error("Execution redrivable period exceeded")]
    Late,
    #[error("State machine is in DELETING status")]
    Deleting,
}

impl Obstacle {
    /// The reason against redriving an execution with this status, number of events, start and end.
    pub(crate) fn find(
        status: &str,
        events: u64,
        started: Timestamp,
        stopped: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        let Some(stopped) = stopped else { return Some(Self::Running) };
        if status == "SUCCEEDED" {
            return Some(Self::Succeeded);
        }
        // There must be room for the redrive itself and for one event more.
        if events + 1 >= HISTORY_EVENTS {
            return Some(Self::History);
        }
        if now.duration_since(started) > LONGEST_EXECUTION {
            return Some(Self::Old);
        }
        (now.duration_since(stopped) > REDRIVABLE_PERIOD).then_some(Self::Late)
    }
}

impl ExecutionState {
    /// The redrive that a request with this token already caused, if it did so lately.
    pub(crate) fn redriven_by(&self, client_token: &str, now: Timestamp) -> Option<&Redrive> {
        let (period, most) = REPEATS_KNOWN;
        self.redrives.iter().rev().take(most).find(|redrive| {
            redrive.client_token.as_deref() == Some(client_token) && now.duration_since(redrive.at) <= period
        })
    }

    /// The event that lets the execution continue.
    pub(crate) fn redrive(&self, client_token: Option<String>, now: Timestamp) -> Result<Draft, Obstacle> {
        let status = if matches!(self.outcome, Some(Outcome::Succeeded(_))) { "SUCCEEDED" } else { "" };
        match Obstacle::find(status, self.events, self.started_at, self.ended_at, now) {
            Some(obstacle) => Err(obstacle),
            None => {
                let count = self.redrives.len() as u64 + 1;
                Ok(Draft { branch: Vec::new(), what: What::ExecutionRedriven { count, client_token } })
            }
        }
    }

    /// How often the execution was redriven, and when last.
    pub(crate) fn redrives(&self) -> (u64, Option<Timestamp>) {
        (self.redrives.len() as u64, self.redrives.last().map(|redrive| redrive.at))
    }

    pub(super) fn apply_redrive(&mut self, event: &Event, client_token: Option<String>) {
        self.outcome = None;
        self.ended_at = None;
        self.resumed_at = event.at;
        self.redrives.push(Redrive { at: event.at, client_token });
        self.root.redrive(event);
    }
}

impl Branch {
    fn redrive(&mut self, event: &Event) {
        self.aborted = false;
        match mem::replace(&mut self.position, Position::Done(Value::Null)) {
            Position::In(visit) => self.position = Position::In(visit.redriven(event)),
            Position::Failed(visit, _) => self.position = Position::In(visit.redriven(event)),
            done @ Position::Done(_) => {
                self.position = done;
                return;
            }
            before @ Position::Before { .. } => self.position = before,
        }
        self.last_event = event.id;
    }
}

impl Visit {
    /// The same stay, with its work to do again except for the finished branches and iterations.
    fn redriven(mut self, event: &Event) -> Self {
        self.aborted = false;
        self.since = event.at;
        self.attempts.fill(0);
        self.phase = match self.phase {
            Phase::Spread(mut spread) | Phase::Failing(Failing { spread: Some(mut spread), .. }) => {
                for child in &mut spread.children {
                    if let Child::Live(branch) = child {
                        branch.redrive(event);
                    }
                }
                Phase::Spread(spread)
            }
            _ => Phase::Ready,
        };
        self
    }
}
