//! Addresses and the services on them, over HTTP/1 only: a connection has one request at a time.

use super::connections::{Connections, Place};
use crate::exit::{Exit, Outcome};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// The most that a request's line and headers may take, in bytes.
const HEADERS: usize = 16 * 1024;

/// How long the headers of a stranger's request may take, counted from the opening of the connection or from the answer before them.
const STRANGERS_TIME: Duration = Duration::from_secs(10);

/// The same for senders that were answered with success, such as our own functions, whose client closes idle connections after 90 seconds.
const TIME: Duration = Duration::from_secs(120);

/// How long to wait when no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// How often it is said that none can.
const SAID: Duration = Duration::from_secs(60);

/// Listens on an address; port 0 picks a free one.
///
/// # Errors
/// Unreachable when the address cannot be had.
pub(crate) async fn bind(address: SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| not_to_be_had(address, &error))
}

/// Makes sure that addresses can be listened on at the same time, before there is anything to clean up. Each comes with the option that names it.
///
/// # Errors
/// Usage for an address that is named twice; unreachable when one cannot be had.
pub(crate) fn check_free(addresses: &[(&str, SocketAddr)]) -> Outcome {
    let mut held = Vec::new();
    for (place, (option, address)) in addresses.iter().enumerate() {
        let is_same = |(_, other): &&(&str, SocketAddr)| other == address && address.port() != 0;
        if let Some((other, _)) = addresses[..place].iter().find(is_same) {
            return Err(Exit::usage(format!(
                "{other} and {option} both name {address}; give each a port of its own"
            )));
        }
        let listener =
            std::net::TcpListener::bind(address).map_err(|error| not_to_be_had(*address, &error))?;
        held.push(listener);
    }
    Ok(())
}

fn not_to_be_had(address: SocketAddr, error: &std::io::Error) -> Exit {
    Exit::unreachable(format!("cannot listen on {address}: {error}"))
}

/// Where a listener is reached: `http://127.0.0.1:PORT`.
///
/// # Errors
/// Unreachable when the listener has no address.
pub(crate) fn url_of(listener: &TcpListener) -> Outcome<String> {
    let address = listener.local_addr().map_err(Exit::unreachable)?;
    Ok(format!("http://{address}"))
}

/// The names by which a listener on loopback is reached from this machine.
///
/// # Errors
/// Unreachable when the listener has no address.
pub(crate) fn hosts_of(listener: &TcpListener) -> Outcome<Arc<[String]>> {
    let address = listener.local_addr().map_err(Exit::unreachable)?;
    Ok([address.to_string(), format!("localhost:{}", address.port())].into())
}

/// Serves a router to ourselves, as one of the tasks.
pub(crate) fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: Router) {
    tasks.spawn(accept(listener, router, Connections::new(usize::MAX, usize::MAX), [TIME; 2]));
}

/// Serves a router to strangers, as one of the tasks. At most a quarter of the files that the process may have open are connections of
/// theirs, and half of those per address.
pub(crate) fn serve_strangers(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    router: Router,
    descriptors: usize,
) {
    let most = (descriptors / 4).clamp(32, 2048);
    tasks.spawn(accept(listener, router, Connections::new(most, most / 2), [STRANGERS_TIME, TIME]));
}

async fn accept(listener: TcpListener, router: Router, connections: Arc<Connections>, times: [Duration; 2]) {
    let mut open = JoinSet::new();
    let mut said: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without a place the stream is dropped, which closes it.
                if let Some(place) = connections.admit(peer.ip()) {
                    open.spawn(serve_one(stream, router.clone(), place, times));
                }
            }
            Err(error) => {
                if said.is_none_or(|said| said.elapsed() > SAID) {
                    tracing::error!(%error, "a connection cannot be accepted; others are closed to make place");
                    said = Some(Instant::now());
                }
                connections.make_place();
                tokio::time::sleep(PAUSE).await;
            }
        }
        while open.try_join_next().is_some() {}
    }
}

/// Serves one connection. The times are those that headers of a stranger and of others may take.
async fn serve_one(stream: TcpStream, router: Router, place: Place, [strangers, others]: [Duration; 2]) {
    // Responses are small and must not wait for more data; an address that is already gone fails later.
    let _gone = stream.set_nodelay(true);
    let place = Arc::new(place);
    let answer = service_fn(|request: Request<Incoming>| {
        let (router, place) = (router.clone(), Arc::clone(&place));
        async move {
            place.begin_request();
            let request = request.map(|body| Body::new(Arriving::new(body, Arc::clone(&place))));
            let response = router.oneshot(request).await;
            let with_success = response.as_ref().is_ok_and(|response| response.status().is_success());
            place.end_work(with_success);
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(others)
        .max_buf_size(HEADERS)
        .serve_connection(TokioIo::new(stream), answer)
        // A socket is then its own handler's.
        .with_upgrades();
    tokio::select! {
        // Whatever ended it, the sender notices it too.
        _ = connection => {}
        () = place.closed() => {}
        () = place.silent_for(strangers) => {}
    }
}

/// A request's body, at whose end its connection is at work.
struct Arriving {
    body: Incoming,
    place: Arc<Place>,
}

impl Arriving {
    fn new(body: Incoming, place: Arc<Place>) -> Self {
        if body.is_end_stream() {
            place.begin_work();
        }
        Self { body, place }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.place.begin_work();
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A listener for so many connections, with the times that headers may take; where it listens.
    async fn listening(most: usize, of_one: usize, times: [Duration; 2]) -> (SocketAddr, JoinSet<()>) {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(|body: Bytes| async move { body.len().to_string() }));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, router, Connections::new(most, of_one), times));
        (address, tasks)
    }

    async fn sent(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    const HALF: &str = "POST / HTTP/1.1\r\nhost: x\r\n";
    const WHOLE: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc";

    /// What comes until the server closes, in whatever way.
    async fn answer(mut stream: TcpStream) -> String {
        let (mut answer, mut part) = (Vec::new(), [0; 1024]);
        while let Ok(length @ 1..) = stream.read(&mut part).await {
            answer.extend_from_slice(&part[..length]);
        }
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn half_open_connections_make_place_for_a_delivery() {
        let (address, _tasks) = listening(8, 4, [TIME; 2]).await;
        let mut half_open = Vec::new();
        for _ in 0..100 {
            half_open.push(sent(address, HALF).await);
            half_open.push(sent(address, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc").await);
        }
        let answer = answer(sent(address, WHOLE).await).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n3"), "{answer}");
        let mut byte = [0];
        let first = half_open[0].read(&mut byte).await;
        assert!(matches!(first, Ok(0) | Err(_)), "the oldest is closed");
    }

    /// The next answer to [`WHOLE`], after which the server does not close.
    async fn next_answer(stream: &mut TcpStream) -> String {
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n3") {
            answer.push(char::from(stream.read_u8().await.unwrap()));
        }
        answer
    }

    #[tokio::test]
    async fn headers_and_idle_connections_have_a_time_limit() {
        let short = Duration::from_millis(50);
        let (address, _tasks) = listening(8, 8, [short, TIME]).await;
        let whole = WHOLE.replace("connection: close\r\n", "");
        let mut kept = sent(address, &whole).await;
        assert!(next_answer(&mut kept).await.starts_with("HTTP/1.1 200"));
        let slow = sent(address, HALF).await;
        let silent = sent(address, "").await;
        let refused = sent(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        // Each ends, although its sender does not close it.
        assert_eq!(answer(slow).await, "");
        assert_eq!(answer(silent).await, "");
        assert!(answer(refused).await.starts_with("HTTP/1.1 405"));
        // Who was answered with success, and has been silent for as long, is not closed.
        kept.write_all(whole.as_bytes()).await.unwrap();
        assert!(next_answer(&mut kept).await.starts_with("HTTP/1.1 200"));
        // It has a time limit of its own.
        let (address, _tasks) = listening(8, 8, [short; 2]).await;
        assert!(answer(sent(address, &whole).await).await.ends_with("\r\n\r\n3"));
    }

    #[tokio::test]
    async fn neither_http_2_nor_endless_headers_are_taken() {
        let (address, _tasks) = listening(8, 8, [TIME; 2]).await;
        let http_2 = answer(sent(address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await).await;
        assert!(!http_2.starts_with("HTTP/1.1 200"), "{http_2}");
        let long = format!("{HALF}x: {}", "x".repeat(2 * HEADERS));
        let endless = answer(sent(address, &long).await).await;
        assert!(endless.starts_with("HTTP/1.1 431"), "{endless}");
    }
}
