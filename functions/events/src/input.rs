//! The function's input: status changes, changes of the table, a tick every minute, and due schedules.

use domain::execution::Outcome;
use domain::schedule::Schedule;
use jiff::Timestamp;
use records::TableChange;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// One event for the function.
#[derive(Debug, Clone, PartialEq)]
pub enum EventInput {
    /// An execution started or ended.
    StatusChange(Box<StatusChange>),
    /// These records changed; each change once.
    Changed(BTreeSet<TableChange>),
    /// It is time to check open executions.
    Sweep,
    /// A workflow's schedule is due.
    Scheduled(Box<Scheduled>),
}

/// Step Functions' report of an execution that started or ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusChange {
    /// The execution's name.
    pub name: String,
    /// The execution's ARN.
    pub arn: String,
    /// Step Functions' status: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub status: String,
    /// The error's name, if it failed.
    pub error: Option<String>,
    /// The cause, if it failed.
    pub cause: Option<String>,
    /// The output; absent if it is too large for an event.
    pub output: Option<Value>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl StatusChange {
    /// Our outcome for the status.
    pub fn outcome(&self) -> Outcome {
        Outcome::from_status(&self.status, self.error.as_deref())
    }
}

/// The time of a workflow's schedule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Scheduled {
    /// The schedule.
    pub schedule: Schedule,
    /// When it was due.
    pub time: Timestamp,
}

/// An event in a form that the function does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is not one that is handled here: {0}; accepted: a Step Functions Execution Status Change, records of the \
     table's stream, {{\"tick\": \"sweep\"}}, {{\"schedule\": …, \"time\": …}}"
)]
pub struct UnknownEvent(String);

/// EventBridge's envelope around a status change:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    execution_arn: String,
    name: String,
    status: String,
    error: Option<String>,
    cause: Option<String>,
    output: Option<String>,
    stop_date: Option<i64>,
}

/// Lambda's event from a stream:
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>. Images are not read; the shown data comes from the
/// table's current state.
#[derive(Deserialize)]
struct StreamRecord {
    dynamodb: StreamKeys,
}

#[derive(Deserialize)]
struct StreamKeys {
    #[serde(rename = "Keys")]
    keys: Keys,
}

#[derive(Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl EventInput {
    /// Reads an event as EventBridge, DynamoDB Streams or EventBridge Scheduler send it to a Lambda function.
    ///
    /// # Errors
    /// [`UnknownEvent`] with the problem.
    pub fn from_json(mut event: Value) -> Result<Self, UnknownEvent> {
        if event["detail-type"] == "Step Functions Execution Status Change" {
            return Self::from_status_change(event["detail"].take());
        }
        if event["Records"].is_array() {
            let records: Vec<StreamRecord> = serde_json::from_value(event["Records"].take())
                .map_err(|error| UnknownEvent(format!("a record of the stream cannot be read ({error})")))?;
            return Ok(Self::from_keys(
                records.iter().map(|record| (&*record.dynamodb.keys.pk.text, &*record.dynamodb.keys.sk.text)),
            ));
        }
        if event["tick"] == "sweep" {
            return Ok(Self::Sweep);
        }
        if event["schedule"].is_object() {
            return serde_json::from_value(event)
                .map(|scheduled| Self::Scheduled(Box::new(scheduled)))
                .map_err(|error| UnknownEvent(format!("the schedule cannot be read ({error})")));
        }
        Err(UnknownEvent("it has no known `detail-type`, `Records`, `tick` or `schedule`".into()))
    }

    /// Changes of the table, from the keys (`pk`, `sk`) of the changed items.
    pub fn from_keys<'a>(keys: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let changed = keys.into_iter().map(|(pk, sk)| TableChange::from_keys(pk, sk));
        Self::Changed(changed.filter(|changed| *changed != TableChange::Other).collect())
    }

    fn from_status_change(detail: Value) -> Result<Self, UnknownEvent> {
        let detail: Detail = serde_json::from_value(detail)
            .map_err(|error| UnknownEvent(format!("the status change cannot be read ({error})")))?;
        Ok(Self::StatusChange(Box::new(StatusChange {
            name: detail.name,
            arn: detail.execution_arn,
            status: detail.status,
            error: detail.error,
            cause: detail.cause,
            output: detail.output.and_then(|output| serde_json::from_str(&output).ok()),
            ended_at: detail.stop_date.and_then(|millis| Timestamp::from_millisecond(millis).ok()),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_change_is_read_as_eventbridge_sends_it() {
        let event = json!({
            "version": "0",
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "time": "2026-11-22T12:00:05Z",
            "detail": {
                "executionArn": "arn:aws:states:us-east-1:123456789012:execution:ticketsmith-development:jira-SHOP-1-ab",
                "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:ticketsmith-development",
                "name": "jira-SHOP-1-ab",
                "status": "FAILED",
                "startDate": 1_551_225_271_984_i64,
                "stopDate": 1_551_225_272_000_i64,
                "input": "{}",
                "output": null,
                "error": "RolledBack",
                "cause": "{}",
            },
        });
        let EventInput::StatusChange(change) = EventInput::from_json(event).unwrap() else { panic!() };
        assert_eq!(change.outcome(), Outcome::RolledBack);
        assert_eq!(change.name, "jira-SHOP-1-ab");
        assert_eq!(change.ended_at.unwrap().to_string(), "2019-02-26T23:54:32Z");
    }

    #[test]
    fn a_batch_of_changes_tells_each_once() {
        let record = |pk: &str, sk: &str| {
            json!({"eventName": "MODIFY", "dynamodb": {
                "Keys": {"pk": {"S": pk}, "sk": {"S": sk}}, "StreamViewType": "KEYS_ONLY"}})
        };
        let event = json!({"Records": [
            record("EXECUTION#a", "STEP#GetTask"),
            record("EXECUTION#a", "EXECUTION"),
            record("EXECUTION#b", "COST#2026#1"),
            record("EXECUTION#b", "COST#2026#2"),
            record("EXECUTION#c", "PROGRESS"),
            record("TASK#SHOP-1", "TASK"),
        ]});
        let step = TableChange::Step("a".to_owned());
        let changes = [TableChange::Execution("a".to_owned()), step, TableChange::Cost("b".to_owned())];
        assert_eq!(EventInput::from_json(event), Ok(EventInput::Changed(BTreeSet::from(changes))));
    }

    #[test]
    fn a_schedule_is_read_as_it_is_deployed() {
        let event = json!({"schedule": {"workflow": "nightly", "cron": "0 6 ? * * *", "with": {"days": 1}}, "time": "2026-11-22T06:00:00Z"});
        let EventInput::Scheduled(scheduled) = EventInput::from_json(event).unwrap() else { panic!() };
        assert_eq!(
            (scheduled.schedule.workflow.as_str(), scheduled.schedule.with["days"].as_u64()),
            ("nightly", Some(1))
        );
        let unfilled = json!({"schedule": {"workflow": "nightly", "cron": "0 6 ? * * *"}, "time": "<aws.scheduler.scheduled-time>"});
        assert!(EventInput::from_json(unfilled).is_err());
    }

    #[test]
    fn a_tick_sweeps_and_anything_else_is_named() {
        assert_eq!(EventInput::from_json(json!({"tick": "sweep"})), Ok(EventInput::Sweep));
        for event in [json!({}), json!([]), json!(null), json!({"Records": [{}]}), json!({"tick": 1})] {
            assert!(EventInput::from_json(event.clone()).is_err(), "{event}");
        }
    }
}
