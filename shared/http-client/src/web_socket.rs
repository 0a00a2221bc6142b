//! Connections on which a service sends when it has something to say: [WebSocket](https://www.rfc-editor.org/rfc/rfc6455), as a client.

use crate::inner::is_local;
use domain::ActionError;
use futures::{SinkExt, StreamExt};
use rustls_platform_verifier::BuilderVerifierExt;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto::aws_lc_rs};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

/// How long the connection, its encryption and its beginning may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long sending one of our messages may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest accepted message, in bytes.
const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// What came over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text.
    Text(String),
    /// The service closed the connection, with this code if it gave one.
    Closed(Option<u16>),
    /// Nothing, in the time given.
    Nothing,
}

trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// An open connection. It goes past every proxy. Dropping it ends it without a word: the service is not told that it was meant.
pub struct WebSocket {
    service: &'static str,
    stream: WebSocketStream<Box<dyn Transport>>,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebSocket").field("service", &self.service).finish_non_exhaustive()
    }
}

impl WebSocket {
    /// Opens a connection to an address, which is never shown: it may contain a ticket. `service` is the service's name for errors.
    ///
    /// # Errors
    /// `Rejected` when the address is not `wss`, or `ws` on this machine, or is refused; `Unavailable` when it cannot be reached in ten
    /// seconds.
    pub async fn connect(service: &'static str, address: &str) -> Result<Self, ActionError> {
        let opened = timeout(CONNECT_TIMEOUT, open(service, address)).await;
        opened.unwrap_or_else(|_| {
            let seconds = CONNECT_TIMEOUT.as_secs();
            Err(ActionError::unavailable(format!("{service}: no connection within {seconds} seconds")))
        })
    }

    /// The next text; `None` when the service has closed the connection.
    ///
    /// # Errors
    /// `Unavailable` when the connection broke, or nothing came within this time: not even a sign of life.
    pub async fn next(&mut self, within: Duration) -> Result<Option<String>, ActionError> {
        loop {
            match self.frame(within).await? {
                Some(Incoming::Text(text)) => return Ok(Some(text)),
                Some(Incoming::Closed(_)) => return Ok(None),
                Some(Incoming::Nothing) => {
                    let (service, seconds) = (self.service, within.as_secs());
                    let message = format!("{service}: nothing came within {seconds} seconds");
                    return Err(ActionError::unavailable(message));
                }
                // A sign of life.
                None => {}
            }
        }
    }

    /// What comes next, for protocols with signs of life of their own: those of WebSocket do not prolong the time.
    ///
    /// # Errors
    /// `Unavailable` when the connection broke.
    pub async fn receive(&mut self, within: Duration) -> Result<Incoming, ActionError> {
        let until = Instant::now() + within;
        loop {
            if let Some(incoming) = self.frame(until.saturating_duration_since(Instant::now())).await? {
                return Ok(incoming);
            }
        }
    }

    /// The next frame; `None` for one without content. Pings are answered automatically.
    async fn frame(&mut self, within: Duration) -> Result<Option<Incoming>, ActionError> {
        let Ok(message) = timeout(within, self.stream.next()).await else {
            return Ok(Some(Incoming::Nothing));
        };
        Ok(match message {
            Some(Ok(Message::Text(text))) => Some(Incoming::Text(text.as_str().to_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => None,
            Some(Ok(Message::Close(frame))) => {
                Some(Incoming::Closed(frame.map(|frame| u16::from(frame.code))))
            }
            None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => Some(Incoming::Closed(None)),
            Some(Err(error)) => return Err(self.broken(&error)),
        })
    }

    /// Sends a text.
    ///
    /// # Errors
    /// `Unavailable` if it is not sent within ten seconds.
    pub async fn send(&mut self, text: String) -> Result<(), ActionError> {
        match timeout(SEND_TIMEOUT, self.stream.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => {
                Err(ActionError::unavailable(format!("{}: the connection takes nothing", self.service)))
            }
        }
    }

    fn broken(&self, error: &Error) -> ActionError {
        ActionError::unavailable(format!("{}: the connection broke: {error}", self.service))
    }
}

async fn open(service: &'static str, address: &str) -> Result<WebSocket, ActionError> {
    let url = checked(address).map_err(|problem| ActionError::rejected(format!("{service}: {problem}")))?;
    let unreachable = |error: std::io::Error| {
        ActionError::unavailable(format!("{service}: the connection failed: {}", error.kind()))
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let plain = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
    let stream: Box<dyn Transport> = match url.scheme() {
        "wss" => {
            let name = ServerName::try_from(host)
                .map_err(|_| ActionError::rejected(format!("{service}: the host has no name to verify")))?;
            Box::new(encryption()?.connect(name, plain).await.map_err(unreachable)?)
        }
        _ => Box::new(plain),
    };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    match client_async_with_config(url.as_str(), stream, Some(limits)).await {
        Ok((stream, _)) => Ok(WebSocket { service, stream }),
        Err(Error::Http(answer)) => {
            let status = answer.status();
            let refused = format!("{service}: the connection was refused with {status}");
            Err(match status.is_client_error() && status.as_u16() != 429 {
                true => ActionError::rejected(refused),
                false => ActionError::unavailable(refused),
            })
        }
        Err(error) => Err(ActionError::unavailable(format!("{service}: the connection failed: {error}"))),
    }
}

/// Reads an address.
fn checked(address: &str) -> Result<Url, &'static str> {
    let url = Url::parse(address).map_err(|_| "the address cannot be read")?;
    match url.scheme() {
        "wss" => Ok(url),
        "ws" if is_local(&url) => Ok(url),
        _ => Err("the address is neither wss nor ws on this machine"),
    }
}

fn encryption() -> Result<TlsConnector, ActionError> {
    let cannot =
        |error: tokio_rustls::rustls::Error| ActionError::internal(format!("TLS cannot be set up: {error}"));
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(cannot)?
        .with_platform_verifier()
        .map_err(cannot)?
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;

    /// Where a server answers one connection with what it is sent, and closes it then.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}/link?ticket=hunter2", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let text = socket.next().await.unwrap().unwrap();
            socket.send(text).await.unwrap();
            socket.close(None).await.unwrap();
            while socket.next().await.is_some() {}
        });
        address
    }

    #[tokio::test]
    async fn texts_come_and_go_until_the_service_closes() {
        let within = Duration::from_secs(10);
        let mut socket = WebSocket::connect("Echo", &echo().await).await.unwrap();
        socket.send("hello".to_owned()).await.unwrap();
        assert_eq!(socket.next(within).await.unwrap().as_deref(), Some("hello"));
        assert_eq!(socket.next(within).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_code_says_why_the_service_closed_and_silence_is_none() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}/", listener.local_addr().unwrap());
        let (closes, closing) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            socket.send(Message::Ping("alive".into())).await.unwrap();
            closing.await.unwrap();
            let frame = CloseFrame { code: 4014_u16.into(), reason: "".into() };
            socket.close(Some(frame)).await.unwrap();
            while socket.next().await.is_some() {}
        });
        let mut socket = WebSocket::connect("Chat", &address).await.unwrap();
        assert_eq!(socket.receive(Duration::ZERO).await.unwrap(), Incoming::Nothing);
        closes.send(()).unwrap();
        let within = Duration::from_secs(10);
        assert_eq!(socket.receive(within).await.unwrap(), Incoming::Closed(Some(4014)));
        assert_eq!(socket.receive(within).await.unwrap(), Incoming::Closed(None));
    }

    #[tokio::test]
    async fn only_encrypted_or_local_addresses_and_none_is_shown() {
        for address in ["ws://a.example/?ticket=hunter2", "https://a.example/hunter2", "hunter2"] {
            let error = WebSocket::connect("Chat", address).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Rejected, "{address}");
            assert!(error.message.starts_with("Chat: ") && !error.message.contains("hunter2"), "{error}");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}/hunter2", listener.local_addr().unwrap());
        drop(listener);
        let error = WebSocket::connect("Chat", &address).await.unwrap_err();
        assert!(error.kind == ErrorKind::Unavailable && !error.message.contains("hunter2"), "{error}");
    }
}
