//! `/events/tickets`: tickets that open sockets.

use crate::api::Shared;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::identity::Credential;
use crate::problem::{Code, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::OfOne;
use crate::socket_tickets::{LIFE, digest, new_text};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use axum::response::Json;
use jiff::Timestamp;
use records::{SocketHolder, SocketTicket};
use serde::Serialize;
use sign_in::Subject;
use utoipa::ToSchema;

/// `/events/tickets`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(create_event_ticket))
}

/// What opens a socket.
#[derive(Debug, Serialize, ToSchema)]
struct EventTicket {
    /// Opens one socket: `PATH?ticket=TICKET&execution=NAME&after=SEQUENCE`, or with `project=KEY` in place of an execution.
    ticket: String,
    /// The path of the socket, on the host of the API if there is no `url`.
    path: String,
    /// The address of the socket, where another host has it: `wss://…`, to which the query is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Until when it may be used.
    expires_at: Timestamp,
}

/// The request without its body, which the ticket keeps.
struct Head(Parts);

impl FromRequestParts<Shared> for Head {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let mut kept = axum::http::Request::new(()).into_parts().0;
        kept.headers = head.headers.clone();
        Ok(Self(kept))
    }
}

/// Returns a ticket that is valid for one minute and opens one socket, which sends the frames of an execution or of a project as they happen.
///
/// Installations that do not push events give no tickets: poll the events instead. A socket is refused with 429 if the caller has
/// 64 open, and with 503 if too many are open in total; `Retry-After` says when to try again.
#[utoipa::path(
    post, path = "/events/tickets", tag = "executions",
    responses((status = 201, description = "The ticket.", body = EventTicket), OfOne)
)]
async fn create_event_ticket(
    State(api): State<Shared>,
    Head(head): Head,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<(StatusCode, Json<EventTicket>), Problem> {
    let now = api.clock.now();
    let nothing_pushed = || {
        let words = "this installation pushes no events; ask for /executions/{name}/events";
        Problem::new(Code::NotFound, words)
    };
    let Some(url) = api.gateway.clone() else {
        if api.news.is_none() {
            return Err(nothing_pushed());
        }
        let ticket = api.tickets.give(head, now);
        let answer = EventTicket { ticket, path: "/ws".to_owned(), url: None, expires_at: now + LIFE };
        return Ok((StatusCode::CREATED, Json(answer)));
    };
    // An account has no token of the installation's own.
    let holder = holder_of(caller.credential()).ok_or_else(nothing_pushed)?;
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let ticket = new_text();
    let kept = SocketTicket { holder, host, valid_until: now + LIFE };
    api.table.put_socket_ticket(&hex::encode(digest(&ticket)), &kept).await?;
    let path = url.parse::<Uri>().map(|url| url.path().to_owned()).unwrap_or_default();
    let answer = EventTicket { ticket, path, url: Some(url), expires_at: now + LIFE };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// A reference to a credential, to check later whether it is still valid.
fn holder_of(credential: &Credential) -> Option<SocketHolder> {
    match credential {
        Credential::Installation => None,
        Credential::Token { id, .. } => Some(SocketHolder::Token { id: id.clone() }),
        Credential::Session(session) => Some(SocketHolder::Session {
            person: match &session.subject {
                Subject::Person(name) => Some(name.clone()),
                Subject::Operator => None,
            },
            subject: session.subject.as_text(),
            id: session.id.clone(),
            begun_at: session.begun_at,
            ends_at: session.ends_at,
        }),
    }
}
