//! The plugin itself.

use crate::reply::Reply;
use crate::request::{body, tokens_at_most};
use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{AiProvider, ModelReply, ModelRequest};
use domain::{ActionError, ErrorKind};
use http_client::{Auth, Client, Options};
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

/// Long replies take minutes; the API itself ends a request after ten.
const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// An API key (<https://platform.claude.com/settings/keys>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The key.
    pub api_key: SecretString,
}

/// Claude.
#[derive(Debug, Clone)]
pub struct Claude {
    pub(crate) client: Client,
}

impl Claude {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let auth = Auth::Header { name: "x-api-key", value: credentials.api_key };
        let client = Client::new("Claude", &settings.base_url, auth, options)?
            .header("anthropic-version", "2023-06-01")
            .default_timeout(REPLY_TIMEOUT);
        Ok(Self { client })
    }
}

#[async_trait]
impl AiProvider for Claude {
    async fn complete(&self, request: &ModelRequest) -> Result<ModelReply, ActionError> {
        let request = self.client.post("/v1/messages", &[]).json(&body(request));
        let answer = request.send().await.map_err(|failure| match failure.error.kind {
            // An answer with an error is not billed, also where the service itself failed.
            ErrorKind::Unavailable | ErrorKind::Conflict if failure.status.is_some() => {
                failure.with_kind(ErrorKind::Throttled)
            }
            _ => failure,
        })?;
        // A reply that cannot be read may be billed.
        let reply: Reply =
            answer.json().map_err(|error| ActionError { kind: ErrorKind::Unavailable, ..error })?;
        Ok(reply.into_model_reply(answer.header("request-id").map(str::to_owned)))
    }

    fn input_tokens_at_most(&self, request: &ModelRequest) -> u64 {
        tokens_at_most(request)
    }

    fn price_provider(&self) -> &'static str {
        "anthropic"
    }
}
