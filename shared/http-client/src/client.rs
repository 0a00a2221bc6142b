//! A client of one provider.

use crate::auth::Auth;
use crate::inner::{is_local, is_never_a_service};
use crate::options::Options;
use domain::{ActionError, Clock, ErrorKind};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// A client of one provider. Cloning is cheap and shares connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) service: &'static str,
    pub(crate) base: Url,
    pub(crate) auth: Auth,
    pub(crate) headers: HeaderMap,
    pub(crate) options: Options,
    pub(crate) request_timeout: Duration,
    pub(crate) largest_answer: usize,
    pub(crate) judge: Option<Judge>,
}

/// A provider's meaning of an answer with this status and body, if it differs from the status.
pub type Judge = fn(u16, &Value) -> Option<ErrorKind>;

impl Client {
    /// A client whose paths follow `base_url`. `service` is the provider's name as errors and logs show it: `Jira`. Requests
    /// have 30 seconds and answers 16 MiB unless set otherwise.
    ///
    /// # Errors
    /// `Rejected` when [`check_base_url`] does not accept `base_url`.
    pub fn new(
        service: &'static str,
        base_url: &str,
        auth: Auth,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let base = check_base(options.section.as_deref().unwrap_or(service), base_url)?;
        Ok(Self::with_base(service, base, auth, options))
    }

    /// A client of a single address that a provider's metadata names, exactly as it is there: a slash at its end and a query belong to it
    /// ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)). The path of its requests is empty.
    ///
    /// # Errors
    /// `Rejected` when [`check_endpoint`] does not accept `endpoint`.
    pub fn of_endpoint(
        service: &'static str,
        endpoint: &str,
        auth: Auth,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let base = check_endpoint(endpoint)
            .map_err(|problem| ActionError::rejected(format!("an address of {service} {problem}")))?;
        Ok(Self::with_base(service, base, auth, options))
    }

    fn with_base(service: &'static str, base: Url, auth: Auth, options: &Options) -> Self {
        Self {
            service,
            base,
            auth,
            headers: HeaderMap::new(),
            options: options.clone(),
            request_timeout: options.request_timeout.unwrap_or(REQUEST_TIMEOUT),
            largest_answer: LARGEST_ANSWER,
            judge: None,
        }
    }

    /// Sends this header, in lower case, with every request.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Sets the request timeout used when [`Options`] do not set one.
    pub fn default_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = self.options.request_timeout.unwrap_or(timeout);
        self
    }

    /// Rejects responses larger than this many bytes.
    pub fn largest_answer(mut self, bytes: usize) -> Self {
        self.largest_answer = bytes;
        self
    }

    /// Asks `judge` for the meaning of each error answer, before a [`Gate`](crate::Gate) sees it.
    pub fn judged_by(mut self, judge: Judge) -> Self {
        self.judge = Some(judge);
        self
    }

    /// The clock given with [`Options`].
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.options.clock
    }

    /// The section of the configuration with its settings, given with [`Options`], for errors; without one the provider's name.
    pub fn section(&self) -> &str {
        self.options.section.as_deref().unwrap_or(self.service)
    }

    /// The address that paths follow, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }
}

fn check_base(section: &str, base_url: &str) -> Result<Url, ActionError> {
    check_base_url(base_url).map_err(|problem| ActionError::rejected(format!("{section}.base_url {problem}")))
}

/// Reads the address of an API.
///
/// # Errors
/// What is wrong with it and what is accepted: `is not https; accepted: …`, if it is not an `https` address, or `http` on this machine
/// (`localhost`, `127.0.0.0/8`, `::1`), or contains a user, query or fragment, or is link-local, as the addresses are under which clouds hand out
/// credentials.
pub fn check_base_url(base_url: &str) -> Result<Url, String> {
    check_address(base_url, "user, query or fragment", |url| url.query().or(url.fragment()).is_some())
}

/// Reads a single address that a provider's metadata names. Such an address may have a query.
///
/// # Errors
/// Otherwise as [`check_base_url`].
pub fn check_endpoint(endpoint: &str) -> Result<Url, String> {
    check_address(endpoint, "user or fragment", |url| url.fragment().is_some())
}

/// Reads an address without a user and without what `has_more` finds; `without` names both.
fn check_address(address: &str, without: &str, has_more: impl Fn(&Url) -> bool) -> Result<Url, String> {
    let wrong = |problem: &str| {
        format!(
            "{problem}; accepted: an https address without {without} (http only on this machine), as https://example.com"
        )
    };
    // The invalid value may contain a password, so it is not repeated.
    let url = Url::parse(address).map_err(|error| wrong(&format!("is not an address ({error})")))?;
    if url.host().is_none() {
        return Err(wrong("has no host"));
    }
    if is_never_a_service(&url) {
        return Err(wrong("is a link-local address or one of a cloud's own services"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_local(&url) => {}
        "http" => return Err(wrong("is not encrypted")),
        _ => return Err(wrong("is not https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("contains a user"));
    }
    if has_more(&url) {
        return Err(wrong("contains a query or fragment"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_may_have_a_query() {
        for good in ["https://a.example/token/", "https://a.example/token?p=sign-in", "http://127.0.0.1:1/?"]
        {
            assert_eq!(check_endpoint(good).unwrap().as_str(), good);
        }
        for bad in ["http://a.example", "https://u:hunter2@a.example", "https://a.example?p=1#x", "token"] {
            assert!(!check_endpoint(bad).unwrap_err().contains("hunter2"), "{bad}");
        }
    }

    #[test]
    fn only_encrypted_or_local_addresses() {
        for good in [
            "https://a.example",
            "https://a.example/wiki/",
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:1",
        ] {
            assert!(check_base("plugins.jira", good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "http://localhost.evil.example",
            "ftp://127.0.0.1",
            "https://user:hunter2@a.example",
            "https://a.example?token=hunter2",
            "https://a.example#x",
            "a.example",
            "",
            "http://169.254.169.254",
            "https://169.254.169.254",
            "https://[fd00:ec2::254]",
        ] {
            let error = check_base("plugins.jira", bad).unwrap_err();
            assert!(
                error.message.contains("plugins.jira.base_url") && !error.message.contains("hunter2"),
                "{bad}"
            );
        }
    }
}
