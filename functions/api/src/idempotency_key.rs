//! The key by which a client says that requests are one.

use crate::problem::Problem;
use axum::http::HeaderName;
use axum::http::request::Parts;

/// The header with the key.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The most characters of a key.
const LIMIT: usize = 200;

/// The key of a request, if any.
///
/// # Errors
/// Invalid if it is not a short text, or occurs several times.
pub(crate) fn key_of(head: &Parts) -> Result<Option<String>, Problem> {
    let mut keys = head.headers.get_all(&KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Ok(None),
        (Some(key), None) => key.to_str().ok().filter(|key| (1..=LIMIT).contains(&key.len())),
        (Some(_), Some(_)) => None,
    };
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        Problem::invalid_field(
            KEY.as_str(),
            "accepted: one key of 1 to 200 ASCII characters, without control characters",
        )
    })
}
