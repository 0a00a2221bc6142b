//! Stands between Ticketsmith and a model's provider, and records each request and its reply in a cassette.

use super::cassettes::{Cassettes, Tape};
use crate::exit::{Exit, Outcome};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use http_body::{Frame, SizeHint};
use http_client::{NO_CONNECTION, check_base_url};
use jiff::Timestamp;
use serde_json::json;
use std::net::Ipv4Addr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// No request to a model is larger, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// How often a connection is tried.
const ATTEMPTS: u32 = 3;
/// The pause between two attempts: a service that restarts refuses connections for a moment.
const PAUSE: Duration = Duration::from_millis(500);

/// Headers that belong to a connection, not to the message.
const OF_CONNECTIONS: [&str; 6] =
    ["connection", "content-length", "host", "te", "transfer-encoding", "upgrade"];

/// Listens on this machine and passes everything on.
pub(super) struct Recorder {
    url: String,
    desk: Arc<Desk>,
    _tasks: JoinSet<()>,
}

/// Where requests go and cassettes are written.
struct Desk {
    base_url: String,
    client: reqwest::Client,
    cassettes: Arc<Cassettes>,
}

impl Recorder {
    /// Forwards requests for [`url`](Self::url) to `base_url`. The key is in the forwarded requests, but never in a cassette.
    ///
    /// # Errors
    /// Usage for a base URL that cannot be used, unreachable when no port can be had.
    pub(super) async fn start(folder: &Path, base_url: &str, key: &str) -> Outcome<Self> {
        check_base_url(base_url).map_err(|problem| Exit::usage(format!("--base-url {problem}")))?;
        let builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none());
        // Unencrypted addresses are on this machine, and bypass every proxy.
        let builder = if base_url.starts_with("https:") { builder } else { builder.no_proxy() };
        let client = builder.build().map_err(Exit::unreachable)?;
        let desk = Arc::new(Desk {
            base_url: base_url.trim_end_matches('/').to_owned(),
            client,
            cassettes: Arc::new(Cassettes::new(folder, key)),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Exit::unreachable)?;
        let url = format!("http://{}", listener.local_addr().map_err(Exit::unreachable)?);
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&desk));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "recording has stopped");
            }
        });
        Ok(Self { url, desk, _tasks: tasks })
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Where it records.
    pub(super) fn cassettes(&self) -> &Cassettes {
        &self.desk.cassettes
    }
}

/// Sends a request on, and its reply back, piece by piece as it comes.
async fn pass_on(State(desk): State<Arc<Desk>>, request: Request) -> axum::response::Response {
    let cassettes = &desk.cassettes;
    let path = cassettes.next();
    let (head, body) = request.into_parts();
    let refused = |status: StatusCode, message: String| (status, message).into_response();
    let body = match axum::body::to_bytes(body, MOST).await {
        Ok(body) => body,
        Err(error) => return refused(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let asked = json!({
        "at": Timestamp::now().to_string(),
        "request": {
            "method": head.method.as_str(),
            "path": cassettes.redacted(target),
            "headers": cassettes.shown(&head.headers),
            "body": cassettes.redacted(&String::from_utf8_lossy(&body)),
        },
    });
    let mut tape = Tape::new(Arc::clone(cassettes), path, asked);
    let url = format!("{}{target}", desk.base_url);
    let mut attempts = 0;
    let sent = loop {
        let request = desk.client.request(head.method.clone(), &url).headers(of_ends(&head.headers));
        let sent = request.body(body.clone()).send().await;
        attempts += 1;
        if attempts == ATTEMPTS || !sent.as_ref().is_err_and(reqwest::Error::is_connect) {
            break sent;
        }
        tokio::time::sleep(PAUSE).await;
    };
    let response = match sent {
        Ok(response) => response,
        Err(error) => {
            let was_sent = !error.is_connect();
            let reason = cassettes.redacted(&error.without_url().to_string());
            tape.note("error", reason.as_str());
            return match was_sent {
                true => refused(StatusCode::BAD_GATEWAY, reason),
                // A refusal, so that nothing is booked for what has not left.
                false => refused(StatusCode::MISDIRECTED_REQUEST, format!("{NO_CONNECTION}: {reason}")),
            };
        }
    };
    let (head, body) = Response::<reqwest::Body>::from(response).into_parts();
    let headers = cassettes.shown(&head.headers);
    tape.note("response", json!({ "status": head.status.as_u16(), "headers": headers }));
    let length = body.size_hint().exact();
    let mut response = Response::new(Body::new(Taped { body, length, tape }));
    *response.status_mut() = head.status;
    *response.headers_mut() = of_ends(&head.headers);
    response
}

/// The end-to-end headers, without those of a connection.
fn of_ends(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in OF_CONNECTIONS {
        headers.remove(name);
    }
    headers
}

/// A reply that is recorded while it is forwarded.
struct Taped {
    body: reqwest::Body,
    /// How long it is, if that was said.
    length: Option<u64>,
    tape: Tape,
}

impl HttpBody for Taped {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                let taken = self.tape.take(frame.data_ref().map_or(&[], |data| data));
                // A client that has the last part does not poll again.
                if self.body.is_end_stream() || self.length == Some(taken) {
                    self.tape.end(true);
                }
            }
            Some(Err(_)) => {}
            None => self.tape.end(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::super::cassettes::make;
    use super::*;
    use axum::routing::post;
    use serde_json::Value;
    use std::fs;

    const KEY: &str = "sk-very-secret-0123456789";

    /// A service that repeats what it was sent, and tells the key.
    async fn service() -> (String, JoinSet<()>) {
        let answer = |headers: HeaderMap, body: String| async move {
            let key = headers["x-api-key"].to_str().unwrap().to_owned();
            let shown = [("x-request-id", "r-1".to_owned()), ("set-cookie", key.clone())];
            (StatusCode::CREATED, shown, format!("{body} {key}"))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        let router = Router::new().route("/v1/messages", post(answer));
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (url, tasks)
    }

    async fn ask(recorder: &Recorder) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client
            .post(format!("{}/messages?key={KEY}", recorder.url()))
            .header("x-api-key", KEY)
            .header("authorization", format!("Bearer {KEY}"))
            .header("a-version", "2")
            .body(format!("{{\"z\": 1, \"a\": \"é {KEY}\"}}"));
        let response = asked.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    #[tokio::test]
    async fn a_cassette_has_everything_but_credentials() {
        let (url, _service) = service().await;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cassettes");
        make(&folder).unwrap();
        let recorder = Recorder::start(&folder, &format!("{url}/v1/"), KEY).await.unwrap();
        recorder.cassettes().begin("one").unwrap();
        let (status, text) = ask(&recorder).await;
        let sent = format!("{{\"z\": 1, \"a\": \"é {KEY}\"}}");
        assert_eq!((status, text), (201, format!("{sent} {KEY}")), "what passes is as it was");
        let path = folder.join("one/0001.json");
        let written = fs::read_to_string(&path).unwrap();
        assert!(!written.contains(KEY), "{written}");
        let cassette: Value = serde_json::from_str(&written).unwrap();
        let shown = sent.replace(KEY, "[redacted]");
        assert_eq!(cassette["request"]["body"], shown, "byte for byte but for the key");
        assert_eq!(cassette["request"]["path"], "/messages?key=[redacted]");
        assert_eq!(cassette["request"]["headers"], json!({ "a-version": "2" }));
        assert_eq!(
            cassette["response"],
            json!({
                "status": 201, "body": format!("{shown} [redacted]"), "is_whole": true,
                "headers": { "content-type": "text/plain; charset=utf-8", "x-request-id": "r-1" },
            })
        );
        #[cfg(unix)]
        for (path, mode) in [(&folder, 0o700), (&folder.join("one"), 0o700), (&path, 0o600)] {
            let found = fs::metadata(path).unwrap().permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&found) & 0o777, mode, "{}", path.display());
        }
        assert!(
            make(&folder)
                .unwrap_err()
                .to_string()
                .ends_with("it is not empty; accepted: a new or empty folder")
        );
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_recorded_too() {
        let place = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let recorder = Recorder::start(place.path(), &url, KEY).await.unwrap();
        recorder.cassettes().begin("one").unwrap();
        let (status, said) = ask(&recorder).await;
        assert!(status == 421 && said.starts_with(NO_CONNECTION), "{status}: {said}");
        let written = fs::read_to_string(place.path().join("one/0001.json")).unwrap();
        let cassette: Value = serde_json::from_str(&written).unwrap();
        assert!(cassette["error"].is_string() && cassette["response"].is_null(), "{written}");
    }
}
