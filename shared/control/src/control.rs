//! The clients that the operations use.

use domain::Clock;
use records::Table;
use std::sync::Arc;

/// The operations that need the records or Step Functions.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) table: Table,
    pub(crate) step_functions: aws_sdk_sfn::Client,
    pub(crate) state_machine_arn_prefix: String,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Control {
    /// Creates it from these clients; the caller sets their timeouts. `state_machine_arn_prefix` is the part of a state machine's
    /// ARN before the workflow's name: `arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-`.
    pub fn new(
        table: Table,
        step_functions: aws_sdk_sfn::Client,
        state_machine_arn_prefix: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { table, step_functions, state_machine_arn_prefix: state_machine_arn_prefix.into(), clock }
    }
}
