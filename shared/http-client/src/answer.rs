//! A successful answer.

use crate::auth::Auth;
use domain::ActionError;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

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

    /// A header's value by its name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
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
                let problem = self.auth.redact(&crate::excerpt(&error.to_string()));
                return ActionError::internal(format!("{what} gave JSON of an unexpected form: {problem}"));
            }
            let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or("nothing that has a type");
            ActionError::rejected(format!(
                "{what} gave {} bytes of {kind} ({}) where JSON was expected; check base_url",
                self.body.len(),
                self.status
            ))
        })
    }
}
