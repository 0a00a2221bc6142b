//! The function's specification: its permissions, what invokes it, and how it starts.

use crate::api::Api;
use crate::gateway_sockets::GatewaySockets;
use crate::router::router;
use async_trait::async_trait;
use axum::Router;
use records::{Access, Listing, Partition};
use runtime::{Function, FunctionSpec, SecretUse, SocketUse, Source, StepFunctionsOperation, Timeouts};
use std::sync::Arc;

/// This executable's functions: the API, and the one that admits readers at an account's gateway for sockets. The API reads what people may see, and records their requests: executions, answers and stops.
/// It has no provider credentials, and can neither answer a task token nor stop an execution: `events` does.
pub fn functions() -> Vec<FunctionSpec> {
    let reads = [
        Partition::Document,
        Partition::Feed,
        Partition::Person,
        Partition::Provider,
        Partition::Repository,
        Partition::Run,
        Partition::Session,
        Partition::Spend,
        Partition::Stored,
        Partition::Token,
        Partition::Writer,
    ];
    let access = Access::reading(reads)
        .writing([
            Partition::Account,
            Partition::Audit,
            Partition::Configured,
            Partition::Delivery,
            Partition::Execution,
            Partition::Identity,
            Partition::Month,
            Partition::Project,
            Partition::Request,
            Partition::Socket,
            Partition::Task,
            Partition::Waiter,
        ])
        .listing([Listing::Agents, Listing::Approvals, Listing::OpenExecutions, Listing::Tasks]);
    let api = FunctionSpec {
        name: "api",
        executable: "api",
        handler: "bootstrap",
        memory_megabytes: 256,
        // HTTP APIs wait at most 30 seconds.
        timeout_seconds: 29,
        requests: Timeouts::BACKGROUND,
        secrets: vec![SecretUse::SignIn],
        access,
        step_functions: &[StepFunctionsOperation::StartExecution],
        sources: &[Source::Api { path: "/api/{proxy+}" }],
        in_network: false,
        sockets: Some(SocketUse::Address),
        connect: |services, _| Ok(Arc::new(Api::connect(services)?)),
    };
    let sockets = FunctionSpec {
        name: "sockets",
        executable: "api",
        handler: "sockets",
        memory_megabytes: 256,
        timeout_seconds: 10,
        requests: Timeouts::INTERACTIVE,
        secrets: Vec::new(),
        access: Access::reading([]).writing([Partition::Socket]),
        step_functions: &[],
        sources: &[Source::Sockets],
        in_network: false,
        sockets: None,
        connect: |services, _| Ok(Arc::new(GatewaySockets::connect(services))),
    };
    vec![api, sockets]
}

#[async_trait]
impl Function for Api {
    fn routes(self: Arc<Self>) -> Option<Router> {
        Some(router(self))
    }

    /// Loads the configuration and the routes.
    async fn warm_up(&self) {
        let (directory, routes) = tokio::join!(self.control.directory(), self.table.routes(self.clock.now()));
        if let Some(error) = directory.err().or(routes.err()) {
            tracing::warn!(%error, "the configuration could not be loaded yet");
        }
    }
}
