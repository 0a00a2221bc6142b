//! The events that Step Functions sends to EventBridge when an execution starts or ends.
//!
//! See <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>.

use serde_json::{Value, json};

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
        let time = execution.stopped.unwrap_or(execution.started);
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
                "stateMachineVersionArn": null,
                "stateMachineAliasArn": null,
                "redriveCount": 0,
                "redriveDate": null,
                "redriveStatus": "NOT_REDRIVABLE",
                "redriveStatusReason": "Redrive is not supported",
            },
        });
        Self { execution_arn: execution.arn.clone(), status: execution.status.clone(), document }
    }
}
