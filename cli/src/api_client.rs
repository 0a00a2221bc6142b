//! The command line as a client of the API.

mod arguments;
mod columns;
mod filter;
mod format;
mod profiles;

pub(crate) use arguments::{ClientArguments, PageArguments};
pub(crate) use columns::Column;
pub(crate) use profiles::{LOCAL, Profile, Profiles};

use crate::exit::{Exit, Outcome};
use http_client::WebSocket;
use reqwest::Method;
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, RETRY_AFTER,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take: an API in an account waits at most 30 seconds.
const ANSWER: Duration = Duration::from_secs(35);
/// The largest answer, in bytes.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;

/// The header that names the person for whom the holder of the installation's own token asks.
const ON_BEHALF_OF: HeaderName = HeaderName::from_static("ticketsmith-as");

/// A client of one API, as one person.
pub(crate) struct ApiClient {
    http: reqwest::Client,
    base: String,
    token: SecretString,
    on_behalf_of: Option<String>,
}

/// What a client asks of the API.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
    if_match: Option<String>,
}

impl Call {
    /// A request; each `{}` of the path is one of the segments, whatever characters it has.
    pub(crate) fn new(method: Method, path: &str, segments: &[&str]) -> Self {
        let mut pieces = path.split("{}");
        let mut full = pieces.next().unwrap_or_default().to_owned();
        for (piece, segment) in pieces.zip(segments) {
            full.push_str(&encoded(segment));
            full.push_str(piece);
        }
        Self { method, path: full, query: Vec::new(), body: None, if_match: None }
    }

    /// A request that only reads.
    pub(crate) fn get(path: &str, segments: &[&str]) -> Self {
        Self::new(Method::GET, path, segments)
    }

    /// A request that changes something.
    pub(crate) fn post(path: &str, segments: &[&str]) -> Self {
        Self::new(Method::POST, path, segments)
    }

    /// With a parameter, if there is a value for it.
    pub(crate) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name.to_owned(), value.to_string())));
        self
    }

    /// Only if the thing is still in the state with this tag.
    pub(crate) fn if_match(mut self, tag: &str) -> Self {
        self.if_match = Some(tag.to_owned());
        self
    }

    /// With a body.
    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// The id of a ticket in paths and queries: its name in base64url.
pub(crate) fn task_id(name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(name)
}

/// A segment of a path: everything but unreserved characters is encoded, so that none is taken for a separator.
fn encoded(segment: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            byte => {
                let _infallible = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

impl ApiClient {
    /// A client of the API at a URL, with a token. Nothing is sent yet.
    ///
    /// # Errors
    /// Usage when the URL is not an API's, or the token cannot be sent.
    pub(crate) fn new(base: &str, token: SecretString, on_behalf_of: Option<String>) -> Outcome<Self> {
        check_url(base)?;
        if HeaderValue::from_str(token.expose_secret()).is_err() {
            return Err(Exit::usage(
                "the token has a character that no token has, such as a line break; pass it as it was shown",
            ));
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .build()
            .map_err(Exit::unreachable)?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token, on_behalf_of })
    }

    /// The address that its paths follow.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request and returns the body of its response, or null if there is none.
    ///
    /// # Errors
    /// The API's refusal with its exit code; unreachable when it does not answer.
    pub(crate) async fn send(&self, call: &Call) -> Outcome<Value> {
        Ok(self.send_for_tag(call).await?.0)
    }

    /// Like [`Self::send`], but also returns the entity tag of the resource's state, if the response has one.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn send_for_tag(&self, call: &Call) -> Outcome<(Value, Option<String>)> {
        let mut request = self
            .http
            .request(call.method.clone(), format!("{}{}", self.base, call.path))
            .header(ACCEPT, "application/json, application/problem+json")
            .query(&call.query);
        if !self.token.expose_secret().is_empty() {
            request = request.bearer_auth(self.token.expose_secret());
        }
        if let Some(name) = &self.on_behalf_of {
            let name = HeaderValue::from_str(name);
            let name =
                name.map_err(|_| Exit::usage("a name without control characters is accepted after --as"))?;
            request = request.header(ON_BEHALF_OF, name);
        }
        if let Some(tag) = &call.if_match {
            request = request.header(IF_MATCH, tag);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let lost = |error: reqwest::Error| {
            let why = if error.is_timeout() { "it does not answer in time" } else { "it does not answer" };
            Exit::unreachable(format!("the API at {}: {why}; is it running?", self.base))
        };
        let mut response = request.send().await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if bytes.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Exit::unreachable(format!("the API's answer has over {ANSWER_LIMIT} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).map_err(|_| {
                Exit::unreachable(format!(
                    "{} answered {status} with something that is not JSON; is it an API?",
                    self.base
                ))
            })?,
        };
        let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        if status.is_success() { Ok((body, tag)) } else { Err(refusal(status.as_u16(), &headers, &body)) }
    }

    /// A socket that receives the frames of an execution; `None` if the API does not push events.
    ///
    /// # Errors
    /// As [`Self::send`], except that there is no ticket.
    pub(crate) async fn socket_of(&self, execution: &str) -> Outcome<Option<WebSocket>> {
        let ticket_answer = match self.send(&Call::post("/events/tickets", &[])).await {
            Ok(ticket) => ticket,
            // An API from before there were sockets, or an account without a gateway for them, has none.
            Err(error) if error.is_not_allowed() => return Ok(None),
            Err(error) => return Err(error),
        };
        let (Some(ticket), Some(path)) = (ticket_answer["ticket"].as_str(), ticket_answer["path"].as_str())
        else {
            return Ok(None);
        };
        let socket = match ticket_answer["url"].as_str() {
            // In an account, sockets have a separate gateway.
            Some(url) => url.to_owned(),
            None => {
                let host = self.base.strip_suffix("/api/v1").unwrap_or(&self.base);
                format!("{}{path}", host.replacen("http", "ws", 1))
            }
        };
        let address = format!("{socket}?ticket={ticket}&execution={}", encoded(execution));
        // Whatever prevents it, the API can still be polled.
        Ok(WebSocket::connect("the API", &address).await.ok())
    }

    /// All items of a list, page by page, up to `limit`.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn list(&self, call: &Call, limit: usize) -> Outcome<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let left = limit.saturating_sub(items.len()).min(100);
            let page = call.clone().query("limit", Some(left)).query("cursor", cursor.as_ref());
            let mut body = self.send(&page).await?;
            if let Some(Value::Array(page)) = body.get_mut("items").map(Value::take) {
                items.extend(page);
            }
            cursor = body.get("next").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() || items.len() >= limit {
                return Ok(items);
            }
        }
    }
}

/// Refuses a URL to which a token must not be sent: over plain HTTP it may only be this machine. Also one without a path, which is not the API's.
///
/// # Errors
/// Usage, naming what is accepted.
pub(crate) fn check_url(url: &str) -> Outcome {
    let accepted = "accepted: https://HOST/api/v1, or http://127.0.0.1:PORT/api/v1";
    let parsed =
        reqwest::Url::parse(url).map_err(|error| Exit::usage(format!("`{url}`: {error}; {accepted}")))?;
    let is_local = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_safe = parsed.scheme() == "https" || parsed.scheme() == "http" && is_local;
    let is_plain = parsed.username().is_empty() && parsed.query().is_none() && parsed.fragment().is_none();
    if !is_safe || !is_plain {
        return Err(Exit::usage(format!("a token cannot be sent to `{url}`; {accepted}")));
    }
    // Most likely the path was forgotten: the host alone answers that it has no such path.
    match parsed.path() {
        "/" => Err(Exit::usage(format!("`{url}` has no path; {accepted}"))),
        _ => Ok(()),
    }
}

/// A problem as a reason and an exit code.
fn refusal(status: u16, headers: &HeaderMap, body: &Value) -> Exit {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let mut message = match (text("detail"), text("title")) {
        (Some(detail), _) => detail.to_owned(),
        (None, Some(title)) => title.to_owned(),
        (None, None) => format!("the API answered {status}"),
    };
    for error in body.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let told = format!("{}: {}", part("path"), part("detail"));
        // The detail of a single error is the error.
        if message != told {
            message.push_str(&format!("\n  {told}"));
        }
    }
    match status {
        401 => Exit::sign_in_needed(format!("{message}\n  `ticketsmith auth login` signs in")),
        403 | 404 => Exit::not_allowed(message),
        409 | 412 | 428 => Exit::conflict(message),
        400 | 405 | 413 | 415 | 422 => Exit::usage(message),
        _ => {
            let after = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok());
            let after = after.map_or_else(String::new, |after| format!("; try again in {after} s"));
            Exit::unreachable(format!("{message}{after}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_error_is_told_once_and_several_in_a_list() {
        let role = serde_json::json!({"path": "/roles/0", "detail": "accepted: \"viewer\""});
        let key = serde_json::json!({"path": "/key", "detail": "it is missing"});
        let told = |detail: &str, errors: &[&Value]| {
            let body = serde_json::json!({"detail": detail, "errors": errors});
            refusal(422, &HeaderMap::new(), &body).to_string()
        };
        assert_eq!(told("/roles/0: accepted: \"viewer\"", &[&role]), "/roles/0: accepted: \"viewer\"");
        let several = "2 parts of the request are not accepted\n  /roles/0: accepted: \"viewer\"\n  /key: it is missing";
        assert_eq!(told("2 parts of the request are not accepted", &[&role, &key]), several);
    }

    #[test]
    fn a_segment_is_one_segment() {
        let call = Call::get("/tasks/{}/assign/{}", &["a/../b?c#d", "ä"]);
        assert_eq!(call.path, "/tasks/a%2F..%2Fb%3Fc%23d/assign/%C3%A4");
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_told() {
        let client = |token: &str| ApiClient::new("http://127.0.0.1:1/api/v1", token.to_owned().into(), None);
        assert!(client("tsm_a").is_ok());
        for token in ["tsm_a\nb", "tsm_\u{e4}\0"] {
            let told = client(token).err().unwrap().to_string();
            assert!(told.contains("such as a line break") && !told.contains("tsm_"), "{told}");
        }
    }

    #[test]
    fn a_token_is_sent_nowhere_in_the_clear() {
        for url in ["https://t.example/api/v1", "http://127.0.0.1:8081/api/v1", "http://localhost:1/api/v1"] {
            check_url(url).unwrap();
        }
        for url in [
            "http://t.example/api/v1",
            "http://127.0.0.1.evil.example/",
            "ftp://127.0.0.1/",
            "x",
            "https://a@b/",
            "https://t.example",
            "http://127.0.0.1:8081/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
