//! Processes one delivery: size, signature, meaning, decision, record, start, answer.

use crate::act::Acting;
use crate::answer::{ANSWERED, Outcome};
use crate::bodies::{Bodies, HeldBody, Unreadable};
use crate::endpoint::Endpoint;
use crate::secrets::{SigningError, SigningReader, SigningSecrets};
use crate::seldom::Seldom;
use crate::senders::{
    self, Bot, Malformed, Meaning, ReopenedPullRequest, SenderSpec, SignatureError, Unverified, Verified,
};
use crate::slash::answer_command;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use control::{Control, Directory};
use domain::{ActionError, Clock, SourceName};
use jiff::Timestamp;
use observability::metrics;
use records::{RecordsError, Table};
use runtime::{Secrets, Services};
use serde_json::json;
use std::any::Any;
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, Span, field};

/// Where deliveries arrive.
pub(crate) const PATH: &str = "/webhooks/{source}";

/// Receives deliveries and acts on them.
#[derive(Debug)]
pub struct Webhooks {
    pub(crate) table: Table,
    pub(crate) control: Control,
    pub(crate) secrets: SigningReader,
    pub(crate) clock: Arc<dyn Clock>,
    bodies: Bodies,
    unverified: Seldom,
    /// When the configuration was last read for requests that nobody signed.
    unknown: Seldom,
}

impl Webhooks {
    /// Receives deliveries with these clients, whose timeouts are the caller's. `state_machine_arn_prefix` is as in
    /// [`Services::new`].
    pub fn new(
        table: Table,
        step_functions: aws_sdk_sfn::Client,
        secrets_manager: aws_sdk_secretsmanager::Client,
        state_machine_arn_prefix: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            control: Control::new(
                table.clone(),
                step_functions,
                state_machine_arn_prefix,
                Arc::clone(&clock),
            ),
            table,
            secrets: SigningReader::new(Secrets::new(secrets_manager, Arc::clone(&clock))),
            clock,
            bodies: Bodies::default(),
            unverified: Seldom::default(),
            unknown: Seldom::default(),
        }
    }

    /// Receives deliveries with a function's services.
    ///
    /// # Errors
    /// `Internal` without the prefix of state machines.
    pub(crate) fn connect(services: &Services) -> Result<Self, ActionError> {
        Ok(Self::new(
            services.table(),
            services.step_functions(),
            services.secrets_manager(),
            services.state_machine_arn_prefix()?,
            services.clock(),
        ))
    }

    /// The HTTP side: `POST /webhooks/{name}`, with the name of an [`Endpoint`].
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().route(PATH, post(receive)).layer(CatchPanicLayer::custom(panicked)).with_state(self)
    }

    async fn handle(
        &self,
        endpoint: &Endpoint,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Handled, Refusal> {
        let now = self.clock.now();
        let directory = endpoint.directory(&self.control, now).await?;
        let secret = &directory.configuration().webhooks.secret;
        let verified = self.verify(endpoint, headers, &Unverified::new(body), secret, now).await?;
        self.act_on(endpoint, headers, &verified, &directory).await
    }

    /// Acts on a delivery whose sender is proven, by the configuration as [`Endpoint::directory`] gives it.
    pub(crate) async fn act_on(
        &self,
        Endpoint { place, sender, .. }: &Endpoint,
        headers: &HeaderMap,
        verified: &Verified,
        directory: &Directory,
    ) -> Result<Handled, Refusal> {
        let now = self.clock.now();
        let configuration = directory.configuration();
        let names = [place.as_str(), sender.name()];
        let learned = self.learned_account(&names, &configuration.webhooks).await?;
        let bot = Bot::at(names, &configuration.webhooks, learned.as_deref());
        let delivery = sender.parse(headers, verified, &bot)?;
        Span::current().record("delivery", &delivery.id);
        let (control, table) = (&self.control, &self.table);
        if let Some(creation) = &delivery.creation {
            table.put_creation(&creation.digest, &creation.task_id, now).await?;
        }
        let acting = Acting { control, table, directory, place, now };
        let outcomes = match delivery.meaning.at(place) {
            Meaning::Handshake(answer) => {
                return Ok(Handled { response: Json(answer).into_response(), outcome: ANSWERED });
            }
            Meaning::SlashCommand(event) => {
                let (answer, outcome) = answer_command(&acting, event).await?;
                let response = Json(sender.answer(&answer)).into_response();
                return Ok(Handled { response, outcome });
            }
            Meaning::Events(events) => acting.on_events(events).await?,
            Meaning::InThread(received) => acting.on_thread(*received).await?,
            Meaning::PullRequestClosed(closed, received) => {
                self.table.put_closed_pull_request(&closed).await?;
                let mut outcomes = acting.on_events(vec![*received]).await?;
                // It is recorded, whether or not something starts on it.
                outcomes.retain(|outcome| !matches!(outcome, Outcome::Ignored { .. }));
                if outcomes.is_empty() {
                    outcomes.push(Outcome::Recorded);
                }
                outcomes
            }
            Meaning::PullRequestReopened(ReopenedPullRequest { repository, number, at }) => {
                match self.table.put_reopened_pull_request(&repository, number, at).await? {
                    true => vec![Outcome::Recorded],
                    false => vec![Outcome::Ignored { reason: "it is not known to be closed".to_owned() }],
                }
            }
            Meaning::Button(mut button) => {
                let acknowledgment = button.acknowledgment.take();
                let outcome = acting.on_button(button, &delivery.id).await?;
                if let Some(acknowledgment) = acknowledgment {
                    outcome.log();
                    let response = Json(acknowledgment).into_response();
                    return Ok(Handled { response, outcome: outcome.name() });
                }
                vec![outcome]
            }
            Meaning::Ping => vec![Outcome::Pong],
            Meaning::Ignored(reason) => vec![Outcome::Ignored { reason }],
        };
        outcomes.iter().for_each(Outcome::log);
        // A delivery can contain several events; the first one that was not ignored determines its outcome.
        let telling = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Ignored { .. }));
        let outcome = telling.or(outcomes.first()).map_or("ignored", Outcome::name);
        Ok(Handled { response: Json(json!({ "results": outcomes })).into_response(), outcome })
    }

    /// The bot's own account according to the service, if the configuration has none.
    async fn learned_account(
        &self,
        names: &[&str; 2],
        settings: &domain::configuration::Webhooks,
    ) -> Result<Option<String>, RecordsError> {
        if names.iter().any(|name| settings.own_accounts.contains_key(*name)) {
            return Ok(None);
        }
        Ok(self.table.own_account(names[0]).await?.and_then(|own| own.account))
    }

    /// Verifies with the current secrets and, in case they were rotated, once more with fresh ones.
    async fn verify(
        &self,
        Endpoint { place, sender, .. }: &Endpoint,
        headers: &HeaderMap,
        body: &Unverified,
        secret_name: &str,
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let verify = |secrets: &SigningSecrets| {
            let mut refusal = Refusal::NoSecret { endpoint: place.clone(), secret: secret_name.to_owned() };
            for secret in secrets.of(place.as_str()) {
                match sender.verify(body, headers, secret, now) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => refusal = Refusal::Signature(error),
                }
            }
            Err(refusal)
        };
        let refusal = match verify(&self.secrets.current(secret_name).await?) {
            Ok(verified) => return Ok(verified),
            Err(refusal) => refusal,
        };
        if !matches!(refusal, Refusal::Signature(SignatureError::Wrong(_)) | Refusal::NoSecret { .. }) {
            return Err(refusal);
        }
        match self.secrets.after_failure(secret_name).await {
            Some(secrets) => verify(&secrets),
            None => Err(refusal),
        }
    }
}

/// A delivery that was accepted.
pub(crate) struct Handled {
    pub(crate) response: Response,
    /// The outcome's name in metrics.
    pub(crate) outcome: &'static str,
}

async fn receive(
    State(webhooks): State<Arc<Webhooks>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (table, unknown, now) = (&webhooks.table, &webhooks.unknown, webhooks.clock.now());
    let asked = (name.as_str(), request.headers());
    let endpoint = match Endpoint::of_request(&webhooks.control, (table, unknown), asked, now).await {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) => {
            let names = senders::names();
            let message = format!(
                "nothing sends webhooks to `{name}`; accepted: {names}, and instances of them under plugins"
            );
            return problem(StatusCode::NOT_FOUND, &message);
        }
        Err(error) => {
            tracing::error!(%error, source = name, "the configuration, which names the senders, cannot be read");
            return problem(StatusCode::SERVICE_UNAVAILABLE, NOT_ACCEPTED);
        }
    };
    let span = tracing::info_span!("delivery", source = %endpoint.place, delivery = field::Empty);
    let Handled { response, outcome } = accept(&webhooks, &endpoint, request).instrument(span).await;
    // Figures are kept by sender: their labels are a closed list.
    metrics::delivery(endpoint.sender.name(), outcome, started.elapsed());
    response
}

/// Reads the body only if the sender's headers are well-formed, so that senders without a signature use no memory.
async fn accept(webhooks: &Webhooks, endpoint: &Endpoint, request: Request) -> Handled {
    let (head, body) = request.into_parts();
    let accepted = async {
        endpoint.sender.check_headers(&head.headers, webhooks.clock.now()).map_err(Refusal::Signature)?;
        let HeldBody { bytes, place } = webhooks.bodies.read(body, announced(&head.headers)).await?;
        let handled = webhooks.handle(endpoint, &head.headers, bytes).await;
        drop(place);
        handled
    };
    match accepted.await {
        Ok(handled) => handled,
        Err(refusal) => {
            refusal.log(webhooks);
            Handled { outcome: refusal.outcome(), response: refusal.answer(endpoint.sender) }
        }
    }
}

/// The length of the body, if the request gives it.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Why a delivery was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    #[error("{0}")]
    Signature(SignatureError),
    #[error("the secret `{secret}` has no signing secret under `{endpoint}`")]
    NoSecret { endpoint: SourceName, secret: String },
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("{0}")]
    Records(#[from] RecordsError),
    #[error("{0}")]
    Secrets(#[from] SigningError),
}

impl Refusal {
    /// The outcome's name in metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Signature(_) | Self::NoSecret { .. } => "unverified",
            Self::Malformed(_) | Self::Records(RecordsError::Invalid(_)) => "malformed",
            Self::Records(_) | Self::Secrets(_) => "unavailable",
        }
    }

    /// Logs it; what strangers can cause as often as they like, only now and then.
    fn log(&self, webhooks: &Webhooks) {
        let seldom = || webhooks.unverified.now(webhooks.clock.now());
        match self {
            Self::Unreadable(_) => {}
            Self::Signature(error) => {
                if let Some(more_before) = seldom() {
                    tracing::warn!(%error, more_before, "refused a delivery whose signature is missing or invalid");
                }
            }
            Self::NoSecret { .. } => {
                if let Some(more_before) = seldom() {
                    tracing::error!(error = %self, more_before, "refused a delivery that cannot be verified");
                }
            }
            Self::Malformed(error) => tracing::warn!(%error, "refused a malformed delivery"),
            Self::Records(RecordsError::Invalid(error)) => {
                tracing::warn!(error, "refused a delivery that cannot be recorded");
            }
            Self::Records(_) | Self::Secrets(_) => {
                tracing::error!(error = %self, "a delivery could not be accepted");
            }
        }
    }

    /// Answers the sender, who sees only its own error.
    fn answer(self, sender: &SenderSpec) -> Response {
        let (status, message) = match &self {
            Self::Unreadable(error) => {
                let status = match error {
                    Unreadable::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                    Unreadable::TooSlow => StatusCode::REQUEST_TIMEOUT,
                    Unreadable::TooMany => StatusCode::SERVICE_UNAVAILABLE,
                    Unreadable::Broken => StatusCode::BAD_REQUEST,
                };
                // This is not final: the same delivery may arrive whole.
                return problem(status, &error.to_string());
            }
            Self::Signature(error) => (StatusCode::UNAUTHORIZED, error.to_string()),
            Self::NoSecret { .. } => {
                (StatusCode::UNAUTHORIZED, "deliveries from this source cannot be verified here".to_owned())
            }
            Self::Malformed(error) => (StatusCode::BAD_REQUEST, error.to_string()),
            // The same delivery again would be refused again.
            Self::Records(RecordsError::Invalid(_)) => {
                let message = "the delivery cannot be recorded: something in it is too long or empty";
                (StatusCode::BAD_REQUEST, message.to_owned())
            }
            Self::Records(_) | Self::Secrets(_) => (StatusCode::SERVICE_UNAVAILABLE, NOT_ACCEPTED.to_owned()),
        };
        let mut response = problem(status, &message);
        if status.is_client_error() {
            for (name, value) in sender.final_refusal() {
                response.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
        }
        response
    }
}

const NOT_ACCEPTED: &str = "the delivery was not accepted; send it again later";

fn problem(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has printed the location; the message could contain data from the delivery.
    tracing::error!("a bug aborted the handling of a delivery");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "internal error; the delivery was not accepted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_a_series() {
        let missing = || runtime::SecretError::Missing("x".to_owned());
        for refusal in [
            Refusal::Unreadable(Unreadable::Broken),
            Refusal::Signature(SignatureError::Missing("x")),
            Refusal::NoSecret { endpoint: SourceName::API, secret: "x".to_owned() },
            Refusal::Secrets(SigningError::Secret(missing())),
        ] {
            let outcome = refusal.outcome();
            assert!(observability::series::DELIVERY_OUTCOMES.contains(&outcome), "{outcome} has no series");
        }
    }
}
