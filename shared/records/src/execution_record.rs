//! An execution, as it is recorded.

use crate::new_execution::NewExecution;
use crate::place::Place;
use crate::timestamp;
use domain::event::{Actor, EventName};
use domain::execution::{ExecutionInput, Outcome, execution_of};
use domain::routes::Concurrency;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A longer output is not kept in the record; the state machine's history has it.
const OUTPUT_LIMIT: usize = 100 * 1024;

/// A longer cause is cut, in characters.
const CAUSE_LIMIT: usize = 8 * 1024;

/// The first check comes this long after the beginning.
pub(crate) const FIRST_CHECK: SignedDuration = SignedDuration::from_mins(1);

/// One execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionRecord {
    /// Its name, which is never reused.
    pub name: String,
    /// The workflow's name, the file's stem.
    pub workflow: String,
    /// The event.
    pub trigger: EventName,
    /// The id of the delivery that said so.
    pub delivery: String,
    /// The project's key in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The ticket it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The person or machine that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Its input.
    #[serde(with = "crate::json_text")]
    pub input: ExecutionInput,
    /// Its status.
    pub outcome: Outcome,
    /// The ARN, once started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// When it was accepted.
    #[serde(with = "timestamp")]
    pub begun_at: Timestamp,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub ended_at: Option<Timestamp>,
    /// The error's name, if it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The reason, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Its output; absent if it is over 100 KB.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub output: Option<Value>,
    /// What it waits for, for people, while it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The person who asked to stop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_requested_by: Option<String>,
    /// When the sweeper checks it next; absent once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub check_at: Option<Timestamp>,
    /// How often the sweeper has looked.
    #[serde(default)]
    pub checks: u32,
    /// Whether it holds its task against a second execution.
    #[serde(default)]
    pub claims_task: bool,
    /// Whether something that it did can still be taken back; absent until its end was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects_left: Option<bool>,
    /// The name of the execution that took back its effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
    /// The name of the execution that it continues: it is a redrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// The name of the redrive that continues it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued_by: Option<String>,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionEnd {
    /// A final outcome.
    pub outcome: Outcome,
    /// The error's name, if it did not succeed.
    pub error: Option<String>,
    /// The reason, for people; cut after 8 Ki characters.
    pub cause: Option<String>,
    /// Its output.
    pub output: Option<Value>,
    /// When.
    pub at: Timestamp,
}

impl ExecutionRecord {
    /// The record that a new execution begins with.
    pub(crate) fn pending(new: &NewExecution, concurrency: Concurrency) -> Self {
        Self {
            name: new.name.clone(),
            workflow: new.workflow.clone(),
            trigger: new.trigger.clone(),
            delivery: new.delivery.clone(),
            project: new.project.clone(),
            task_id: new.task_id.clone(),
            actor: new.actor.clone(),
            input: new.input.clone(),
            outcome: Outcome::Pending,
            arn: None,
            begun_at: new.begun_at,
            started_at: None,
            ended_at: None,
            error: None,
            cause: None,
            output: None,
            question: None,
            stop_requested_by: None,
            check_at: Some(new.begun_at + FIRST_CHECK),
            checks: 0,
            claims_task: concurrency == Concurrency::OnePerTask && new.task_id.is_some(),
            effects_left: None,
            undone_by: None,
            continues: new.continues.clone(),
            continued_by: None,
        }
    }

    /// The ARN of its run, under which effects are recorded: that of its outermost execution, and of the first one of several that
    /// continue each other. `None` before it was started.
    pub fn run(&self) -> Option<&str> {
        let parent = self.input.parent.as_ref().map(|parent| parent.run.as_str());
        parent.or(self.arn.as_deref())
    }

    /// The name of the execution that began its run: its own, unless it is a redrive.
    pub fn began_as(&self) -> &str {
        let parent = self.input.parent.as_ref().map(|parent| parent.run.as_str());
        parent.map_or(&self.name, execution_of)
    }

    /// Whether no other execution belongs to its run, as of this record: it continues none, and none continues it.
    pub fn is_whole_run(&self) -> bool {
        self.began_as() == self.name && self.continued_by.is_none()
    }

    /// Its place in line, and the project; none if it never waits.
    pub(crate) fn place(&self, at_work: bool) -> Option<(&str, Place)> {
        let account = self.actor.as_ref().map_or_else(|| "nobody".to_owned(), Actor::account);
        let place =
            Place { name: self.name.clone(), account, begun_at: self.begun_at, at_work, queued: false };
        place.in_line_of(self.project.as_deref(), &self.workflow)
    }

    /// Closes the record: a long cause is cut, and a long output is left out.
    pub(crate) fn end(&mut self, end: &ExecutionEnd) {
        self.outcome = end.outcome;
        self.error.clone_from(&end.error);
        self.cause = end.cause.as_ref().map(|cause| cause.chars().take(CAUSE_LIMIT).collect());
        self.output = end
            .output
            .as_ref()
            .filter(|output| serde_json::to_vec(output).is_ok_and(|json| json.len() <= OUTPUT_LIMIT))
            .cloned();
        self.ended_at = Some(end.at);
        self.check_at = None;
    }
}
