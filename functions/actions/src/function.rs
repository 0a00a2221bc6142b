//! The deployment of the functions: one for each action, all in one executable.

use crate::actions;
use crate::dispatch::Dispatcher;
use crate::spec::ActionSpec;
use async_trait::async_trait;
use domain::ActionError;
use runtime::{Function, FunctionSpec, SecretUse, Services, Source, Timeouts};
use serde_json::Value;
use std::sync::Arc;

/// A function for each action, under its name. Each holds the credentials that its action needs and no others.
pub fn functions() -> Vec<FunctionSpec> {
    actions::ALL.iter().map(|action| function(&action.spec)).collect()
}

fn function(action: &ActionSpec) -> FunctionSpec {
    FunctionSpec {
        name: action.name,
        executable: "actions",
        handler: action.name,
        memory_megabytes: action.memory_megabytes,
        timeout_seconds: action.timeout_seconds,
        requests: Timeouts::STEP,
        secrets: action.credentials.iter().copied().map(SecretUse::Credentials).collect(),
        access: action.access(),
        step_functions: &[],
        sources: &[Source::Steps],
        in_network: true,
        sockets: None,
        connect,
    }
}

fn connect(services: &Services, handler: &str) -> Result<Arc<dyn Function>, ActionError> {
    let action = actions::find(handler).map_err(|error| ActionError::internal(error.to_string()))?;
    Ok(Arc::new(ActionFunction { action: action.spec.name, dispatcher: Dispatcher::connect(services)? }))
}

/// One action's function.
struct ActionFunction {
    action: &'static str,
    dispatcher: Dispatcher,
}

#[async_trait]
impl Function for ActionFunction {
    async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
        self.dispatcher.dispatch(self.action, document).await
    }
}
