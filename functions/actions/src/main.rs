//! One action as one Lambda function.

use actions::{Dispatcher, Settings};
use domain::ActionError;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use observability::emf::Exporter;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    observability::log::start_in_lambda();
    let figures = Exporter::install_from_environment()?;
    let settings = Settings::from_environment()?;
    let dispatcher = &Dispatcher::connect(&settings).await?;
    let respond = move |event: LambdaEvent<Value>| async move {
        let result = dispatcher.dispatch(settings.action, event.payload).await;
        figures.flush();
        result.map_err(diagnostic)
    };
    lambda_runtime::run(service_fn(respond)).await
}

/// The error's kind is what the state machine's `Retry` and `Catch` match.
fn diagnostic(error: ActionError) -> Diagnostic {
    Diagnostic { error_type: error.kind.to_string(), error_message: error.message }
}
