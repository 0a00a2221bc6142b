//! `/events/tickets`: tickets that open sockets.

use crate::api::Shared;
use crate::caller::Caller;
use crate::problem::{Code, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::OfOne;
use crate::socket_tickets::LIFE;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Json;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/events/tickets`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(create_event_ticket))
}

/// What opens a socket.
#[derive(Debug, Serialize, ToSchema)]
struct EventTicket {
    /// Opens one socket: `/ws?ticket=TICKET&execution=NAME&after=SEQUENCE`, or with `project=KEY` in place of an execution.
    ticket: String,
    /// The path of the socket, on the host of the API.
    path: String,
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

/// Returns a ticket that opens a socket, once and within a minute. Over it come the frames of an execution or of a project as they happen.
///
/// Where an installation pushes nothing, there is no ticket: ask for events.
#[utoipa::path(
    post, path = "/events/tickets", tag = "executions",
    responses((status = 201, description = "The ticket.", body = EventTicket), OfOne)
)]
async fn create_event_ticket(
    State(api): State<Shared>,
    Head(head): Head,
    _: Caller,
    _: Query<Nothing>,
) -> Result<(StatusCode, Json<EventTicket>), Problem> {
    if api.news.is_none() {
        let words = "this installation pushes no events; ask for /executions/{name}/events";
        return Err(Problem::new(Code::NotFound, words));
    }
    let now = api.clock.now();
    let ticket = api.tickets.give(head, now);
    let answer = EventTicket { ticket, path: "/ws".to_owned(), expires_at: now + LIFE };
    Ok((StatusCode::CREATED, Json(answer)))
}
