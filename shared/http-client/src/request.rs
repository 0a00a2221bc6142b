//! One request.

use crate::answer::Answer;
use crate::auth::Auth;
use crate::client::Client;
use crate::failure::Failure;
use crate::gate::Reply;
use crate::path;
use crate::reading::{Listener, Reading, no_answer};
use crate::redirect::{Elsewhere, next_hop};
use crate::retry_after::until_reset;
use crate::sign::Unsigned;
use domain::{ActionError, ErrorKind};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use std::time::{Duration, Instant};
use url::Url;

/// More hops than this are a loop.
const MOST_REDIRECTS: usize = 3;

/// How often a request is sent if its provider asks for patience each time. It was refused then, so nothing happens twice.
const MOST_TRIES: usize = 4;

/// A request that is being built. [`Request::send`] reports errors in its parts.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'client> {
    pub(crate) client: &'client Client,
    method: Method,
    template: &'static str,
    path: Result<String, ActionError>,
    /// The whole address, if it is not derived from the client's and the path.
    at: Option<Url>,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    auth: Auth,
    body: Result<Option<Vec<u8>>, ActionError>,
    follows: bool,
    elsewhere: Elsewhere,
    largest_answer: usize,
    within: Option<Duration>,
    listener: Option<Listener<'client>>,
}

impl Client {
    /// A `GET` of a path made from a template: `{name}` takes a value as one segment, `{+name}` keeps its slashes.
    pub fn get(&self, path: &'static str, values: &[&str]) -> Request<'_> {
        Request::new(self, Method::GET, path, values)
    }

    /// A `GET` of an address in a provider's answer, such as that of a file, which is a key by itself. It is sent without
    /// credentials and headers, and only if [`Request::downloading_from`] would follow a redirect to the address, because
    /// the author of the content that the provider returns may have chosen the address.
    pub fn get_at(&self, address: &str, hosts: &'static [&'static str]) -> Request<'_> {
        let elsewhere = Elsewhere::Hosts(hosts);
        let at = Url::parse(address).ok().filter(|to| elsewhere.reaches(&self.base, to));
        let path = match &at {
            Some(at) => Ok(at.path().to_owned()),
            None => Err(ActionError::rejected(format!(
                "{} names a file at a foreign address, which is not read",
                self.service
            ))),
        };
        let request = Request::new(self, Method::GET, "/", &[]);
        Request { path, at, elsewhere, auth: Auth::None, headers: HeaderMap::new(), ..request }
    }

    /// A `GET` of an address in a provider's answer that needs the client's credentials. It is sent only to these hosts and their
    /// subdomains, which belong to the provider, by HTTPS on its usual port, or to the client's own origin on this machine.
    pub fn get_with_credentials_at(&self, address: &str, hosts: &'static [&'static str]) -> Request<'_> {
        let request = self.get_at(address, hosts);
        let is_own = request.at.as_ref().is_some_and(|to| {
            to.origin() == self.base.origin() || (to.scheme() == "https" && to.port().is_none())
        });
        match is_own {
            true => Request { auth: self.auth.clone(), headers: self.headers.clone(), ..request },
            // Refused like an address that cannot be parsed.
            false => self.get_at("", hosts),
        }
    }

    /// A `POST`; see [`Client::get`] for the path.
    pub fn post(&self, path: &'static str, values: &[&str]) -> Request<'_> {
        Request::new(self, Method::POST, path, values)
    }

    /// A `PUT`; see [`Client::get`] for the path.
    pub fn put(&self, path: &'static str, values: &[&str]) -> Request<'_> {
        Request::new(self, Method::PUT, path, values)
    }

    /// A `PATCH`; see [`Client::get`] for the path.
    pub fn patch(&self, path: &'static str, values: &[&str]) -> Request<'_> {
        Request::new(self, Method::PATCH, path, values)
    }

    /// A `DELETE`; see [`Client::get`] for the path.
    pub fn delete(&self, path: &'static str, values: &[&str]) -> Request<'_> {
        Request::new(self, Method::DELETE, path, values)
    }
}

impl<'client> Request<'client> {
    fn new(client: &'client Client, method: Method, template: &'static str, values: &[&str]) -> Self {
        Self {
            client,
            method,
            template,
            path: path::fill(template, values),
            at: None,
            query: Vec::new(),
            headers: client.headers.clone(),
            auth: client.auth.clone(),
            body: Ok(None),
            follows: true,
            elsewhere: Elsewhere::Nowhere,
            largest_answer: client.largest_answer,
            within: None,
            listener: None,
        }
    }

    /// Passes the bytes of a successful answer to `listener` as they arrive, in addition to returning the whole.
    pub fn heard_by(mut self, listener: &'client (dyn Fn(&[u8]) + Send + Sync)) -> Self {
        self.listener = Some(Listener(listener));
        self
    }

    /// Does not follow redirects: one is a [`Failure`] with its status, for requests that must not be made elsewhere.
    pub fn without_redirects(mut self) -> Self {
        self.follows = false;
        self
    }

    /// Also follows a redirect to another host, for services that keep files elsewhere under an address that is a key by itself. The
    /// request there is without credentials and other headers.
    pub fn downloading(mut self) -> Self {
        self.elsewhere = Elsewhere::Anywhere;
        self
    }

    /// The same, but only to encrypted addresses of these hosts and their subdomains, and not into a private network. What people
    /// link or attach is read so: they may lead us wherever they want.
    pub fn downloading_from(mut self, hosts: &'static [&'static str]) -> Self {
        self.elsewhere = Elsewhere::Hosts(hosts);
        self
    }

    /// Rejects an answer of more than this many bytes, if the client's limit is not smaller.
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.largest_answer = self.largest_answer.min(bytes);
        self
    }

    /// Gives up when this much time has passed since [`Request::send`], waits of the [`Gate`](crate::Gate) included, if the client's limit
    /// of a request has not ended it before.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Adds a query parameter, which is never logged.
    pub fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Sends this header, in lower case.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Sends this token instead of the client's credentials.
    pub fn bearer(mut self, token: SecretString) -> Self {
        self.auth = Auth::Bearer(token);
        self
    }

    /// Sends a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = serde_json::to_vec(body).map(Some).map_err(|error| {
            ActionError::internal(format!("the body of {} is not JSON: {error}", self.template))
        });
        self
    }

    /// Sends a plain text.
    pub fn text(mut self, text: String) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        self.body = Ok(Some(text.into_bytes()));
        self
    }

    /// Sends a form, as OAuth's endpoints want it.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.headers.insert(CONTENT_TYPE, form);
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        self.body = Ok(Some(encoded.extend_pairs(fields).finish().into_bytes()));
        self
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// [`Failure`] with the status and body of an answer with a status other than 2xx, or without if there was
    /// none. As [`ActionError`]: `Throttled` for 429, and for 403 if it is a rate limit; `Conflict` for 409 and 412;
    /// `Unavailable` for 408, 425 and 5xx, for no connection, no answer in time, and an answer that broke off; else `Rejected`. The
    /// provider's own words are quoted, cut, and without our secrets. Also errors of the [`Gate`](crate::Gate).
    ///
    /// A throttled request is repeated, up to four times in total, if the [`Gate`](crate::Gate) lets it pass after the wait that was
    /// asked for.
    pub async fn send(self) -> Result<Answer, Failure> {
        let Self {
            client,
            method,
            template,
            path,
            at,
            query,
            mut headers,
            auth,
            body,
            follows,
            elsewhere,
            largest_answer,
            within,
            listener,
        } = self;
        let reading = Reading { client, largest_answer, listener };
        let (path, body) = (path?, body?);
        if let Some((name, value)) = auth.header()? {
            headers.insert(name, value);
        }
        let what = format!("{}: {method} {}", client.service, crate::excerpt(&path));
        let base = client.base_url();
        let mut url = match at {
            Some(at) if elsewhere.is_private(&at).await => return Err(inside(&what, &at)),
            Some(at) => at,
            // The client's own address, exactly.
            None if path.is_empty() => client.base.clone(),
            None => Url::parse(&format!("{base}{path}"))
                .map_err(|error| ActionError::internal(format!("{what} has no address: {error}")))?,
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(&query);
        }

        let started = Instant::now();
        let gate = client.options.gate.as_deref();
        if let Some(gate) = gate {
            gate.pass().await?;
        }
        let mut tries = 1;
        let outcome = loop {
            let mut is_let_through = true;
            let outcome = async {
                let mut hops = 0;
                let mut url = url.clone();
                let mut headers = headers.clone();
                loop {
                    if let (Some(gate), true) = (gate, hops > 0) {
                        gate.pass().await.inspect_err(|_| is_let_through = false)?;
                    }
                    let mut signed = headers.clone();
                    if let Auth::Signed(signer) = &auth {
                        let body = body.as_deref().unwrap_or_default();
                        let unsigned =
                            Unsigned { method: method.as_str(), url: &url, headers: &headers, body };
                        signed.extend(signer.sign(unsigned).await.inspect_err(|_| is_let_through = false)?);
                    }
                    let mut request =
                        client.options.transport(&url)?.request(method.clone(), url.clone()).headers(signed);
                    if let Some(body) = &body {
                        request = request.body(body.clone());
                    }
                    let timeout = time_left(&what, client.request_timeout, within, started)
                        .inspect_err(|_| is_let_through = false)?;
                    let response = request
                        .timeout(timeout)
                        .send()
                        .await
                        .map_err(|error| no_answer(timeout, &what, &auth, &error))?;
                    match next_hop(&method, &url, response.status(), response.headers()) {
                        Some(next) if follows && hops < MOST_REDIRECTS => {
                            hops += 1;
                            url = next;
                        }
                        None if hops < MOST_REDIRECTS => {
                            match elsewhere.of(&url, response.status(), response.headers()) {
                                Some(next) if elsewhere.is_private(&next).await => {
                                    break Err(inside(&what, &next));
                                }
                                Some(next) => {
                                    hops += 1;
                                    url = next;
                                    headers.clear();
                                }
                                None => break reading.read(timeout, &what, &auth, response).await,
                            }
                        }
                        _ => break reading.read(timeout, &what, &auth, response).await,
                    }
                }
            }
            .await;
            let Some(gate) = gate.filter(|_| is_let_through) else { break outcome };
            let reply = reply(&outcome, client.options.clock.now());
            gate.ended(reply).await;
            let again = matches!(reply, Reply::AskedToWait(_)) && tries < MOST_TRIES;
            if !again || gate.pass().await.is_err() {
                break outcome;
            }
            tries += 1;
        };

        let status = match &outcome {
            Ok(answer) => Some(answer.status),
            Err(failure) => failure.status,
        };
        tracing::debug!(
            service = client.service,
            method = %method,
            host = url.host_str(),
            path = template,
            status,
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "outside request ended"
        );
        outcome
    }
}

/// How long a request that is sent now may take.
///
/// # Errors
/// `Unavailable` when its time is over before it has left.
fn time_left(
    what: &str,
    limit: Duration,
    within: Option<Duration>,
    started: Instant,
) -> Result<Duration, ActionError> {
    let Some(within) = within else { return Ok(limit) };
    let left = within.saturating_sub(started.elapsed());
    if left.is_zero() {
        return Err(ActionError::unavailable(format!("{what} was not sent: the time for it was over")));
    }
    Ok(left.min(limit))
}

/// What a request's result shows about the provider's health.
fn reply(outcome: &Result<Answer, Failure>, now: Timestamp) -> Reply {
    match outcome {
        Ok(answer) => match until_reset(&answer.headers, now) {
            Some(reset) => Reply::AnsweredLast(reset),
            None => Reply::Answered,
        },
        Err(Failure { error, .. }) => match error.kind {
            ErrorKind::Throttled => Reply::AskedToWait(error.retry_after),
            ErrorKind::Unavailable => Reply::Failed,
            ErrorKind::Rejected
            | ErrorKind::Conflict
            | ErrorKind::BudgetExceeded
            | ErrorKind::ReplyLost
            | ErrorKind::Unconfirmed
            | ErrorKind::AtCapacity
            | ErrorKind::Internal => Reply::Answered,
        },
    }
}

/// An address in a private network, which is as little followed as one of a host that we do not know.
fn inside(what: &str, to: &Url) -> Failure {
    let host = crate::excerpt(to.host_str().unwrap_or_default());
    Failure::unanswered(ActionError::rejected(format!(
        "{what} was redirected to {host}, which is in a private network; the redirect is not followed"
    )))
}
