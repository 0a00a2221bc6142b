//! A hook that signs every request.

use async_trait::async_trait;
use domain::ActionError;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use std::fmt::Debug;
use url::Url;

/// A request that is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'r> {
    /// The method: `POST`.
    pub method: &'r str,
    /// The whole address.
    pub url: &'r Url,
    /// The headers so far. The transport adds `Host`, `Content-Length` and `User-Agent`.
    pub headers: &'r HeaderMap,
    /// The body; empty if there is none.
    pub body: &'r [u8],
}

/// Signs requests.
#[async_trait]
pub trait Signer: Debug + Send + Sync {
    /// The headers that the signature consists of. Awaited each time a request is sent, so that credentials may be renewed and the time is
    /// the present one.
    ///
    /// # Errors
    /// Given to the caller instead of sending anything.
    async fn sign(&self, request: Unsigned<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, ActionError>;

    /// Credentials used so far, which must not be in errors, logs and records.
    fn secrets(&self) -> Vec<SecretString>;
}
