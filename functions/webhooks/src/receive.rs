//! The road of one delivery: size, signature, meaning, decision, record, start, answer.

use crate::answer::Outcome;
use crate::command::{Command, Steering};
use crate::mention::words_for_bot;
use crate::parse::{Malformed, Meaning, parse};
use crate::route::{Decision, decide};
use crate::secrets::{SigningError, SigningReader, SigningSecrets};
use crate::settings::Settings;
use crate::signature::{Sender, SignatureError, Unverified, Verified};
use crate::start::Starter;
use crate::steer::{Steered, Steerer};
use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use domain::configuration::Configuration;
use domain::routes::Routes;
use domain::{Clock, Event, EventKey, EventKind, SystemClock};
use jiff::Timestamp;
use observability::metrics;
use records::{Occurrence, RecordsError, Table};
use runtime::Secrets;
use serde_json::json;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, Span, field};

/// The largest body that is read; the largest that GitHub sends is 25 MB, but no delivery that means something to us comes
/// near this.
const BODY_LIMIT: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Slack gives us three seconds for everything.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1000);
const OPERATION_TIMEOUT: Duration = Duration::from_millis(2500);

/// Receives deliveries and starts what they ask for.
#[derive(Debug)]
pub struct Webhooks {
    pub(crate) table: Table,
    pub(crate) starter: Starter,
    secrets: SigningReader,
    clock: Arc<dyn Clock>,
}

impl Webhooks {
    /// Receives deliveries with these clients, whose timeouts are the caller's. `state_machine_arn_prefix` is as in
    /// [`Settings`].
    pub fn new(
        table: Table,
        step_functions: aws_sdk_sfn::Client,
        secrets_manager: aws_sdk_secretsmanager::Client,
        state_machine_arn_prefix: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            starter: Starter::new(table.clone(), step_functions, state_machine_arn_prefix.into()),
            table,
            secrets: SigningReader::new(Secrets::new(secrets_manager, Arc::clone(&clock))),
            clock,
        }
    }

    /// Connects to AWS as the SDK's environment says, with timeouts that leave Slack's three seconds whole.
    pub async fn connect(settings: &Settings) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await;
        Self::new(
            Table::new(aws_sdk_dynamodb::Client::new(&config), &settings.table_name),
            aws_sdk_sfn::Client::new(&config),
            aws_sdk_secretsmanager::Client::new(&config),
            &settings.state_machine_arn_prefix,
            Arc::new(SystemClock),
        )
    }

    /// Loads what every delivery needs (configuration, routes, signing secrets), so that the first one does not wait for it. What
    /// fails is logged and tried again by that delivery.
    pub async fn warm_up(&self) {
        let now = self.clock.now();
        let (configuration, routes) = tokio::join!(self.table.configuration(now), self.table.routes(now));
        if let Err(error) = routes {
            tracing::warn!(%error, "the routes could not be loaded yet");
        }
        let configuration = match configuration {
            Ok(configuration) => configuration,
            Err(error) => return tracing::warn!(%error, "the configuration could not be loaded yet"),
        };
        if let Err(error) = self.secrets.current(&configuration.webhooks.secret).await {
            tracing::warn!(%error, "the signing secrets could not be loaded yet");
        }
    }

    /// The HTTP side: `POST /webhooks/{jira|github|slack}`.
    pub fn router(self) -> Router {
        Router::new()
            .route("/webhooks/{source}", post(receive))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(CatchPanicLayer::custom(panicked))
            .with_state(Arc::new(self))
    }

    async fn handle(&self, sender: Sender, headers: &HeaderMap, body: Bytes) -> Result<Handled, Refusal> {
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        let body = Unverified::new(body);
        let verified = self.verify(sender, headers, &body, &configuration.webhooks.secret, now).await?;
        let delivery = parse(sender, headers, &verified, &configuration.webhooks)?;
        Span::current().record("delivery", &delivery.id);
        let outcomes = match delivery.meaning {
            Meaning::Challenge(challenge) => {
                let response = Json(json!({ "challenge": challenge })).into_response();
                return Ok(Handled { response, outcome: ANSWERED });
            }
            Meaning::SlashCommand(event) => {
                let (answer, outcome) = self.answer_command(&configuration, event, now).await?;
                return Ok(Handled { response: Json(answer.into_json()).into_response(), outcome });
            }
            Meaning::Events(events) => self.act(&configuration, events, now).await?,
            Meaning::PullRequestClosed(closed) => {
                self.table.put_closed_pull_request(&closed).await?;
                vec![Outcome::Recorded]
            }
            Meaning::Button { action, value, actor } => {
                let actor = configuration.identify(actor);
                let by = Steerer {
                    configuration: &configuration,
                    actor: &actor,
                    kind: EventKind::SlackCommand,
                    delivery: &delivery.id,
                    now,
                };
                vec![self.press(&by, &action, &value).await?.into()]
            }
            Meaning::Ping => vec![Outcome::Pong],
            Meaning::Ignored(reason) => vec![Outcome::Ignored { reason }],
        };
        outcomes.iter().for_each(log);
        // A delivery can tell of several events; it counts for what was done about it.
        let telling = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Ignored { .. }));
        let outcome = telling.or(outcomes.first()).map_or("ignored", Outcome::name);
        Ok(Handled { response: Json(json!({ "results": outcomes })).into_response(), outcome })
    }

    /// Verifies with the secrets at hand and, in case they were rotated, once more with those read anew.
    async fn verify(
        &self,
        sender: Sender,
        headers: &HeaderMap,
        body: &Unverified,
        secret_name: &str,
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let verify = |secrets: &SigningSecrets| match secrets.of(sender) {
            Some(secret) => body.verify(sender, headers, secret, now).map_err(Refusal::Signature),
            None => Err(Refusal::NoSecret { sender: sender.as_str(), name: secret_name.to_owned() }),
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

    async fn act(
        &self,
        configuration: &Configuration,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<Vec<Outcome>, Refusal> {
        let routes = self.table.routes(now).await?;
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            self.keep_for_waiters(&event, now).await?;
            if let Some(steered) = self.steer_by_comment(configuration, &routes, &event, now).await? {
                outcomes.push(steered.into());
                continue;
            }
            if let Some(steered) = self.answer_by_move(configuration, &event, now).await? {
                outcomes.push(steered.into());
                continue;
            }
            outcomes.push(match decide(configuration, &routes, event) {
                Decision::Start(planned) => self.starter.start(*planned, now).await?,
                Decision::Ignore(reason) => Outcome::Ignored { reason },
                Decision::Refuse(reason) => Outcome::Refused { reason },
            });
        }
        Ok(outcomes)
    }

    /// A step may wait for the event, or will: it is found by whoever comes second.
    async fn keep_for_waiters(&self, event: &Event, now: Timestamp) -> Result<(), Refusal> {
        if let Ok(Some(key)) = EventKey::new(event.kind, &event.fields) {
            let occurrence = Occurrence { fields: event.fields.clone(), at: now };
            self.table.put_occurrence(&key, &occurrence).await?;
        }
        Ok(())
    }

    /// A ticket's move to a status that a question on it takes for an answer.
    async fn answer_by_move(
        &self,
        configuration: &Configuration,
        event: &Event,
        now: Timestamp,
    ) -> Result<Option<Steered>, Refusal> {
        let moved_to = event.fields.get("to").and_then(|status| status.as_str());
        let (EventKind::JiraTransitioned, Some(task_id), Some(status), Some(actor)) =
            (event.kind, &event.task_id, moved_to, event.actor.clone())
        else {
            return Ok(None);
        };
        let actor = configuration.identify(actor);
        let by = Steerer { configuration, actor: &actor, kind: event.kind, delivery: &event.delivery, now };
        self.move_ticket(&by, task_id, status).await
    }

    /// A comment on a ticket that says `approve`, `deny`, `stop` or `undo` to the bot, unless a workflow is started by it.
    async fn steer_by_comment(
        &self,
        configuration: &Configuration,
        routes: &Routes,
        event: &Event,
        now: Timestamp,
    ) -> Result<Option<Steered>, Refusal> {
        let text = event.fields.get("text").and_then(|text| text.as_str()).unwrap_or_default();
        let steering = match (event.kind, &event.task_id) {
            (EventKind::JiraCommented | EventKind::GithubCommented, Some(task_id)) => {
                let settings = &configuration.webhooks;
                let words = words_for_bot(text, &settings.mention, &settings.command).unwrap_or(text);
                Steering::read_on_ticket(words, task_id)
            }
            (EventKind::SlackMentioned, _) => match Command::read(text) {
                Command::Steer(steering) => Some(steering),
                _ => None,
            },
            _ => None,
        };
        let (Some(steering), Some(actor)) = (steering, event.actor.clone()) else { return Ok(None) };
        if routes.start_for(event).is_ok_and(|start| start.is_some()) {
            return Ok(None);
        }
        let actor = configuration.identify(actor);
        let by = Steerer { configuration, actor: &actor, kind: event.kind, delivery: &event.delivery, now };
        self.steer(&by, steering).await.map(Some)
    }
}

/// The outcome of a question that was answered and started nothing.
pub(crate) const ANSWERED: &str = "answered";

/// A delivery that was accepted.
struct Handled {
    response: Response,
    /// What became of it, in a word for figures.
    outcome: &'static str,
}

async fn receive(
    State(webhooks): State<Arc<Webhooks>>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let Some(sender) = Sender::from_path(&source) else {
        return problem(StatusCode::NOT_FOUND, "there is no such source; accepted: jira, github, slack");
    };
    let span = tracing::info_span!("delivery", source = sender.as_str(), delivery = field::Empty);
    let Handled { response, outcome } = accept(&webhooks, sender, request).instrument(span).await;
    metrics::delivery(sender.as_str(), outcome, started.elapsed());
    response
}

async fn accept(webhooks: &Webhooks, sender: Sender, request: Request) -> Handled {
    let unreadable = |status, message| Handled { response: problem(status, message), outcome: "unreadable" };
    let headers = request.headers().clone();
    let body = match tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return unreadable(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large; accepted: at most 1 MiB",
            );
        }
        Ok(Err(rejection)) => return unreadable(rejection.status(), "the body could not be read"),
        Err(_) => return unreadable(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in ten seconds"),
    };
    match webhooks.handle(sender, &headers, body).await {
        Ok(handled) => handled,
        Err(refusal) => Handled { outcome: refusal.outcome(), response: refusal.answer(sender) },
    }
}

/// Why a delivery was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Signature(SignatureError),
    #[error("the secret `{name}` holds no signing secret for {sender}")]
    NoSecret { sender: &'static str, name: String },
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("{0}")]
    Records(#[from] RecordsError),
    #[error("{0}")]
    Secrets(#[from] SigningError),
}

impl Refusal {
    /// What became of the delivery, in a word for figures.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Signature(_) | Self::NoSecret { .. } => "unverified",
            Self::Malformed(_) => "malformed",
            Self::Records(_) | Self::Secrets(_) => "unavailable",
        }
    }

    /// Answers the sender, who is told only what is his: how our side is broken stands in the log.
    fn answer(self, sender: Sender) -> Response {
        let mut response = match &self {
            Self::Signature(error) => {
                tracing::warn!(%error, "refused a delivery whose signature does not prove its sender");
                problem(StatusCode::UNAUTHORIZED, &error.to_string())
            }
            Self::NoSecret { .. } => {
                tracing::error!(error = %self, "refused a delivery that cannot be verified");
                problem(StatusCode::UNAUTHORIZED, "deliveries of this source cannot be verified here")
            }
            Self::Malformed(error) => {
                tracing::warn!(%error, "refused a malformed delivery");
                problem(StatusCode::BAD_REQUEST, &error.to_string())
            }
            Self::Records(_) | Self::Secrets(_) => {
                tracing::error!(error = %self, "a delivery could not be accepted");
                problem(StatusCode::SERVICE_UNAVAILABLE, "the delivery was not accepted; send it again later")
            }
        };
        if sender == Sender::Slack && response.status().is_client_error() {
            // Slack would send the same bytes three times more.
            response.headers_mut().insert("x-slack-no-retry", HeaderValue::from_static("1"));
        }
        response
    }
}

fn problem(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has printed where; the message could hold data of the delivery.
    tracing::error!("a defect ended the handling of one delivery");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "a defect of ours; the delivery was not accepted")
}

/// The delivery and its source stand in the span.
pub(crate) fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Started { workflow, execution } => tracing::info!(workflow, execution, "started"),
        Outcome::Pending { workflow, execution } => {
            tracing::warn!(workflow, execution, "recorded, to be started by the sweeper");
        }
        Outcome::Duplicate { execution } => tracing::info!(execution, "came before"),
        Outcome::AlreadyAtWork { execution } => tracing::info!(execution, "the ticket is already worked on"),
        Outcome::Ignored { reason } => tracing::info!(reason, "ignored"),
        Outcome::Refused { reason } => tracing::warn!(reason, "refused to start"),
        Outcome::Recorded => tracing::info!("recorded"),
        Outcome::Pong => tracing::info!("answered a ping"),
    }
}
