//! The API's clients.

use crate::elsewhere::Discoveries;
use crate::identity::{self, Identify, Keys};
use crate::socket_places::SocketPlaces;
use crate::socket_tickets::SocketTickets;
use control::Control;
use domain::{ActionError, Clock};
use records::Table;
use runtime::{News, Secrets, Services};
use std::sync::Arc;

/// Where the API is.
pub(crate) const BASE: &str = "/api/v1";

/// How many sockets are open at most.
const MOST_SOCKETS: usize = 1_024;

/// How many of them one person has at most.
const MOST_SOCKETS_OF_ONE: usize = 64;

/// The API, with the clients that it uses.
pub struct Api {
    pub(crate) table: Table,
    pub(crate) control: Control,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) identity: Vec<Box<dyn Identify>>,
    /// Announces executions with news, if the installation supports it.
    pub(crate) news: Option<News>,
    /// What the provider of OpenID Connect says about itself.
    pub(crate) discoveries: Discoveries,
    pub(crate) tickets: SocketTickets,
    pub(crate) sockets: SocketPlaces,
    /// Where an account's gateway opens sockets: `wss://…`.
    pub(crate) gateway: Option<String>,
}

/// What handlers are given.
pub(crate) type Shared = Arc<Api>;

impl Api {
    /// The API with these clients, whose timeouts are the caller's. `state_machine_arn_prefix` is as in [`Services::new`].
    pub fn new(
        table: Table,
        step_functions: aws_sdk_sfn::Client,
        state_machine_arn_prefix: impl Into<String>,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let keys = Arc::new(Keys::new(secrets, sign_in::secret_name(table.name())));
        let control =
            Control::new(table.clone(), step_functions, state_machine_arn_prefix, Arc::clone(&clock));
        let identity = identity::all(&table, &clock, &keys);
        let sockets = SocketPlaces::new(MOST_SOCKETS, MOST_SOCKETS_OF_ONE);
        let tickets = SocketTickets::default();
        let discoveries = Discoveries::default();
        Self {
            table,
            control,
            clock,
            keys,
            identity,
            news: None,
            discoveries,
            tickets,
            sockets,
            gateway: None,
        }
    }

    /// The same, with announcements of executions with news: it pushes their frames over sockets.
    pub fn with_news(self, news: Option<News>) -> Self {
        Self { news, ..self }
    }

    /// The same, with an account's gateway for sockets at this address (`https://…`): tickets are for it.
    pub fn with_gateway(self, url: Option<&str>) -> Self {
        // `http` means no encryption: on this machine.
        Self { gateway: url.map(|url| url.replacen("http", "ws", 1)), ..self }
    }

    /// The API with a function's services.
    ///
    /// # Errors
    /// `Internal` without the prefix of state machines.
    pub(crate) fn connect(services: &Services) -> Result<Self, ActionError> {
        Ok(Self::new(
            services.table(),
            services.step_functions(),
            services.state_machine_arn_prefix()?,
            services.secrets(),
            services.clock(),
        )
        .with_news(services.news())
        .with_gateway(services.sockets_url()))
    }
}
