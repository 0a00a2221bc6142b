//! The events that Step Functions sends to EventBridge when an execution starts or ends.
//!
//! See <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>.

use serde_json::{Value, json};

use crate::execution::Obstacle;
use crate::log::ExecutionRow;

/// One "Step Functions Execution Status Change".
///
/// It is published after the change is durable, at least once: after a crash, [`Engine::resume`](crate::Engine::resume)
/// publishes again what may not have been, with the same `id`. A subscriber that is not listening, or that falls
/// thousands of changes behind, misses changes all the same, as on AWS.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// The execution.
    pub execution_arn: String,
    /// One of `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` and `ABORTED`.
    pub status: String,
    /// The whole document, as EventBridge hands it to a rule's target.
    pub document: Value,
}

impl StatusChange {
    pub(crate) fn of(execution: &ExecutionRow, id: uuid::Uuid, region: &str, account: &str) -> Self {
        let included = |text: &Option<String>| text.as_ref().map(|_| json!({ "included": true }));
        let time = execution.stopped.or(execution.redriven).unwrap_or(execution.started);
        // Other obstacles to a redrive take days or a full history, and the API reports them.
        let obstacle = Obstacle::find(&execution.status, 0, execution.started, execution.stopped, time);
        let document = json!({
            "version": "0",
            "id": id.to_string(),
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "account": account,
            "time": format!("{time:.0}"),
            "region": region,
            "resources": [execution.arn],
            "detail": {
                "executionArn": execution.arn,
                "stateMachineArn": execution.state_machine_arn,
                "name": execution.name,
                "status": execution.status,
                "startDate": execution.started.as_millisecond(),
                "stopDate": execution.stopped.map(|stopped| stopped.as_millisecond()),
                "input": execution.input,
                "inputDetails": { "included": true },
                "output": execution.output,
                "outputDetails": included(&execution.output),
                "error": execution.error,
                "cause": execution.cause,
                "stateMachineVersionArn": execution.qualifiers.version,
                "stateMachineAliasArn": execution.qualifiers.alias,
                "redriveCount": execution.redrives,
                "redriveDate": execution.redriven.map(|redriven| redriven.as_millisecond()),
                "redriveStatus": if obstacle.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" },
                "redriveStatusReason": obstacle.map(|obstacle| obstacle.to_string()),
            },
        });
        Self { execution_arn: execution.arn.clone(), status: execution.status.clone(), document }
    }
}
