//! The plugin itself.

use crate::reply::Reply;
use crate::request::{body, counted_body, streamed_body, tokens_at_most};
use crate::settings::Settings;
use crate::stream::Stream;
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::{AiProvider, ModelReply, ModelRequest, NoReply, Usage, WhyRefused};
use http_client::{Answer, Auth, Client, Failure, Options};
use provider::{free_of_charge, recorded_stop, refused_for};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Long replies take minutes; the API itself ends a request after ten.
const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// Tokens are counted in a moment.
const COUNT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the API says of a conversation that it refuses, in lower case: it has no codes for this.
const WHY_REFUSED: [(WhyRefused, &[&str]); 3] = [
    (WhyRefused::TooLong, &["prompt is too long", "input is too long", "context window", "context limit"]),
    (WhyRefused::Unbound, &["signature", "thinking"]),
    (WhyRefused::Picture, &["image"]),
];

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
    /// Does not connect yet.
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
        let body = body(request).map_err(NoReply::NotBilled)?;
        let request = self.client.post("/v1/messages", &[]).json(&body).within(within);
        let answer = request.send().await.map_err(|failure| no_reply(failure, None))?;
        // A reply that cannot be read may be billed.
        let reply: Reply = answer.json().map_err(NoReply::may_be_billed)?;
        let reply = reply.into_model_reply(request_id(&answer)).map_err(|error| {
            let problem = answer.quote(&error.to_string());
            let unreadable = ActionError::unavailable(format!("Claude's reply cannot be read: {problem}"));
            NoReply::may_be_billed(unreadable)
        })?;
        Ok(recorded(&answer, reply))
    }

    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        progress: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply> {
        let body = streamed_body(request).map_err(NoReply::NotBilled)?;
        let stream = Mutex::new(Stream::default());
        let hear = |bytes: &[u8]| {
            let reported = stream.lock().unwrap_or_else(PoisonError::into_inner).hear(bytes);
            if let Some(usage) = reported {
                progress(usage);
            }
        };
        let request = self.client.post("/v1/messages", &[]).json(&body).within(within).heard_by(&hear);
        let answered = request.send().await;
        let stream = stream.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reported = stream.reported();
        let answer = answered.map_err(|failure| no_reply(failure, reported))?;
        let reply = stream.finish(request_id(&answer)).map_err(|error| {
            let error = ActionError { message: answer.quote(&error.message), ..error };
            NoReply::MayBeBilled { error, reported }
        })?;
        Ok(recorded(&answer, reply))
    }

    async fn count_input_tokens(
        &self,
        request: &ModelRequest,
        within: Duration,
    ) -> Result<Option<u64>, ActionError> {
        let client = self.client.clone().default_timeout(COUNT_TIMEOUT);
        let request = client.post("/v1/messages/count_tokens", &[]).json(&counted_body(request)?);
        match request.within(within).send().await {
            Ok(answer) => Ok(Some(answer.json::<Count>()?.input_tokens)),
            // A gateway in front of the API may not have it.
            Err(Failure { status: Some(404 | 405), .. }) => Ok(None),
            Err(failure) => Err(free_of_charge(failure.error)),
        }
    }

    fn input_tokens_at_most(&self, request: &ModelRequest) -> u64 {
        tokens_at_most(request)
    }

    fn price_provider(&self) -> &'static str {
        "anthropic"
    }

    fn dearest_bounds_all(&self) -> bool {
        true
    }

    fn names(&self, model: &str) -> bool {
        model.starts_with("claude-")
    }

    fn why_refused(&self, error: &ActionError) -> Option<WhyRefused> {
        refused_for(error, &WHY_REFUSED)
    }
}

/// What a failed call may cost: <https://platform.claude.com/docs/en/api/errors>. A refusal (4xx) and an overload (529) say that the
/// model was not asked. A server error does not.
fn no_reply(failure: Failure, reported: Option<Usage>) -> NoReply {
    match failure.status {
        Some(400..=499 | 529) => NoReply::NotBilled(free_of_charge(failure.error)),
        None if !failure.was_sent => NoReply::NotBilled(free_of_charge(failure.error)),
        _ => NoReply::MayBeBilled { error: failure.error, reported },
    }
}

/// The reply with its names made safe to record.
fn recorded(answer: &Answer, reply: ModelReply) -> ModelReply {
    let stop = recorded_stop(answer, reply.stop);
    ModelReply { stop, model: answer.quote(&reply.model), ..reply }
}

fn request_id(answer: &Answer) -> Option<String> {
    answer.header("request-id").map(|id| answer.quote(&id))
}
