//! Where browsers start to sign in elsewhere, and where they come back. Neither is for programs, so they are not in the contract.

use super::{Returned, Way, refused};
use crate::api::Shared;
use crate::audit;
use crate::cookies;
use crate::identity::{COOKIE, Credential};
use crate::pages;
use crate::problem::{Code, Problem};
use crate::segments::Segments;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::ExposeSecret;
use sign_in::{Carrier, LIFE, STATE_LIFE, SignInState, Subject, issue};
use std::collections::BTreeMap;

/// The cookie with the state, until the browser comes back. Another site sends the browser here, so it is `Lax`.
const STATE_COOKIE: &str = "ticketsmith_state";

/// `/auth/{way}` and `/auth/{way}/callback`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/auth/{way}", get(begin)).route("/auth/{way}/callback", get(finish))
}

async fn begin(
    State(api): State<Shared>,
    Segments(way): Segments<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let way = Way::of(&way).ok_or_else(|| Problem::not_found("way to sign in"))?;
    let directory = api.control.directory().await?;
    let keys = api.keys.current().await?;
    let state = SignInState::new(&keys, way.name(), api.clock.now()).ok_or_else(no_key)?;
    let address = way.address(&api, directory.configuration(), &state, &redirect_uri(&headers, way)?).await?;
    let unreadable = |_| Problem::new(Code::Unavailable, "the address to sign in at cannot be used");
    let mut answer = HeaderMap::new();
    answer.insert(header::LOCATION, HeaderValue::from_str(&address).map_err(unreadable)?);
    answer.insert(header::SET_COOKIE, state_cookie(&headers, &state.text, STATE_LIFE.as_secs())?);
    Ok((StatusCode::SEE_OTHER, answer).into_response())
}

async fn finish(
    State(api): State<Shared>,
    Segments(way): Segments<String>,
    request: Request,
) -> Result<Response, Problem> {
    let way = Way::of(&way).ok_or_else(|| Problem::not_found("way to sign in"))?;
    let (head, _) = request.into_parts();
    let query: BTreeMap<String, String> =
        serde_urlencoded::from_str(head.uri.query().unwrap_or_default()).unwrap_or_default();
    let begin_again =
        || refused("this sign-in is not one that began in this browser within ten minutes; begin again");
    let text = query.get("state").ok_or_else(begin_again)?;
    // A sign-in started by another page was not started by this browser's user.
    if cookies::cookie(&head.headers, STATE_COOKIE) != Some(text.as_str()) {
        return Err(begin_again());
    }
    let (keys, now) = (api.keys.current().await?, api.clock.now());
    let state = SignInState::read(&keys, way.name(), text, now).ok_or_else(begin_again)?;
    if !api.table.use_once(&state.digest(), state.valid_until).await? {
        return Err(begin_again());
    }
    let code = query.get("code").filter(|code| (1..=2_000).contains(&code.len()));
    let code = code.ok_or_else(|| {
        // Whoever began could have sent anything, so only what can be one of the provider's codes is logged.
        let said = query.get("error").filter(|said| said.len() <= 50 && said.bytes().all(is_of_code));
        tracing::warn!(way = way.name(), error = said.map(String::as_str), "the provider confirmed nobody");
        refused("the sign-in provider did not confirm who you are; start again")
    })?;
    let directory = api.control.directory().await?;
    let configuration = directory.configuration();
    let secret = api.keys.client_secret(way.name()).await?;
    let redirect_uri = redirect_uri(&head.headers, way)?;
    let returned = Returned { code, state: &state, redirect_uri: &redirect_uri, secret: &secret, now };
    let account = way.account(&api, configuration, returned).await?;
    let person = way.person(&api, configuration, &account).await?;
    let subject = Subject::Person(person.clone());
    let new = issue(&keys, subject, way.sign_in_way(), Carrier::Cookie, now).ok_or_else(no_key)?;
    audit::record(&api, &head, &person, &Credential::Session(new.session.clone())).await?;
    tracing::info!(session = new.session.id, way = way.name(), "somebody signed in");
    let proof = new.proof.as_ref().map(|proof| proof.expose_secret()).unwrap_or_default();
    let mut response = pages::signed_in(&person, proof);
    let headers = response.headers_mut();
    let is_local = cookies::is_local(&head.headers);
    headers.extend(
        cookies::set_cookie(COOKIE, new.token.expose_secret(), LIFE.as_secs(), "Strict", is_local)
            .map(|cookie| (header::SET_COOKIE, cookie)),
    );
    headers.append(header::SET_COOKIE, state_cookie(&head.headers, "", 0)?);
    Ok(response)
}

/// Whether a byte is in any of the [error codes](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1).
fn is_of_code(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

fn no_key() -> Problem {
    Problem::new(Code::Unavailable, "no key signs sessions yet; try again later")
}

fn state_cookie(headers: &HeaderMap, text: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    cookies::set_cookie(STATE_COOKIE, text, seconds, "Lax", cookies::is_local(headers)).ok_or_else(no_key)
}

/// The callback address for the sign-in provider.
fn redirect_uri(headers: &HeaderMap, way: Way) -> Result<String, Problem> {
    let host = cookies::host(headers);
    if host.is_empty() {
        return Err(Problem::new(Code::Malformed, "the request has no Host"));
    }
    let scheme = if cookies::is_local(headers) { "http" } else { "https" };
    Ok(format!("{scheme}://{host}{}/auth/{}/callback", crate::api::BASE, way.name()))
}
