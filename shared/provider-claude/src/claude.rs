//! The plugin itself.

use crate::reply::Reply;
use crate::request::{body, counted_body, tokens_at_most};
use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{AiProvider, ModelReply, ModelRequest, NoReply};
use domain::{ActionError, ErrorKind};
use http_client::{Auth, Client, Failure, Options};
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

/// Long replies take minutes; the API itself ends a request after ten.
const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// Tokens are counted in a moment.
const COUNT_TIMEOUT: Duration = Duration::from_secs(30);

/// An API key (<https://platform.claude.com/settings/keys>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The key.
    pub api_key: SecretString,
}

/// The answer of `POST /v1/messages/count_tokens`.
#[derive(Debug, Deserialize)]
struct Count {
    input_tokens: u64,
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
    async fn complete(&self, request: &ModelRequest, within: Duration) -> Result<ModelReply, NoReply> {
        let request = self.client.post("/v1/messages", &[]).json(&body(request)).within(within);
        let answer = request.send().await.map_err(no_reply)?;
        // A reply that cannot be read may be billed.
        let reply: Reply = answer.json().map_err(NoReply::MayBeBilled)?;
        Ok(reply.into_model_reply(answer.header("request-id").map(str::to_owned)))
    }

    async fn count_input_tokens(
        &self,
        request: &ModelRequest,
        within: Duration,
    ) -> Result<Option<u64>, ActionError> {
        let client = self.client.clone().default_timeout(COUNT_TIMEOUT);
        let request = client.post("/v1/messages/count_tokens", &[]).json(&counted_body(request));
        match request.within(within).send().await {
            Ok(answer) => Ok(Some(answer.json::<Count>()?.input_tokens)),
            // A gateway in front of the API may not have it.
            Err(Failure { status: Some(404 | 405), .. }) => Ok(None),
            Err(failure) => Err(tried_again(failure.error)),
        }
    }

    fn input_tokens_at_most(&self, request: &ModelRequest) -> u64 {
        tokens_at_most(request)
    }

    fn price_provider(&self) -> &'static str {
        "anthropic"
    }
}

/// What a failed call may cost: <https://platform.claude.com/docs/en/api/errors>. A refusal (4xx) and an overload (529) say that the
/// model was not asked. A server error does not.
fn no_reply(failure: Failure) -> NoReply {
    match failure.status {
        Some(400..=499 | 529) => NoReply::NotBilled(tried_again(failure.error)),
        None if !failure.was_sent => NoReply::NotBilled(tried_again(failure.error)),
        _ => NoReply::MayBeBilled(failure.error),
    }
}

/// What cost nothing is tried again like any call that came too often.
fn tried_again(error: ActionError) -> ActionError {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::Conflict => ActionError { kind: ErrorKind::Throttled, ..error },
        _ => error,
    }
}
