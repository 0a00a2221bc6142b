//! Answers of the API, as tests read them.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use serde_json::Value;
use tower::ServiceExt;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The answer to a request.
    pub(crate) async fn of(router: &Router, request: Request<Body>) -> Self {
        let response = router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1_000_000).await.unwrap();
        Self { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// The tag of the state that it is about.
    pub(crate) fn tag(&self) -> String {
        self.headers["etag"].to_str().unwrap().to_owned()
    }

    /// The paths of the values that are not accepted.
    pub(crate) fn paths(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["path"].as_str().unwrap().to_owned()).collect()
    }

    /// Checks that exactly the values at these paths of a request are not accepted, each for a reason with these words.
    pub(crate) fn refuses(&self, request: &Value, expected: &[(&str, &str)]) {
        assert_eq!(self.status, 422, "{request}: {}", self.text);
        let errors = self.json()["errors"].as_array().unwrap().clone();
        assert_eq!(errors.len(), expected.len(), "{request}: {errors:#?}");
        for (path, words) in expected {
            let found = errors.iter().find(|error| error["path"] == *path);
            let detail = found.map(|error| error["detail"].as_str().unwrap()).unwrap_or_default();
            assert!(found.is_some() && detail.contains(words), "{request}: {path} {words}: {errors:#?}");
        }
    }

    /// The value that it sets a cookie to.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let all = self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        let found = all.filter_map(|value| value.strip_prefix(name)?.strip_prefix('=')).next();
        found.unwrap().split(';').next().unwrap().to_owned()
    }
}
