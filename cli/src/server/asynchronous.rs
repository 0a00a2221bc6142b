//! Invocations whose answers nobody waits for.

use runtime::Function;
use serde_json::Value;
use std::time::Duration;

/// Invokes a function as Lambda does for an asynchronous event, three times in all before it gives up:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
pub(crate) async fn invoke(function: &dyn Function, document: Value) {
    for pause in [Some(Duration::from_secs(60)), Some(Duration::from_secs(120)), None] {
        let Err(error) = function.invoke(document.clone()).await else { return };
        tracing::warn!(%error, "an event was not acted upon");
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}
