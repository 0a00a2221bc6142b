//! What surrounds every request: its id, the bodies of problems, foreign hosts and origins, and bugs.

use crate::cookies::is_local;
use crate::problem::{Code, Problem};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;

/// The header with a request's id, in every answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers by which it is decided whether a request is answered, and to whom. Of several, a proxy may go by another one than we do.
const DECIDING: &[HeaderName] = &[header::HOST, header::ORIGIN, header::AUTHORIZATION, header::CONTENT_TYPE];

/// The id of a request, for its handler.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// The hosts that a listener answers to, with their ports if any: `127.0.0.1:8081`.
pub type Hosts = Arc<[String]>;

/// Refuses requests to other hosts: a stranger's page whose name resolves to this machine must not be able to use the API.
pub fn only_for(hosts: Hosts, router: Router) -> Router {
    let check = move |request: Request, next: Next| {
        let hosts = Arc::clone(&hosts);
        async move {
            let is_ours = |host: &str| hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
            let host = text(request.headers(), &header::HOST);
            // A request to a proxy says it in its first line, too.
            let is_there = request.uri().authority().is_none_or(|authority| is_ours(authority.as_str()));
            if is_there && host.is_some_and(is_ours) {
                return next.run(request).await;
            }
            let id = Uuid::now_v7().to_string();
            let accepted = hosts.join(", ");
            let problem =
                Problem::new(Code::ForeignOrigin, format!("the Host of a request must be one of {accepted}"));
            complete(problem.into_response(), &id)
        }
    };
    router.layer(from_fn(check))
}

/// Gives every request an id, refuses pages of other origins, and completes problems.
pub(crate) fn framed(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn(frame))
}

async fn frame(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let span = tracing::info_span!("request", request = %id, method = %request.method());
    if let Some(name) = DECIDING.iter().find(|name| request.headers().get_all(*name).iter().count() > 1) {
        let detail = format!("the header {name} is given several times; accepted: once");
        return complete(Problem::new(Code::Malformed, detail).into_response(), &id);
    }
    if !is_own_origin(request.headers()) {
        let problem =
            Problem::new(Code::ForeignOrigin, "requests of pages from other origins are not accepted");
        return complete(problem.into_response(), &id);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = Instant::now();
    let answer = async {
        let response = next.run(request).await;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), milliseconds, "answered");
        response
    };
    let response = answer.instrument(span).await;
    complete(response, &id)
}

/// Whether the request comes from no page, or from one of the host that it is sent to.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = text(headers, &header::HOST);
    origin.zip(host).is_some_and(|((scheme, authority), host)| {
        // Off this machine, whoever is on its way may have written a page that is not encrypted.
        (scheme == "https" || is_local(headers)) && authority.eq_ignore_ascii_case(host)
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Adds the id, and the body of a problem.
fn complete(mut response: Response, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.body(id);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    // Responses are private to the caller, and never pages.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has printed the location; the message could contain data of the request.
    tracing::error!("a bug aborted the handling of a request");
    Problem::new(Code::Internal, "this is a bug of Ticketsmith; the request's id leads to its log")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn answer(host: &str, origin: Option<&str>, path: &str) -> (StatusCode, serde_json::Value) {
        async fn bug() -> &'static str {
            if true {
                panic!("with a secret");
            }
            ""
        }
        let router = Router::new().route("/", get(|| async { "{}" })).route("/bug", get(bug));
        let hosts = ["127.0.0.1:1", "localhost:1", "tickets.example"].map(str::to_owned);
        let router = only_for(hosts.into(), framed(router));
        let mut request = Request::get(path).header(header::HOST, host);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.headers().contains_key(REQUEST_ID));
        let status = response.status();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn other_hosts_and_origins_are_refused() {
        assert_eq!(answer("127.0.0.1:1", None, "/").await.0, StatusCode::OK);
        assert_eq!(answer("LOCALHOST:1", Some("http://localhost:1"), "/").await.0, StatusCode::OK);
        assert_eq!(answer("tickets.example", Some("https://tickets.example"), "/").await.0, StatusCode::OK);
        for (host, origin) in [
            ("tickets.example", Some("http://tickets.example")),
            ("evil.example", None),
            ("127.0.0.1:2", None),
            ("127.0.0.1", None),
            ("127.0.0.1:1", Some("http://evil.example")),
            ("127.0.0.1:1", Some("null")),
            ("127.0.0.1:1", Some("http://localhost:1")),
        ] {
            let (status, problem) = answer(host, origin, "/").await;
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::FORBIDDEN, &"foreign_origin".into()),
                "{host}"
            );
        }
    }

    #[tokio::test]
    async fn of_two_headers_that_decide_neither_counts() {
        let router = || Router::new().route("/", get(|| async { "{}" }));
        let router = || only_for(["127.0.0.1:1".to_owned()].into(), framed(router()));
        let status = async |uri: &str, headers: &[(&HeaderName, &'static str)]| {
            let mut request = Request::get(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
        };
        let host = (&header::HOST, "127.0.0.1:1");
        assert_eq!(status("/", &[host]).await, StatusCode::OK);
        assert_eq!(status("http://127.0.0.1:1/", &[host]).await, StatusCode::OK);
        assert_eq!(status("http://evil.example/", &[host]).await, StatusCode::FORBIDDEN);
        for (name, value) in [
            (&header::HOST, "evil.example"),
            (&header::ORIGIN, "http://evil.example"),
            (&header::AUTHORIZATION, "Bearer other"),
            (&header::CONTENT_TYPE, "text/plain"),
        ] {
            let own = match name == header::ORIGIN {
                true => "http://127.0.0.1:1",
                false => host.1,
            };
            let mut headers = vec![host, (name, own), (name, value)];
            headers.dedup();
            assert_eq!(status("/", &headers).await, StatusCode::BAD_REQUEST, "{name}");
        }
    }

    #[tokio::test]
    async fn a_bug_is_a_problem_that_says_nothing() {
        let (status, problem) = answer("localhost:1", None, "/bug").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }
}
