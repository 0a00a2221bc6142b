//! How a [`Client`](crate::Client) connects.

use crate::gate::Gate;
use crate::pause::{Pause, SystemPause};
use domain::{ActionError, Clock, SystemClock};
use reqwest::header::HeaderMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// The connection timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What clients of different providers have in common. Clients made from clones share their connections.
#[derive(Clone)]
pub struct Options {
    /// For `https`. Made when first needed: reading the machine's root certificates takes milliseconds of a function's start.
    transport: Arc<OnceLock<Result<reqwest::Client, ActionError>>>,
    /// For `http`, which is allowed on this machine only: past every proxy.
    local: reqwest::Client,
    pub(crate) gate: Option<Arc<dyn Gate>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pause: Arc<dyn Pause>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) section: Option<Arc<str>>,
    pub(crate) observer: Option<Observer>,
}

/// Sees the headers of every answer.
pub type Observer = Arc<dyn Fn(&HeaderMap) + Send + Sync>;

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("ticketsmith/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ActionError> {
    builder.build().map_err(|error| ActionError::internal(format!("TLS cannot be set up: {error}")))
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("gated", &self.gate.is_some())
            .field("clock", &self.clock)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The system's clock, no gate, the provider's own request timeout, five seconds to connect. The environment's proxy
    /// settings are honored for `https`.
    ///
    /// # Errors
    /// `Internal` when no connections can be made at all.
    pub fn new() -> Result<Self, ActionError> {
        Ok(Self {
            transport: Arc::default(),
            // Without TLS, certificates are not needed.
            local: build(builder().no_proxy().tls_certs_only([]))?,
            gate: None,
            clock: Arc::new(SystemClock),
            pause: Arc::new(SystemPause),
            request_timeout: None,
            section: None,
            observer: None,
        })
    }

    /// The connection pool for this address.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub(crate) fn transport(&self, to: &Url) -> Result<&reqwest::Client, ActionError> {
        if to.scheme() == "http" {
            return Ok(&self.local);
        }
        self.transport.get_or_init(|| build(builder())).as_ref().map_err(ActionError::clone)
    }

    /// Awaits this gate before each request.
    pub fn gate(self, gate: Arc<dyn Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// Reads the time from this clock.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Waits this way before a request is sent again.
    pub fn pause(self, pause: Arc<dyn Pause>) -> Self {
        Self { pause, ..self }
    }

    /// Names this section of the configuration, `plugins.jira`, in errors about settings.
    pub fn section(self, section: &str) -> Self {
        Self { section: Some(section.into()), ..self }
    }

    /// Shows the headers of every answer to this function, refusals included.
    pub fn observer(self, observer: Observer) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Gives every request this long, from its first byte out to its last byte in, instead of the provider's default.
    pub fn request_timeout(self, timeout: Duration) -> Self {
        Self { request_timeout: Some(timeout), ..self }
    }
}
