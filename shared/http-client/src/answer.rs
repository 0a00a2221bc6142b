//! A successful answer.

use crate::auth::Auth;
use crate::failure::Failure;
use domain::ActionError;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer with a status of success, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) what: String,
    pub(crate) auth: Auth,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The status, 200 to 299.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The size of the body, in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// A header's value by its name, if it is text, without our credentials.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(|value| self.auth.redact(value))
    }

    /// The body as it came.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// The body as text, without our credentials. Invalid UTF-8 is replaced.
    pub fn text(&self) -> String {
        self.auth.redact(&String::from_utf8_lossy(&self.body))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `Rejected` when the answer is not JSON, as when `base_url` leads to a login page; `Internal` when it is JSON that lacks what
    /// is needed, saying what and where.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = &self.what;
            if error.is_data() {
                let problem = self.quote(&error.to_string());
                return ActionError::internal(format!("{what} gave JSON of an unexpected form: {problem}"));
            }
            let kind = self.header(CONTENT_TYPE.as_str());
            let kind = kind.map_or_else(|| "nothing that has a type".to_owned(), |kind| self.quote(&kind));
            ActionError::rejected(format!(
                "{what} gave {} bytes of {kind} ({}) where JSON was expected; check base_url",
                self.body.len(),
                self.status
            ))
        })
    }

    /// An excerpt of a text in the answer for an error or a record: without our credentials, on one line, at most 500 characters.
    pub fn quote(&self, text: &str) -> String {
        self.auth.quote(text)
    }

    /// The failure in an answer, for services that report failures with a success status. `body` is the answer's; nothing
    /// in either shows our credentials.
    pub fn failure(&self, body: Value, error: ActionError) -> Failure {
        let (body, error) = (self.auth.without_secrets_in(body), self.auth.without_secrets(error));
        Failure { status: Some(self.status), body, error, was_sent: true }
    }
}
