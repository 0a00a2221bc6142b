//! Asynchronous invocations: nothing waits for their results.

use super::functions;
use runtime::Function;
use serde_json::Value;
use std::time::Duration;

/// How long Lambda waits after the first and the second failed attempt before it invokes the function again:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Invokes a function as Lambda does for an asynchronous event. The event is dropped after three failed attempts.
pub(crate) async fn invoke(function: &dyn Function, document: Value) {
    for pause in RETRY_PAUSES {
        let Err(error) = functions::invoke(function, document.clone()).await else { return };
        tracing::warn!(%error, retry_in_seconds = pause.as_secs(), "an event was not handled; it will be retried");
        tokio::time::sleep(pause).await;
    }
    if let Err(error) = functions::invoke(function, document).await {
        tracing::warn!(%error, "an event was not handled and is dropped after three attempts");
    }
}
