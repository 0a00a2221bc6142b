//! Where redirects lead.

use crate::client::is_local;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, StatusCode};
use url::Url;

/// Where a redirect leads, if it may be followed: to the same origin, with the same method and body.
pub(crate) fn next_hop(method: &Method, from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let keeps_method = match status.as_u16() {
        301..=303 => method == Method::GET,
        307 | 308 => true,
        _ => false,
    };
    let to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    (keeps_method && to.origin() == from.origin()).then_some(to)
}

/// Where a redirect to another host leads: to an encrypted address, or on this machine from an address on this machine.
pub(crate) fn elsewhere(from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    let is_kept =
        to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http" && is_local(&to));
    (matches!(status.as_u16(), 301..=303 | 307 | 308) && is_kept).then_some(to)
}
