//! The `main` of a function's executable in Lambda: writes logs and metrics to standard output, reads settings from the environment,
//! and serves one invocation after another.

use crate::environment::{VariableError, Variables};
use crate::function::{Function, FunctionSpec};
use crate::services::Services;
use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use domain::ActionError;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use observability::emf::Exporter;
use serde_json::Value;
use std::sync::Arc;

pub use lambda_runtime::Error;

/// The variable that Lambda sets to the function's configured handler.
const HANDLER: &str = "_HANDLER";

/// Serves invocations with documents, as the function that Lambda's handler names.
///
/// # Errors
/// When the environment lacks a setting or does not name one of the functions, or Lambda does not answer.
pub async fn run_documents(functions: &[FunctionSpec]) -> Result<(), Error> {
    let (function, figures) = start(functions).await?;
    serve_documents(&function, figures).await
}

/// Serves HTTP requests, or invocations with documents if the function named by Lambda's handler has no routes.
///
/// # Errors
/// As [`run_documents`].
pub async fn run(functions: &[FunctionSpec]) -> Result<(), Error> {
    let (function, figures) = start(functions).await?;
    match Arc::clone(&function).routes() {
        Some(routes) => serve_http(routes, figures).await,
        None => serve_documents(&function, figures).await,
    }
}

async fn serve_documents(function: &Arc<dyn Function>, figures: Exporter) -> Result<(), Error> {
    let respond = move |event: LambdaEvent<Value>| async move {
        let result = function.invoke(event.payload).await;
        figures.flush();
        result.map_err(diagnostic)
    };
    lambda_runtime::run(service_fn(respond)).await
}

/// Serves HTTP requests, as the function that Lambda's handler names.
///
/// # Errors
/// As [`run_documents`]; also when the function does not serve HTTP.
pub async fn run_http(functions: &[FunctionSpec]) -> Result<(), Error> {
    let (function, figures) = start(functions).await?;
    let routes = function.routes().ok_or("this function does not serve HTTP")?;
    serve_http(routes, figures).await
}

async fn serve_http(routes: Router, figures: Exporter) -> Result<(), Error> {
    let flushed = map_response(move |response: Response| async move {
        figures.flush();
        response
    });
    lambda_http::run(routes.layer(flushed)).await
}

async fn start(functions: &[FunctionSpec]) -> Result<(Arc<dyn Function>, Exporter), Error> {
    observability::log::start_in_lambda();
    let figures = Exporter::install_from_environment()?;
    let variables = Variables::of_process();
    let spec = chosen(functions, &variables)?;
    let services = Services::from_environment(&variables, spec.requests).await?;
    let function = spec.connect(&services)?;
    function.warm_up().await;
    Ok((function, figures))
}

/// The function that the handler names by its part after the last dot or slash. An executable's only function does not need a name.
fn chosen<'a>(
    functions: &'a [FunctionSpec],
    variables: &Variables,
) -> Result<&'a FunctionSpec, VariableError> {
    if let [only] = functions {
        return Ok(only);
    }
    let handler = variables.required(HANDLER)?;
    let name = handler.rsplit(['.', '/']).next().unwrap_or_default();
    functions.iter().find(|function| function.handler == name).ok_or_else(|| {
        let accepted: Vec<_> = functions.iter().map(|function| function.handler).collect();
        let problem =
            format!("`{name}` is not a function of this executable; accepted: {}", accepted.join(", "));
        VariableError::Invalid { name: HANDLER, problem }
    })
}

/// Reports the error's kind as its type, which a state machine's `Retry` and `Catch` match.
fn diagnostic(error: ActionError) -> Diagnostic {
    Diagnostic { error_type: error.kind.to_string(), error_message: error.message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Source;
    use crate::timeouts::Timeouts;
    use records::Access;

    fn function(handler: &'static str) -> FunctionSpec {
        FunctionSpec {
            name: handler,
            executable: "actions",
            handler,
            memory_megabytes: 256,
            timeout_seconds: 60,
            requests: Timeouts::STEP,
            secrets: Vec::new(),
            access: Access::default(),
            step_functions: &[],
            sources: &[Source::Steps],
            in_network: true,
            sockets: None,
            connect: |_, handler| Err(ActionError::internal(handler)),
        }
    }

    #[test]
    fn the_handler_names_the_function() {
        let functions = [function("create_branch"), function("get_task")];
        let chosen = |handler: &str| {
            chosen(&functions, &Variables::from([("_HANDLER", handler)])).map(|chosen| chosen.name)
        };
        assert_eq!(chosen("actions.create_branch"), Ok("create_branch"));
        assert_eq!(chosen("create_branch"), Ok("create_branch"));
        let message = chosen("bootstrap").unwrap_err().to_string();
        assert!(message.contains("`bootstrap`") && message.contains("create_branch, get_task"), "{message}");
        assert_eq!(chosen(""), Err(VariableError::Missing("_HANDLER")));
    }

    #[test]
    fn the_only_function_needs_no_handler() {
        let functions = [function("bootstrap")];
        assert_eq!(chosen(&functions, &Variables::default()).unwrap().name, "bootstrap");
    }
}
