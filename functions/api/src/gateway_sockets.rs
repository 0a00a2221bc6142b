//! The function behind an account's gateway for sockets: it admits readers with a ticket, records what they follow, and removes those who have
//! left. It can see nothing else: `events` checks whether a reader may see what they follow, and sends it.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html>

use crate::socket_tickets::digest;
use crate::wanted::Wanted;
use async_trait::async_trait;
use axum::http::StatusCode;
use domain::{ActionError, Clock};
use records::{OpenSocket, Table};
use runtime::{Function, Services};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lets readers in.
pub struct GatewaySockets {
    table: Table,
    clock: Arc<dyn Clock>,
}

/// The gateway's payload.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    request_context: Context,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    event_type: EventType,
    connection_id: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum EventType {
    Connect,
    Disconnect,
    Message,
}

impl GatewaySockets {
    /// With this table and clock.
    pub fn new(table: Table, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock }
    }

    pub(crate) fn connect(services: &Services) -> Self {
        Self::new(services.table(), services.clock())
    }

    /// Whether a socket is opened, as the status that the gateway answers its request with.
    async fn open(&self, invocation: &Invocation) -> Result<StatusCode, ActionError> {
        let now = self.clock.now();
        let Some(wanted) = invocation.wanted() else { return Ok(StatusCode::BAD_REQUEST) };
        let Some(following) = wanted.following(now) else { return Ok(StatusCode::BAD_REQUEST) };
        let Some(ticket) = self.table.use_socket_ticket(&hex::encode(digest(&wanted.ticket)), now).await?
        else {
            return Ok(StatusCode::UNAUTHORIZED);
        };
        if !invocation.is_from(ticket.host.as_deref()) {
            return Ok(StatusCode::FORBIDDEN);
        }
        let socket = OpenSocket {
            id: invocation.request_context.connection_id.clone(),
            holder: ticket.holder,
            execution: wanted.execution.clone(),
            project: wanted.project.clone(),
            opened_at: now,
        };
        self.table.open_socket(&socket, following.last().clone()).await?;
        Ok(StatusCode::OK)
    }

    async fn forget(&self, connection: &str) -> Result<(), ActionError> {
        if let Some(socket) = self.table.socket_of_connection(connection).await? {
            self.table.close_socket(&socket).await?;
        }
        Ok(())
    }
}

impl Invocation {
    /// What to follow, parsed as strictly as in `serve`.
    fn wanted(&self) -> Option<Wanted> {
        let query = self.multi_value_query_string_parameters.as_ref()?;
        let pairs: Vec<(&str, &str)> = query
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.as_str())))
            .collect();
        serde_urlencoded::from_str(&serde_urlencoded::to_string(pairs).ok()?).ok()
    }

    /// Whether it comes from no page, or from one of the host that gave the ticket.
    fn is_from(&self, host: Option<&str>) -> bool {
        let mut headers = self.headers.iter().flatten();
        let Some((_, origin)) = headers.find(|(name, _)| name.eq_ignore_ascii_case("origin")) else {
            return true;
        };
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
    }
}

#[async_trait]
impl Function for GatewaySockets {
    async fn invoke(&self, document: Value) -> Result<Value, ActionError> {
        let invocation: Invocation = serde_json::from_value(document).map_err(|error| {
            ActionError::internal(format!("the invocation does not come from a gateway for sockets: {error}"))
        })?;
        let status = match invocation.request_context.event_type {
            EventType::Connect => self.open(&invocation).await?,
            EventType::Disconnect => {
                self.forget(&invocation.request_context.connection_id).await?;
                StatusCode::OK
            }
            // Nothing is asked over a socket.
            EventType::Message => StatusCode::OK,
        };
        tracing::info!(event = ?invocation.request_context.event_type, status = status.as_u16(), "a socket");
        Ok(json!({ "statusCode": status.as_u16() }))
    }
}
