//! The functions in process: what Lambda is in an account.

use actions::Dispatcher;
use async_trait::async_trait;
use domain::ActionName;
use engine::{FunctionError, Invoke};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

/// What stands before an action's name in its function's.
pub(crate) const FUNCTION_PREFIX: &str = "ticketsmith-";

/// The name of an action's function.
pub(crate) fn function_name(action: ActionName) -> String {
    format!("{FUNCTION_PREFIX}{action}")
}

/// Every action's function, each with clients of its own. They are set once the private listener, which they call, listens.
#[derive(Default)]
pub(crate) struct Functions(OnceLock<HashMap<String, (ActionName, Dispatcher)>>);

impl Functions {
    /// Sets the functions; a second call changes nothing.
    pub(crate) fn set(&self, dispatchers: impl IntoIterator<Item = (ActionName, Dispatcher)>) {
        let map =
            dispatchers.into_iter().map(|(action, dispatcher)| (function_name(action), (action, dispatcher)));
        let _set_once = self.0.set(map.collect());
    }
}

#[async_trait]
impl Invoke for Functions {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let Some((action, dispatcher)) = self.0.get().and_then(|functions| functions.get(function)) else {
            return Err(FunctionError::not_found(function));
        };
        let _running = observability::metrics::action_running(action.as_str());
        let limit = Duration::from_secs(u64::from(actions::catalog::timeout_seconds(*action)));
        match tokio::time::timeout(limit, dispatcher.dispatch(*action, payload)).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(FunctionError::new(error.kind.as_str(), error.message)),
            Err(_elapsed) => Err(FunctionError::new(
                "Sandbox.Timedout",
                format!("Task timed out after {} seconds", limit.as_secs()),
            )),
        }
    }
}
