//! The functions in process: what Lambda is in an account.

use async_trait::async_trait;
use domain::ActionError;
use engine::{FunctionError, Invoke};
use runtime::{Function, FunctionSpec, Source};
use serde_json::Value;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What precedes a function's name on one machine.
pub(crate) const FUNCTION_PREFIX: &str = "ticketsmith-";

/// A function with its own clients.
#[derive(Clone)]
pub(crate) struct Connected {
    /// Its specification.
    pub(crate) spec: FunctionSpec,
    /// Its handler.
    pub(crate) function: Arc<dyn Function>,
}

/// Invokes a function with a document. A panic is an error of this invocation alone, as in Lambda: who invokes the function goes on.
///
/// # Errors
/// Those of the function, and `Internal` for a panic.
pub(crate) async fn invoke(function: &dyn Function, document: Value) -> Result<Value, ActionError> {
    let mut invoked = function.invoke(document);
    std::future::poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| invoked.as_mut().poll(context))).unwrap_or_else(|_| {
            let message = "the function panicked; this is a defect, please report it";
            Poll::Ready(Err(ActionError::internal(message)))
        })
    })
    .await
}

/// The functions that steps call, by their full names. They are set once the private listener, which they call, listens. A bounded number
/// is at work at once, as in an account; calls beyond it wait for their turn, and their time limit begins with it.
pub(crate) struct StepTargets {
    functions: OnceLock<HashMap<String, Connected>>,
    at_work: Semaphore,
}

impl StepTargets {
    /// No functions yet; at most `most` will run at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { functions: OnceLock::new(), at_work: Semaphore::new(most) }
    }

    /// Sets the functions; those that steps do not call are left out. A second call changes nothing.
    pub(crate) fn set(&self, functions: &[Connected]) {
        let called = functions.iter().filter(|function| function.spec.is_invoked_by(Source::Steps));
        let named =
            called.map(|function| (format!("{FUNCTION_PREFIX}{}", function.spec.name), function.clone()));
        let _set_once = self.functions.set(named.collect());
    }
}

#[async_trait]
impl Invoke for StepTargets {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let functions = self.functions.get();
        let Some(Connected { spec, function }) = functions.and_then(|functions| functions.get(function))
        else {
            return Err(FunctionError::not_found(function));
        };
        let _turn = self.at_work.acquire().await;
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use domain::ErrorKind;
    use tokio::sync::{Notify, mpsc};

    /// A function that tells when it begins and ends when it is allowed to.
    pub(crate) struct Held {
        pub(crate) begun: mpsc::UnboundedSender<()>,
        pub(crate) allowed: Arc<Notify>,
    }

    #[async_trait]
    impl Function for Held {
        async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
            self.begun.send(()).unwrap();
            self.allowed.notified().await;
            Ok(document)
        }
    }

    /// A function with a defect.
    struct Panics;

    #[async_trait]
    impl Function for Panics {
        async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
            tokio::task::yield_now().await;
            panic!("{document} is not handled")
        }
    }

    #[tokio::test]
    async fn a_panic_ends_one_invocation_and_not_who_invokes() {
        for _ in 0..2 {
            assert_eq!(invoke(&Panics, Value::Null).await.unwrap_err().kind, ErrorKind::Internal);
        }
    }

    #[tokio::test]
    async fn a_bounded_number_of_functions_is_at_work_and_none_is_lost() {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let allowed = Arc::new(Notify::new());
        let is_called = |function: &FunctionSpec| function.is_invoked_by(Source::Steps);
        let spec = crate::functions::all().into_iter().find(is_called).unwrap();
        let name = format!("{FUNCTION_PREFIX}{}", spec.name);
        let targets = Arc::new(StepTargets::new(2));
        targets.set(&[Connected { spec, function: Arc::new(Held { begun, allowed: Arc::clone(&allowed) }) }]);
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..5 {
            let (targets, name) = (Arc::clone(&targets), name.clone());
            calls.spawn(async move { targets.invoke(&name, number.into()).await.unwrap() });
        }
        let mut answers = Vec::new();
        for _ in 0..2 {
            begins.recv().await.unwrap();
        }
        for waiting in [3, 2, 1, 0, 0] {
            assert!(begins.try_recv().is_err(), "more than two are at work");
            allowed.notify_one();
            answers.push(calls.join_next().await.unwrap().unwrap().as_u64().unwrap());
            if waiting > 0 {
                begins.recv().await.unwrap();
            }
        }
        answers.sort_unstable();
        assert_eq!(answers, [0, 1, 2, 3, 4]);
    }
}
