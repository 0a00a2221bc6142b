//! Functions behind Lambda's Invoke API: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.

use ::engine::{FunctionError, Invoke};
use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;
use std::time::Duration;

/// Lambda's longest function timeout, plus ten seconds for the response.
const ANSWER_LIMIT: Duration = Duration::from_secs(15 * 60 + 10);
/// Lambda's largest response, in bytes.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// An endpoint of Lambda's Invoke API, if any.
#[derive(Debug)]
pub(super) struct LambdaEndpoint {
    client: Client,
    url: Option<Url>,
}

impl LambdaEndpoint {
    /// Functions at `url`, such as `http://127.0.0.1:9001`; none without a URL.
    ///
    /// # Errors
    /// A message when `url` is not an `http` or `https` URL.
    pub(super) fn new(url: Option<&str>) -> Result<Self, String> {
        let parse = |text: &str| {
            let url = Url::parse(text).map_err(|error| format!("--lambda-endpoint {text}: {error}"))?;
            match url.scheme() {
                "http" | "https" => Ok(url),
                other => {
                    Err(format!("--lambda-endpoint {text}: the scheme must be http or https, not {other}"))
                }
            }
        };
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(ANSWER_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("cannot create an HTTP client: {error}"))?;
        Ok(Self { client, url: url.map(parse).transpose()? })
    }
}

#[async_trait]
impl Invoke for LambdaEndpoint {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let Some(url) = &self.url else {
            return Err(FunctionError::new(
                "Lambda.ResourceNotFoundException",
                format!(
                    "Function not found: {function}; `ticketsmith engine` was started without --lambda-endpoint"
                ),
            ));
        };
        let mut url = url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["2015-03-31", "functions", function, "invocations"]);
        }
        let lost = |error: reqwest::Error| {
            FunctionError::new("Lambda.SdkClientException", format!("{}", error.without_url()))
        };
        let response = self.client.post(url).json(&payload).send().await.map_err(lost)?;
        let status = response.status();
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let (function_error, error_type) = (header("x-amz-function-error"), header("x-amzn-errortype"));
        if status == StatusCode::NOT_FOUND {
            return Err(FunctionError::not_found(function));
        }
        let body = read(response).await?;
        if !status.is_success() {
            return Err(refused(status, error_type.as_deref(), &body));
        }
        if function_error.is_some() {
            return Err(failed(&body));
        }
        serde_json::from_slice(&body).map_err(|error| {
            FunctionError::new("Lambda.Unknown", format!("{function} did not respond with JSON: {error}"))
        })
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, FunctionError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let message = format!(
                    "Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
                );
                return Err(FunctionError::new("Function.ResponseSizeTooLarge", message));
            }
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(FunctionError::new("Lambda.SdkClientException", error.without_url().to_string()));
            }
        }
    }
}

/// The error that the function itself reported. Its cause is the whole body.
fn failed(body: &[u8]) -> FunctionError {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| parsed.get(field).and_then(Value::as_str);
    let mut error = FunctionError::new(
        text("errorType").unwrap_or("Lambda.Unknown"),
        text("errorMessage").unwrap_or_default(),
    );
    error.cause = Some(String::from_utf8_lossy(body).into_owned());
    error
}

/// The service's refusal to invoke the function at all, such as `Lambda.TooManyRequestsException`.
fn refused(status: StatusCode, error_type: Option<&str>, body: &[u8]) -> FunctionError {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    // The header may have more text after a colon.
    let named = error_type.and_then(|header| header.split(':').next()).filter(|name| !name.is_empty());
    let name = named.unwrap_or(match status {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequestsException",
        status if status.is_server_error() => "ServiceException",
        _ => "Unknown",
    });
    let message = ["message", "Message"].into_iter().find_map(|field| parsed.get(field)?.as_str());
    FunctionError::new(format!("Lambda.{name}"), message.unwrap_or_else(|| status.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::Path;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use serde_json::json;

    async fn answer(
        Path(function): Path<String>,
        body: String,
    ) -> (axum::http::StatusCode, HeaderMap, String) {
        let mut headers = HeaderMap::new();
        let mut status = axum::http::StatusCode::OK;
        let body = match function.as_str() {
            "echo" => body,
            "broken" => {
                headers.insert("x-amz-function-error", "Unhandled".parse().unwrap());
                r#"{"errorType":"Broken","errorMessage":"no","trace":[]}"#.to_owned()
            }
            "busy" => {
                status = axum::http::StatusCode::TOO_MANY_REQUESTS;
                headers.insert("x-amzn-errortype", "TooManyRequestsException:http://x".parse().unwrap());
                r#"{"message":"Rate exceeded"}"#.to_owned()
            }
            "large" => format!("\"{}\"", "x".repeat(LARGEST_ANSWER)),
            "text" => "hello".to_owned(),
            _ => {
                status = axum::http::StatusCode::NOT_FOUND;
                String::new()
            }
        };
        (status, headers, body)
    }

    #[tokio::test]
    async fn every_kind_of_answer_is_read() {
        let router = Router::new().route("/prefix/2015-03-31/functions/{function}/invocations", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let functions = LambdaEndpoint::new(Some(&format!("http://{address}/prefix/"))).unwrap();
        assert_eq!(functions.invoke("echo", json!({ "a": 1 })).await, Ok(json!({ "a": 1 })));
        let error = functions.invoke("broken", json!({})).await.unwrap_err();
        assert_eq!(error.error_type, "Broken");
        assert_eq!(error.cause(), r#"{"errorType":"Broken","errorMessage":"no","trace":[]}"#);
        for (function, name) in [
            ("busy", "Lambda.TooManyRequestsException"),
            ("large", "Function.ResponseSizeTooLarge"),
            ("text", "Lambda.Unknown"),
            ("nobody", "Lambda.ResourceNotFoundException"),
        ] {
            assert_eq!(functions.invoke(function, json!({})).await.unwrap_err().error_type, name);
        }
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_with_a_name() {
        let functions = LambdaEndpoint::new(Some("http://127.0.0.1:1")).unwrap();
        let error = functions.invoke("echo", json!({})).await.unwrap_err();
        assert_eq!(error.error_type, "Lambda.SdkClientException");
        let error = LambdaEndpoint::new(None).unwrap().invoke("echo", json!({})).await.unwrap_err();
        assert!(error.error_message.contains("--lambda-endpoint"), "{error}");
        for wrong in ["127.0.0.1:9001", "ftp://x", ""] {
            assert!(LambdaEndpoint::new(Some(wrong)).unwrap_err().contains("--lambda-endpoint"), "{wrong}");
        }
    }
}
