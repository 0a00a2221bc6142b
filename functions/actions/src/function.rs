//! What the functions are to their deployment: one for each action, all of one executable.

use crate::catalog;
use crate::dispatch::Dispatcher;
use async_trait::async_trait;
use domain::{ActionError, ActionName};
use runtime::{Function, FunctionSpec, SecretUse, Services, Source, Timeouts};
use serde_json::Value;
use std::sync::Arc;

/// A function for each action, under its name. Each holds the credentials that its action needs and no others.
pub fn functions() -> Vec<FunctionSpec> {
    ActionName::ALL.iter().map(|action| function(*action)).collect()
}

fn function(action: ActionName) -> FunctionSpec {
    FunctionSpec {
        name: action.as_str(),
        executable: "actions",
        handler: action.as_str(),
        memory_megabytes: catalog::memory_megabytes(action),
        timeout_seconds: catalog::timeout_seconds(action),
        requests: Timeouts::STEP,
        secrets: catalog::credentials(action).iter().copied().map(SecretUse::Credentials).collect(),
        access: catalog::access(action),
        step_functions: &[],
        sources: &[Source::Steps],
        in_network: true,
        connect,
    }
}

fn connect(services: &Services, handler: &str) -> Result<Arc<dyn Function>, ActionError> {
    let action =
        handler.parse().map_err(|error: domain::UnknownName| ActionError::internal(error.to_string()))?;
    Ok(Arc::new(ActionFunction { action, dispatcher: Dispatcher::connect(services)? }))
}

/// One action's function.
struct ActionFunction {
    action: ActionName,
    dispatcher: Dispatcher,
}

#[async_trait]
impl Function for ActionFunction {
    async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
        self.dispatcher.dispatch(self.action, document).await
    }
}
