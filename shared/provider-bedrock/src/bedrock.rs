//! The plugin itself.

use crate::models::{base, caches_by_marks, counts, is_named_so, takes_pictures};
use crate::reply::Reply;
use crate::request::{body, counted_body, schema_bytes, tokens_at_most};
use crate::settings::Settings;
use crate::stream::Stream;
use async_trait::async_trait;
use aws_account::{Account, address, region};
use domain::plugins::{AiProvider, ModelReply, ModelRequest, NoReply, TokenPrices, Usage, WhyRefused};
use domain::{ActionError, ErrorKind};
use http_client::{Answer, Auth, Client, Failure, Options};
use provider::{free_of_charge, recorded_stop, refused_for};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Long replies take minutes.
const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// Tokens are counted in a moment.
const COUNT_TIMEOUT: Duration = Duration::from_secs(30);

/// What models of different vendors say of a conversation that they refuse, in lower case: the service passes their words on.
const WHY_REFUSED: [(WhyRefused, &[&str]); 3] = [
    (
        WhyRefused::TooLong,
        &[
            "prompt is too long",
            "input is too long",
            "context window",
            "context length",
            "context limit",
            "context size",
        ],
    ),
    (WhyRefused::Unbound, &["signature", "thinking", "reasoningcontent"]),
    (WhyRefused::Picture, &["image"]),
];

/// The answer of `CountTokens`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    input_tokens: u64,
}

/// Bedrock.
#[derive(Debug, Clone)]
pub struct Bedrock {
    pub(crate) client: Client,
    prices: BTreeMap<String, TokenPrices>,
}

impl Bedrock {
    /// Does not connect yet. `section` names the settings in errors.
    ///
    /// # Errors
    /// `Rejected` when `base_url` or the region cannot be used.
    pub fn new(section: &str, settings: &Settings, options: &Options) -> Result<Self, ActionError> {
        let region = region(section, settings.region.as_deref())?;
        let base_url = settings.base_url.clone().unwrap_or_else(|| address("bedrock-runtime", &region));
        // The client checks the address first, so that nothing is signed for a wrong one.
        let client = Client::new("Bedrock", &base_url, Auth::None, options)?;
        let account = Account::new("bedrock", region, &base_url, Arc::clone(client.clock()));
        let client = Client::new("Bedrock", &base_url, Auth::Signed(Arc::new(account)), options)?
            .default_timeout(REPLY_TIMEOUT)
            .judged_by(|status, _| (status == 424).then_some(ErrorKind::Unavailable));
        Ok(Self { client, prices: settings.prices.clone() })
    }
}

#[async_trait]
impl AiProvider for Bedrock {
    async fn complete(&self, request: &ModelRequest, within: Duration) -> Result<ModelReply, NoReply> {
        let body = body(request).map_err(NoReply::NotBilled)?;
        let sent = self.client.post("/model/{modelId}/converse", &[&request.model]).json(&body);
        let answer = sent.without_redirects().within(within).send().await;
        let answer = answer.map_err(|failure| no_reply(failure, None))?;
        // A reply that cannot be read may be billed.
        let reply: Reply = answer.json().map_err(NoReply::may_be_billed)?;
        let reply = reply.into_model_reply(&request.model, request_id(&answer)).map_err(|error| {
            let problem = answer.quote(&error.to_string());
            NoReply::may_be_billed(ActionError::unavailable(format!(
                "Bedrock's reply cannot be read: {problem}"
            )))
        })?;
        Ok(recorded(&answer, reply))
    }

    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        progress: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply> {
        let body = body(request).map_err(NoReply::NotBilled)?;
        let stream = Mutex::new(Stream::default());
        let hear = |bytes: &[u8]| {
            let reported = stream.lock().unwrap_or_else(PoisonError::into_inner).hear(bytes);
            if let Some(usage) = reported {
                progress(usage);
            }
        };
        let sent = self.client.post("/model/{modelId}/converse-stream", &[&request.model]).json(&body);
        let answered = sent.without_redirects().within(within).heard_by(&hear).send().await;
        let stream = stream.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reported = stream.reported();
        let answer = answered.map_err(|failure| no_reply(failure, reported))?;
        let reply = stream.finish(&request.model, request_id(&answer)).map_err(|error| {
            let error = ActionError { message: answer.quote(&error.message), ..error };
            match error.kind {
                ErrorKind::Throttled => NoReply::NotBilled(error),
                _ => NoReply::MayBeBilled { error, reported },
            }
        })?;
        Ok(recorded(&answer, reply))
    }

    async fn count_input_tokens(
        &self,
        request: &ModelRequest,
        within: Duration,
    ) -> Result<Option<u64>, ActionError> {
        if !counts(&request.model) {
            return Ok(None);
        }
        let client = self.client.clone().default_timeout(COUNT_TIMEOUT);
        let sent = client.post("/model/{modelId}/count-tokens", &[base(&request.model)]);
        let sent = sent.json(&counted_body(request)?).without_redirects().within(within);
        match sent.send().await {
            // The count does not include the schema of a reply.
            Ok(answer) => {
                Ok(Some(answer.json::<Count>()?.input_tokens.saturating_add(schema_bytes(request))))
            }
            // Not every model counts, and not every endpoint; nor need the credentials allow it.
            Err(Failure { status: Some(400 | 403 | 404 | 405), .. }) => Ok(None),
            Err(failure) => Err(free_of_charge(failure.error)),
        }
    }

    fn input_tokens_at_most(&self, request: &ModelRequest) -> u64 {
        tokens_at_most(request)
    }

    fn price_provider(&self) -> &'static str {
        "aws"
    }

    fn given_price(&self, model: &str) -> Option<TokenPrices> {
        self.prices.get(model).copied()
    }

    fn dearest_bounds_all(&self) -> bool {
        false
    }

    fn names(&self, model: &str) -> bool {
        is_named_so(model) || self.prices.contains_key(model)
    }

    fn takes_pictures(&self, model: &str) -> bool {
        takes_pictures(model)
    }

    fn may_be_cached(&self, request: &ModelRequest) -> bool {
        !caches_by_marks(&request.model) || request.is_marked_for_cache()
    }

    fn why_refused(&self, error: &ActionError) -> Option<WhyRefused> {
        refused_for(error, &WHY_REFUSED)
    }
}

/// What a failed call may cost: <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html>. A refusal (4xx)
/// and an overload (503) say that the model was not asked, but for a model that took too long (408) or failed itself (424).
fn no_reply(failure: Failure, reported: Option<Usage>) -> NoReply {
    match failure.status {
        Some(408 | 424) => NoReply::MayBeBilled { error: failure.error, reported },
        Some(400..=499 | 503) => NoReply::NotBilled(free_of_charge(failure.error)),
        None if !failure.was_sent => NoReply::NotBilled(free_of_charge(failure.error)),
        _ => NoReply::MayBeBilled { error: failure.error, reported },
    }
}

/// The reply with its names made safe to record.
fn recorded(answer: &Answer, reply: ModelReply) -> ModelReply {
    let stop = recorded_stop(answer, reply.stop);
    ModelReply { stop, ..reply }
}

fn request_id(answer: &Answer) -> Option<String> {
    answer.header("x-amzn-requestid").map(|id| answer.quote(&id))
}
