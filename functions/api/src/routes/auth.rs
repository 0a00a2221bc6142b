//! `/auth`: signing in and out.

use crate::api::Shared;
use crate::audit;
use crate::body::Body;
use crate::caller::Caller;
use crate::cookies::{is_local, set_cookie};
use crate::endpoints::{Endpoints, routes};
use crate::identity::{COOKIE, Credential, OPERATOR};
use crate::problem::{Code, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::{Open, Signed, WithBody};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sign_in::{Carrier, LIFE, NewSession, SignInWay, Subject, issue, ticket_digest};
use utoipa::ToSchema;

/// `/auth/…`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(exchange_ticket)).routes(routes!(end_session))
}

/// A ticket to exchange.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExchangeTicket {
    /// The ticket of a link.
    #[schema(min_length = 43, max_length = 43)]
    ticket: String,
    /// How the session is sent with each request.
    carrier: SessionCarrier,
}

/// How a session is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SessionCarrier {
    /// In the header `Authorization: Bearer TOKEN`: for programs.
    Bearer,
    /// In a cookie, with the proof in the header `Ticketsmith-Proof`: for browsers.
    Cookie,
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
struct SignedIn {
    /// The signed-in person.
    name: String,
    /// The token of a bearer's session. A cookie's is in the header `Set-Cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The proof that a browser sends with the cookie, in the header `Ticketsmith-Proof`.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
    /// When the session ends.
    expires_at: Timestamp,
}

/// The audit-relevant parts of a request outside its body.
struct Head(Parts);

impl FromRequestParts<Shared> for Head {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        Ok(Self(head.clone()))
    }
}

/// Exchanges the ticket of a link for a session of twelve hours. A ticket works once, within five minutes.
///
/// It needs no token.
#[utoipa::path(
    post, path = "/auth/ticket", tag = "people", security(()), request_body = ExchangeTicket,
    responses(
        (status = 200, description = "The session.", body = SignedIn),
        (status = 401, description = "The ticket is not known, was used, or is too old.",
            body = crate::problem::ProblemBody, content_type = "application/problem+json"),
        Open, WithBody
    )
)]
async fn exchange_ticket(
    State(api): State<Shared>,
    Head(head): Head,
    _: Query<Nothing>,
    Body { value: body, .. }: Body<ExchangeTicket>,
) -> Result<Response, Problem> {
    let refused = || {
        Problem::unauthenticated(
            "the link is not known, was used, or is older than five minutes; make another",
        )
    };
    // Without keys the ticket stays good.
    let keys = api.keys.current().await?;
    let now = api.clock.now();
    let digest = ticket_digest(&body.ticket).ok_or_else(refused)?;
    let ticket = api.table.use_sign_in_ticket(&digest, now).await?.ok_or_else(refused)?;
    let (subject, name) = match ticket.person {
        None => (Subject::Operator, OPERATOR.to_owned()),
        Some(name) => {
            let directory = api.control.directory().await?;
            let is_known = directory.configuration().users.iter().any(|user| user.name == name);
            if !is_known {
                return Err(refused());
            }
            (Subject::Person(name.clone()), name)
        }
    };
    let carrier = match body.carrier {
        SessionCarrier::Bearer => Carrier::Bearer,
        SessionCarrier::Cookie => Carrier::Cookie,
    };
    let new = issue(&keys, subject, SignInWay::Link, carrier, now);
    let new =
        new.ok_or_else(|| Problem::new(Code::Unavailable, "no key signs sessions yet; try again later"))?;
    audit::begin(&api, &head, &name, &Credential::Session(new.session.clone())).await?;
    tracing::info!(session = new.session.id, "somebody signed in by a link");
    Ok(signed_in(name, &new, is_local(&head.headers)))
}

/// The answer that begins a session.
fn signed_in(name: String, new: &NewSession, is_local: bool) -> Response {
    let is_bearer = new.session.carrier == Carrier::Bearer;
    let token = new.token.expose_secret();
    let body = SignedIn {
        name,
        token: is_bearer.then(|| token.to_owned()),
        proof: new.proof.as_ref().map(|proof| proof.expose_secret().to_owned()),
        expires_at: new.session.ends_at,
    };
    let mut headers = HeaderMap::new();
    if !is_bearer {
        let cookie = set_cookie(COOKIE, token, LIFE.as_secs(), "Strict", is_local);
        headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    (headers, Json(body)).into_response()
}

/// Ends the session that the request is sent with.
#[utoipa::path(
    post, path = "/auth/sign-out", tag = "people",
    responses(
        (status = 204, description = "It has ended."),
        (status = 409, description = "The request is not sent with a session.",
            body = crate::problem::ProblemBody, content_type = "application/problem+json"),
        Signed
    )
)]
async fn end_session(
    State(api): State<Shared>,
    Head(head): Head,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let Credential::Session(session) = caller.credential() else {
        return Err(Problem::new(
            Code::Conflict,
            "the request is not sent with a session; a machine's token is revoked under /tokens",
        ));
    };
    api.table.end_session(&session.subject.as_text(), &session.id, session.ends_at).await?;
    let mut headers = HeaderMap::new();
    if session.carrier == Carrier::Cookie {
        let cookie = set_cookie(COOKIE, "", 0, "Strict", is_local(&head.headers));
        headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    Ok((StatusCode::NO_CONTENT, headers))
}
