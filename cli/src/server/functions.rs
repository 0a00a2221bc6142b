//! The functions in process: what Lambda is in an account.

use async_trait::async_trait;
use engine::{FunctionError, Invoke};
use runtime::{Function, FunctionSpec, Source};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What precedes a function's name on one machine.
pub(crate) const FUNCTION_PREFIX: &str = "ticketsmith-";

/// A function with clients of its own.
#[derive(Clone)]
pub(crate) struct Connected {
    /// What it is.
    pub(crate) spec: FunctionSpec,
    /// What does its work.
    pub(crate) function: Arc<dyn Function>,
}

/// The functions that steps call, by their full names. They are set once the private listener, which they call, listens.
#[derive(Default)]
pub(crate) struct StepTargets(OnceLock<HashMap<String, Connected>>);

impl StepTargets {
    /// Sets the functions, of which those that steps do not call are left out; a second call changes nothing.
    pub(crate) fn set(&self, functions: &[Connected]) {
        let called = functions.iter().filter(|function| function.spec.is_invoked_by(Source::Steps));
        let named =
            called.map(|function| (format!("{FUNCTION_PREFIX}{}", function.spec.name), function.clone()));
        let _set_once = self.0.set(named.collect());
    }
}

#[async_trait]
impl Invoke for StepTargets {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let Some(Connected { spec, function }) = self.0.get().and_then(|functions| functions.get(function))
        else {
            return Err(FunctionError::not_found(function));
        };
        let _running = observability::metrics::action_running(spec.name);
        let limit = Duration::from_secs(u64::from(spec.timeout_seconds));
        match tokio::time::timeout(limit, function.invoke(payload)).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(FunctionError::new(error.kind.as_str(), error.message)),
            Err(_elapsed) => Err(FunctionError::new(
                "Sandbox.Timedout",
                format!("Task timed out after {} seconds", limit.as_secs()),
            )),
        }
    }
}
