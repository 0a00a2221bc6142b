//! Cassettes: between Ticketsmith and a model's provider, each request and its reply are stored, without any credential.

use crate::exit::{Exit, Outcome};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use http_body::{Frame, SizeHint};
use http_client::{NO_CONNECTION, check_base_url, redact};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// No request to a model is larger, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// How often a connection is tried, and how long is waited in between.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// The headers that a cassette shows. Others may hold credentials, whatever they are called.
const SHOWN: [&str; 2] = ["content-type", "retry-after"];
/// How the names of other headers end that it shows.
const SHOWN_ENDS: [&str; 3] = ["-version", "-beta", "request-id"];

/// Headers that belong to a connection, not to the message.
const OF_CONNECTIONS: [&str; 6] =
    ["connection", "content-length", "host", "te", "transfer-encoding", "upgrade"];

/// Makes the folder of the cassettes.
///
/// # Errors
/// Usage for a folder that is not empty or cannot be created.
pub(super) fn make(folder: &Path) -> Outcome {
    let wrong = |what: String| Exit::usage(format!("--record {}: {what}", folder.display()));
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(wrong("it is not empty; accepted: a new or empty folder".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_private(folder).map_err(|error| wrong(error.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Listens on this machine and passes everything on.
pub(super) struct Recorder {
    url: String,
    desk: Arc<Desk>,
    _tasks: JoinSet<()>,
}

/// Where requests go and cassettes are written.
struct Desk {
    base_url: String,
    key: SecretString,
    client: reqwest::Client,
    folder: PathBuf,
    state: Mutex<Recorded>,
}

/// The current cassette.
#[derive(Default)]
struct Recorded {
    /// The folder of the task.
    folder: PathBuf,
    /// How many requests it has made.
    count: u32,
    /// Why the last cassette could not be written.
    problem: Option<String>,
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
            key: key.into(),
            client,
            folder: folder.to_owned(),
            state: Mutex::default(),
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

    /// Begins the cassettes of a task, in a folder of its name.
    ///
    /// # Errors
    /// Unreachable when the folder cannot be made.
    pub(super) fn begin(&self, task: &str) -> Outcome {
        let folder = self.desk.folder.join(task);
        make_private(&folder).map_err(|error| Exit::unreachable(format!("{}: {error}", folder.display())))?;
        *self.desk.state() = Recorded { folder, ..Recorded::default() };
        Ok(())
    }

    /// Why a cassette could not be written.
    pub(super) fn problem(&self) -> Option<String> {
        self.desk.state().problem.clone()
    }
}

impl Desk {
    fn state(&self) -> std::sync::MutexGuard<'_, Recorded> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the next cassette.
    fn next(&self) -> PathBuf {
        let mut state = self.state();
        state.count += 1;
        state.folder.join(format!("{:04}.json", state.count))
    }

    fn redacted(&self, text: &str) -> String {
        redact(text, [self.key.expose_secret()])
    }

    /// The headers that are kept, by name.
    fn shown(&self, headers: &HeaderMap) -> Value {
        let is_shown = |name: &str| SHOWN.contains(&name) || SHOWN_ENDS.iter().any(|end| name.ends_with(end));
        let shown = headers.iter().filter(|(name, _)| is_shown(name.as_str()));
        shown
            .map(|(name, value)| {
                let value = self.redacted(&String::from_utf8_lossy(value.as_bytes()));
                (name.as_str().to_owned(), value.into())
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn write(&self, path: &Path, cassette: &Value) {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(path).and_then(|mut file| writeln!(file, "{cassette:#}"));
        if let Err(error) = written {
            self.state().problem = Some(format!("{} cannot be written: {error}", path.display()));
        }
    }
}

/// Sends a request on, and its reply back, piece by piece as it comes.
async fn pass_on(State(desk): State<Arc<Desk>>, request: Request) -> axum::response::Response {
    let path = desk.next();
    let (head, body) = request.into_parts();
    let refused = |status: StatusCode, message: String| (status, message).into_response();
    let body = match axum::body::to_bytes(body, MOST).await {
        Ok(body) => body,
        Err(error) => return refused(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut tape = Tape {
        path,
        cassette: json!({
            "at": Timestamp::now().to_string(),
            "request": {
                "method": head.method.as_str(),
                "path": desk.redacted(target),
                "headers": desk.shown(&head.headers),
                "body": desk.redacted(&String::from_utf8_lossy(&body)),
            },
        }),
        reply: Vec::new(),
        is_written: false,
        desk: Arc::clone(&desk),
    };
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
            let reason = desk.redacted(&error.without_url().to_string());
            tape.cassette["error"] = reason.as_str().into();
            return match was_sent {
                true => refused(StatusCode::BAD_GATEWAY, reason),
                // A refusal, so that nothing is booked for what has not left.
                false => refused(StatusCode::MISDIRECTED_REQUEST, format!("{NO_CONNECTION}: {reason}")),
            };
        }
    };
    let (head, body) = Response::<reqwest::Body>::from(response).into_parts();
    let headers = desk.shown(&head.headers);
    tape.cassette["response"] = json!({ "status": head.status.as_u16(), "headers": headers });
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

/// One cassette. It is written before the last part of the reply is forwarded, or when the client stops reading.
struct Tape {
    path: PathBuf,
    cassette: Value,
    reply: Vec<u8>,
    is_written: bool,
    desk: Arc<Desk>,
}

impl Tape {
    fn end(&mut self, is_whole: bool) {
        if std::mem::replace(&mut self.is_written, true) {
            return;
        }
        if let Some(response) = self.cassette.get_mut("response") {
            response["body"] = self.desk.redacted(&String::from_utf8_lossy(&self.reply)).into();
            response["is_whole"] = is_whole.into();
        }
        self.desk.write(&self.path, &self.cassette);
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.end(false);
    }
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
                if let Some(data) = frame.data_ref() {
                    self.tape.reply.extend_from_slice(data);
                }
                // A client that has the last part does not poll again.
                if self.body.is_end_stream() || self.length == Some(self.tape.reply.len() as u64) {
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
    use super::*;
    use axum::routing::post;

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
        recorder.begin("one").unwrap();
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
        recorder.begin("one").unwrap();
        let (status, said) = ask(&recorder).await;
        assert!(status == 421 && said.starts_with(NO_CONNECTION), "{status}: {said}");
        let written = fs::read_to_string(place.path().join("one/0001.json")).unwrap();
        let cassette: Value = serde_json::from_str(&written).unwrap();
        assert!(cassette["error"].is_string() && cassette["response"].is_null(), "{written}");
    }
}
