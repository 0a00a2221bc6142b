//! The `main` of a function's executable in Lambda: writes logs and metrics to standard output, reads settings from the environment,
//! and serves one invocation after another.

use crate::environment::{VariableError, Variables};
use crate::function::{Function, FunctionSpec};
use crate::services::Services;
use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use domain::ActionError;
use lambda_http::Adapter;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use observability::emf::Exporter;
use serde_json::Value;
use std::fmt::Write;
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
    lambda_runtime::run(Adapter::from(routes.layer(flushed)).map_request(as_sent)).await
}

/// Escapes the path of a request again, as far as that can be known: an HTTP API decodes it, and `lambda_http` reads the result as the path of a
/// URL. A decoded `?` or `#` would end it, and the request would reach something else than was asked for. An escaped `/` cannot be told from
/// one that was not.
fn as_sent(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.raw_path = request.raw_path.take().map(|path| escaped(&path, b"/"));
        // Queries are not decoded, but clients send what no URI may contain.
        request.raw_query_string = request.raw_query_string.take().map(|query| escaped(&query, b"/?"));
    }
    event
}

/// A part of a URI in which everything is escaped that may not be there. Escapes stay as they are: the gateway leaves `%25` escaped.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.3>
fn escaped(text: &str, more: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (position, byte) in text.bytes().enumerate() {
        let is_escape = || {
            let digits = text.as_bytes().get(position + 1..position + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
        if is_plain || more.contains(&byte) || byte == b'%' && is_escape() {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
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
    fn a_request_reaches_what_it_was_sent_to() {
        let asked = |path: &str, query: &str| {
            let event = serde_json::json!({
                "version": "2.0",
                "rawPath": path,
                "rawQueryString": query,
                "headers": { "host": "api.example" },
                "requestContext": { "http": { "method": "GET", "path": path }, "stage": "$default" },
                "isBase64Encoded": false,
            });
            let payload: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
            let event = as_sent(LambdaEvent::new(payload, lambda_runtime::Context::default()));
            lambda_http::Request::from(event.payload).uri().path_and_query().unwrap().to_string()
        };
        assert_eq!(asked("/api/v1/me", ""), "/api/v1/me");
        assert_eq!(asked("/accounts/ada#1 ü", "a=1"), "/accounts/ada%231%20%C3%BC?a=1");
        assert_eq!(asked("/users/a?limit=2", ""), "/users/a%3Flimit=2");
        assert_eq!(asked("/users/a\\b\n{c}", ""), "/users/a%5Cb%0A%7Bc%7D");
        // What the gateway leaves escaped is not escaped twice.
        assert_eq!(asked("/users/50%25", "q=%3C"), "/users/50%25?q=%3C");
        assert_eq!(asked("/users/50%", "q=%3"), "/users/50%25?q=%253");
        assert_eq!(asked("/users", "q=<b> \"#ü"), "/users?q=%3Cb%3E%20%22%23%C3%BC");
    }

    #[test]
    fn the_only_function_needs_no_handler() {
        let functions = [function("bootstrap")];
        assert_eq!(chosen(&functions, &Variables::default()).unwrap().name, "bootstrap");
    }
}
