//! The plugin itself.

use crate::chat::{self, Completion, is_vendors_model};
use crate::chat_stream::ChatStream;
use crate::reply::{OUT_OF_MONEY, Reply};
use crate::request::{body, counted_body, tokens_at_most};
use crate::settings::{Api, Settings};
use crate::stream::Stream;
use async_trait::async_trait;
use domain::plugins::{AiProvider, ModelReply, ModelRequest, NoReply, TokenPrices, Usage, WhyRefused};
use domain::{ActionError, ErrorKind};
use http_client::{Answer, Auth, Client, Failure, Options, Request};
use provider::{free_of_charge, recorded_stop, refused_for};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Long replies take minutes; the API itself ends a request after ten.
const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// Tokens are counted in a moment.
const COUNT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the API and compatible servers say of a conversation that they refuse, in lower case.
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
    (WhyRefused::Unbound, &["encrypted content", "'reasoning'"]),
    (WhyRefused::Picture, &["image"]),
];

/// An API key (<https://platform.openai.com/api-keys>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The key.
    pub api_key: SecretString,
}

/// The answer of `POST /responses/input_tokens`.
#[derive(Debug, Deserialize)]
struct Count {
    input_tokens: u64,
}

/// OpenAI, or a compatible server.
#[derive(Debug, Clone)]
pub struct OpenAi {
    pub(crate) client: Client,
    api: Api,
    is_vendors: bool,
    prices: BTreeMap<String, TokenPrices>,
    pictures: Option<bool>,
}

impl OpenAi {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let client = Client::new("OpenAI", &settings.base_url, Auth::Bearer(credentials.api_key), options)?
            .default_timeout(REPLY_TIMEOUT)
            .judged_by(judge);
        let (is_vendors, prices) = (settings.is_vendors(), settings.prices.clone());
        Ok(Self { client, api: settings.api, is_vendors, prices, pictures: settings.pictures })
    }

    fn posted<'c>(&'c self, body: &impl Serialize, within: Duration) -> Request<'c> {
        let request = match self.api {
            Api::Responses => self.client.post("/responses", &[]),
            Api::ChatCompletions => self.client.post("/chat/completions", &[]),
        };
        request.json(body).within(within)
    }

    fn request(
        &self,
        request: &ModelRequest,
        stream: bool,
        within: Duration,
    ) -> Result<Request<'_>, NoReply> {
        match self.api {
            Api::Responses => body(request, stream).map(|body| self.posted(&body, within)),
            Api::ChatCompletions => chat::body(request, stream).map(|body| self.posted(&body, within)),
        }
        .map_err(NoReply::NotBilled)
    }
}

/// A reply of one of the APIs, in transit.
enum Coming {
    Response(Stream),
    Completion(ChatStream),
}

impl Coming {
    fn hear(&mut self, bytes: &[u8]) -> Option<Usage> {
        match self {
            Self::Response(stream) => stream.hear(bytes),
            Self::Completion(stream) => stream.hear(bytes),
        }
    }

    fn reported(&self) -> Option<Usage> {
        match self {
            Self::Response(stream) => stream.reported(),
            Self::Completion(stream) => stream.reported(),
        }
    }

    fn finish(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        match self {
            Self::Response(stream) => stream.finish(request_id),
            Self::Completion(stream) => stream.finish(request_id),
        }
    }
}

#[async_trait]
impl AiProvider for OpenAi {
    async fn complete(&self, request: &ModelRequest, within: Duration) -> Result<ModelReply, NoReply> {
        let answer = self.request(request, false, within)?.send().await;
        let answer = answer.map_err(|failure| no_reply(failure, None))?;
        let request_id = request_id(&answer);
        // A reply that cannot be read may be billed.
        let reply = match self.api {
            Api::Responses => {
                answer.json::<Reply>().map(|reply| (reply.reported(), reply.into_model_reply(request_id)))
            }
            Api::ChatCompletions => answer
                .json::<Completion>()
                .map(|reply| (reply.reported(), reply.into_model_reply(request_id))),
        };
        let (reported, reply) = reply.map_err(NoReply::may_be_billed)?;
        reply.map(|reply| recorded(&answer, reply)).map_err(|error| unusable(&answer, error, reported))
    }

    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        progress: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply> {
        let coming = Mutex::new(match self.api {
            Api::Responses => Coming::Response(Stream::default()),
            Api::ChatCompletions => Coming::Completion(ChatStream::default()),
        });
        let hear = |bytes: &[u8]| {
            let reported = coming.lock().unwrap_or_else(PoisonError::into_inner).hear(bytes);
            if let Some(usage) = reported {
                progress(usage);
            }
        };
        let answered = self.request(request, true, within)?.heard_by(&hear).send().await;
        let coming = coming.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reported = coming.reported();
        let answer = answered.map_err(|failure| no_reply(failure, reported))?;
        let reply = coming.finish(request_id(&answer));
        reply.map(|reply| recorded(&answer, reply)).map_err(|error| unusable(&answer, error, reported))
    }

    async fn count_input_tokens(
        &self,
        request: &ModelRequest,
        within: Duration,
    ) -> Result<Option<u64>, ActionError> {
        if self.api == Api::ChatCompletions {
            return Ok(None);
        }
        let client = self.client.clone().default_timeout(COUNT_TIMEOUT);
        let request = client.post("/responses/input_tokens", &[]).json(&counted_body(request)?);
        match request.within(within).send().await {
            Ok(answer) => Ok(Some(answer.json::<Count>()?.input_tokens)),
            // A gateway in front of the API may not have it.
            Err(Failure { status: Some(404 | 405), .. }) => Ok(None),
            Err(failure) => Err(free_of_charge(failure.error)),
        }
    }

    fn input_tokens_at_most(&self, request: &ModelRequest) -> u64 {
        match self.api {
            Api::Responses => tokens_at_most(request, body(request, true)),
            Api::ChatCompletions => tokens_at_most(request, chat::body(request, true)),
        }
    }

    fn price_provider(&self) -> &'static str {
        if self.is_vendors { "openai" } else { "openai-compatible" }
    }

    fn given_price(&self, model: &str) -> Option<TokenPrices> {
        self.prices.get(model).copied()
    }

    fn dearest_bounds_all(&self) -> bool {
        false
    }

    fn takes_pictures(&self, model: &str) -> bool {
        self.pictures.unwrap_or_else(|| is_vendors_model(model))
    }

    fn names(&self, model: &str) -> bool {
        is_vendors_model(model) || self.prices.contains_key(model)
    }

    /// The service itself caches every long prompt.
    fn may_be_cached(&self, _: &ModelRequest) -> bool {
        true
    }

    fn why_refused(&self, error: &ActionError) -> Option<WhyRefused> {
        refused_for(error, &WHY_REFUSED)
    }
}

/// Reads the kind of error from an answer: some that look like a rate limit are about payment.
fn judge(status: u16, body: &Value) -> Option<ErrorKind> {
    let error = &body["error"];
    let is = |field: &str| error[field].as_str().is_some_and(|word| OUT_OF_MONEY.contains(&word));
    (status == 429 && (is("code") || is("type"))).then_some(ErrorKind::Rejected)
}

/// What a failed call may cost: <https://platform.openai.com/docs/guides/error-codes>. A refusal (4xx) and an overload (503, which the
/// service explains) say that the model was not asked. Another server error does not.
fn no_reply(failure: Failure, reported: Option<Usage>) -> NoReply {
    match failure.status {
        Some(400..=499) => NoReply::NotBilled(free_of_charge(failure.error)),
        Some(503) if failure.body["error"].is_object() => NoReply::NotBilled(free_of_charge(failure.error)),
        None if !failure.was_sent => NoReply::NotBilled(free_of_charge(failure.error)),
        _ => NoReply::MayBeBilled { error: failure.error, reported },
    }
}

/// A reply that arrived but cannot be used. One that the service refused to go on with, such as because of throttling or an unpaid bill, is not
/// billed, unless it reported usage.
fn unusable(answer: &Answer, error: ActionError, reported: Option<Usage>) -> NoReply {
    let error = ActionError { message: answer.quote(&error.message), ..error };
    // Some gateways write zeros where nothing was used.
    let reported = reported.filter(|usage| *usage != Usage::default());
    match error.kind {
        ErrorKind::Throttled | ErrorKind::Rejected if reported.is_none() => NoReply::NotBilled(error),
        _ => NoReply::MayBeBilled { error, reported },
    }
}

/// The reply with its names made safe to record.
fn recorded(answer: &Answer, reply: ModelReply) -> ModelReply {
    let stop = recorded_stop(answer, reply.stop);
    ModelReply { stop, model: answer.quote(&reply.model), ..reply }
}

fn request_id(answer: &Answer) -> Option<String> {
    answer.header("x-request-id").map(|id| answer.quote(&id))
}
