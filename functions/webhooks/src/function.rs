//! The function's specification: its permissions, what invokes it, and how it starts.

use crate::receive::{PATH, Webhooks};
use async_trait::async_trait;
use axum::Router;
use domain::ActionError;
use records::{Access, Partition};
use runtime::{Function, FunctionSpec, SecretUse, Source, StepFunctionsOperation, Timeouts};
use serde_json::Value;
use std::sync::Arc;

/// This executable's only function. Because strangers can reach it, it has no provider credentials, cannot change limits or recorded costs, and
/// only reads the journal. It records deliveries, executions and people's answers, and reads the data that people ask for. What they are answered in comments it
/// records, too, for `events` to write.
pub fn functions() -> Vec<FunctionSpec> {
    let reads = [
        Partition::Configured,
        Partition::Document,
        Partition::Person,
        Partition::Provider,
        // To show what an undo would take back.
        Partition::Run,
        Partition::Spend,
        Partition::Thread,
        Partition::Writer,
    ];
    let access = Access::reading(reads).writing([
        Partition::Account,
        Partition::Audit,
        Partition::Delivery,
        Partition::Event,
        Partition::Execution,
        Partition::Inbox,
        Partition::Inquiry,
        Partition::Month,
        Partition::Project,
        Partition::Reply,
        Partition::Repository,
        Partition::Task,
        Partition::Waiter,
    ]);
    vec![FunctionSpec {
        name: "webhooks",
        executable: "webhooks",
        handler: "bootstrap",
        memory_megabytes: 256,
        // HTTP APIs wait at most 30 seconds.
        timeout_seconds: 29,
        requests: Timeouts::INTERACTIVE,
        secrets: vec![SecretUse::Signing],
        access,
        step_functions: &[StepFunctionsOperation::StartExecution],
        sources: &[Source::Http { method: "POST", path: PATH }],
        in_network: false,
        sockets: None,
        connect: |services, _| Ok(Arc::new(Webhooks::connect(services)?)),
    }]
}

#[async_trait]
impl Function for Webhooks {
    fn routes(self: Arc<Self>) -> Option<Router> {
        Some(self.router())
    }

    /// Takes a delivery that was fetched where none can be delivered. Only `serve` invokes it so, in its own process: in an account this
    /// function is invoked only over HTTP, and a document is refused.
    async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
        self.take_fetched(document).await
    }

    /// Loads configuration, routes and signing secrets.
    async fn warm_up(&self) {
        let now = self.clock.now();
        let (directory, routes) = tokio::join!(self.control.directory(), self.table.routes(now));
        if let Err(error) = routes {
            tracing::warn!(%error, "the routes could not be loaded yet");
        }
        let directory = match directory {
            Ok(directory) => directory,
            Err(error) => return tracing::warn!(%error, "the configuration could not be loaded yet"),
        };
        if let Err(error) = self.secrets.current(&directory.configuration().webhooks.secret).await {
            tracing::warn!(%error, "the signing secrets could not be loaded yet");
        }
    }
}
