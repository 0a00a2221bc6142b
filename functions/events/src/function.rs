//! The function's specification: its permissions, what invokes it, and how it starts.

use crate::handle::Events;
use crate::input::EventInput;
use async_trait::async_trait;
use domain::{ActionError, PluginType};
use records::{Access, DECISIONS, Listing, PROGRESS, Partition};
use runtime::{Function, FunctionSpec, SecretUse, SocketUse, Source, StepFunctionsOperation, Timeouts};
use serde_json::Value;
use std::sync::Arc;

/// The document that asks for a sweep.
const SWEEP: &str = r#"{"tick":"sweep"}"#;

/// This executable's only function. It ends executions, resumes parked ones, settles their open reservations and starts `undo` when
/// it is due. It only reads the journal, signs how pull requests came about, and sends frames to sockets at the account's gateway. Its
/// credentials are for comments, reactions and messages.
pub fn functions() -> Vec<FunctionSpec> {
    let access = Access::reading([
        Partition::Account,
        Partition::Configured,
        Partition::Document,
        Partition::Identity,
        Partition::Run,
        Partition::Session,
        Partition::Stored,
        Partition::Writer,
    ])
    .writing([
        Partition::Audit,
        Partition::Capacity,
        Partition::Delivery,
        Partition::Event,
        Partition::Execution,
        Partition::Feed,
        Partition::Inbox,
        Partition::Inquiry,
        Partition::Month,
        Partition::Person,
        Partition::Project,
        Partition::Provider,
        Partition::Reply,
        Partition::Repository,
        Partition::Socket,
        Partition::Spend,
        Partition::Task,
        Partition::Thread,
        Partition::Waiter,
    ])
    .listing([Listing::Approvals, Listing::Decided, Listing::OpenExecutions, Listing::Sockets]);
    vec![FunctionSpec {
        name: "events",
        executable: "events",
        handler: "bootstrap",
        memory_megabytes: 256,
        timeout_seconds: 120,
        requests: Timeouts::BACKGROUND,
        secrets: vec![
            SecretUse::Credentials(PluginType::TaskManagement),
            SecretUse::Credentials(PluginType::VersionControl),
            SecretUse::Credentials(PluginType::Communication),
            SecretUse::EvidenceKey,
        ],
        access,
        step_functions: &[
            StepFunctionsOperation::DescribeExecution,
            StepFunctionsOperation::DescribeStateMachineForExecution,
            StepFunctionsOperation::SendTaskFailure,
            StepFunctionsOperation::SendTaskSuccess,
            StepFunctionsOperation::StartExecution,
            StepFunctionsOperation::StopExecution,
        ],
        sources: &[
            // Answers and stops do not wait for edits of comments. Steps that follow each other quickly become one edit.
            Source::TableStream { items: DECISIONS, collected_seconds: 0 },
            Source::TableStream { items: PROGRESS, collected_seconds: 1 },
            Source::StatusChanges,
            Source::EveryMinute { document: SWEEP },
            Source::Schedules,
        ],
        in_network: true,
        sockets: Some(SocketUse::Push),
        connect: |services, _| Ok(Arc::new(Events::connect(services)?)),
    }]
}

#[async_trait]
impl Function for Events {
    async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
        let event =
            EventInput::from_json(document).map_err(|error| ActionError::internal(error.to_string()))?;
        self.handle(event).await?;
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_asks_for_a_sweep() {
        assert_eq!(EventInput::from_json(serde_json::from_str(SWEEP).unwrap()), Ok(EventInput::Sweep));
    }
}
