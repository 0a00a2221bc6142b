//! `/executions/{name}/stop`, `/redrive` and `/undo`.

use crate::api::{BASE, Shared};
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::idempotency::{Accepted, once};
use crate::problem::{Code, Problem};
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{Change, OfOne};
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use control::{RedriveError, RedriveResult, StopResult, UndoError, UndoResult};
use domain::execution::execution_name;
use jiff::Timestamp;
use records::EffectRecord;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Operations on one execution.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(stop_execution))
        .routes(routes!(redrive_execution))
        .routes(routes!(preview_undo, undo_execution))
}

/// Where an execution is found.
pub(crate) fn location_of(execution: &str) -> String {
    format!("{BASE}/executions/{execution}")
}

/// That an execution is about to be stopped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StopAccepted {
    /// Its name.
    execution: String,
}

/// That an execution continues another one.
#[derive(Debug, Serialize, ToSchema)]
struct RedriveAccepted {
    /// The name of the new execution.
    execution: String,
    /// The name of the execution that it continues, or starts over.
    continues: String,
    /// Whether it starts over, because a rollback took everything back.
    anew: bool,
}

/// The response to an undo.
#[derive(Debug, Serialize, ToSchema)]
struct UndoAccepted {
    /// The name of the execution that takes it back.
    execution: String,
    /// The name of the execution whose effects are taken back.
    undoes: String,
}

/// The effects that an undo would take back.
#[derive(Debug, Serialize, ToSchema)]
struct UndoPreview {
    /// The effects of the run, the newest first: they are taken back in this order.
    effects: Vec<Effect>,
    /// How many of them are left to be taken back, or may be.
    left: usize,
    /// Identifies the remaining effects: an undo with this code takes back nothing else.
    code: String,
}

/// The code that binds an undo to a preview.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct UndoShown {
    /// The `code` of a preview: where something else is left by now, nothing is taken back.
    #[param(min_length = 1, max_length = 500)]
    code: Option<String>,
}

impl Parameters for UndoShown {
    fn read(given: &mut Given) -> Self {
        Self { code: given.text("code") }
    }
}

/// One change outside.
#[derive(Debug, Serialize, ToSchema)]
struct Effect {
    /// The step that made it.
    step: String,
    /// The action that made it.
    action: String,
    /// `intended`, `sent`, `done`, `undone` or `abandoned`.
    status: String,
    /// When it was first intended.
    at: Timestamp,
    /// The action that takes it back. Absent if it stays: it has no inverse, or existed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    inverse: Option<String>,
    /// Where people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl From<EffectRecord> for Effect {
    fn from(effect: EffectRecord) -> Self {
        let step = effect.key.strip_prefix(&effect.run).unwrap_or(&effect.key);
        let place = effect.seen_at().map(str::to_owned);
        let inverse = effect.inverse.filter(|_| !effect.existed);
        Self {
            step: step.trim_start_matches([':', '/']).to_owned(),
            action: effect.action.to_string(),
            status: effect.status.as_str().to_owned(),
            at: effect.at,
            inverse: inverse.map(|inverse| inverse.action.to_string()),
            place,
        }
    }
}

/// Stops an execution.
///
/// The request is recorded, and carried out within seconds. Effects of the execution stay.
#[utoipa::path(
    post, path = "/executions/{name}/stop", tag = "executions",
    params(
        ("name" = String, Path, description = "The execution's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)
    ),
    responses((status = 202, description = "It is about to be stopped.", body = StopAccepted), Change)
)]
async fn stop_execution(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<Accepted, Problem> {
    stop(&api, &caller, &name).await
}

/// Stops an execution that the caller may see.
///
/// # Errors
/// A problem if it is not found, has ended, or the caller may not stop it.
pub(crate) async fn stop(api: &Shared, caller: &Caller, name: &str) -> Result<Accepted, Problem> {
    once(api, caller, &format!("stop {name}"), &Value::Null, async || {
        let execution = caller.execution(api, name).await?;
        match api.control.stop_execution(&caller.asking(), execution).await? {
            StopResult::Requested { .. } => {
                Ok(Accepted::new(Some(location_of(name)), &StopAccepted { execution: name.to_owned() }))
            }
            StopResult::Ended { .. } | StopResult::NothingAtWork => {
                Err(Problem::new(Code::Conflict, format!("`{name}` has already ended")))
            }
            StopResult::Denied(reason) => Err(Caller::denied(reason)),
        }
    })
    .await
}

/// Continues a run that failed or was stopped.
///
/// A new execution of the current workflow does the rest; completed effects and paid replies replay.
#[utoipa::path(
    post, path = "/executions/{name}/redrive", tag = "executions",
    params(
        ("name" = String, Path, description = "The execution's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)
    ),
    responses(
        (status = 202, description = "A new execution continues it.", body = RedriveAccepted,
            headers(("Location" = String, description = "The new execution."))),
        Change
    )
)]
async fn redrive_execution(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<Accepted, Problem> {
    once(&api, &caller, &format!("redrive {name}"), &Value::Null, async || {
        caller.execution(&api, &name).await?;
        match api.control.redrive_execution(&caller.asking(), &name).await {
            Ok(RedriveResult::Accepted { execution, continues, anew }) => {
                let location = location_of(&execution);
                Ok(Accepted::new(Some(location), &RedriveAccepted { execution, continues, anew }))
            }
            Ok(RedriveResult::Refused(refusal)) => Err(Problem::new(Code::Conflict, refusal.to_string())),
            Ok(RedriveResult::Unknown) => Err(Problem::not_found("execution")),
            Ok(RedriveResult::Denied(reason)) => Err(Caller::denied(reason)),
            Err(RedriveError::Inputs(error)) => Err(Problem::new(Code::Conflict, error.to_string())),
            Err(RedriveError::Records(error)) => Err(error.into()),
        }
    })
    .await
}

/// Returns the effects that an undo would take back.
#[utoipa::path(
    get, path = "/executions/{name}/undo", tag = "executions",
    params(("name" = String, Path, description = "The execution's name.")),
    responses((status = 200, description = "The effects, the newest first.", body = UndoPreview), OfOne)
)]
async fn preview_undo(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<UndoPreview>, Problem> {
    let execution = caller.execution(&api, &name).await?;
    let mut effects = match execution.run() {
        Some(run) => api.table.journal_of(run).await?,
        None => Vec::new(),
    };
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.sequence));
    let left = api.control.preview_of(&execution).await?;
    Ok(Json(UndoPreview {
        effects: effects.into_iter().map(Effect::from).collect(),
        left: left.effects.len(),
        code: left.code,
    }))
}

/// Takes back the effects of an execution.
///
/// A new execution does it, the newest effect first.
#[utoipa::path(
    post, path = "/executions/{name}/undo", tag = "executions",
    params(
        UndoShown,
        ("name" = String, Path, description = "The execution's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)
    ),
    responses(
        (status = 202, description = "A new execution takes it back.", body = UndoAccepted,
            headers(("Location" = String, description = "The new execution."))),
        Change
    )
)]
async fn undo_execution(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    Query(UndoShown { code }): Query<UndoShown>,
) -> Result<Accepted, Problem> {
    once(&api, &caller, &format!("undo {name}"), &json!(code), async || {
        let execution = caller.execution(&api, &name).await?;
        let conflict = |detail: String| Err(Problem::new(Code::Conflict, detail));
        match api.control.undo_execution(&caller.asking(), &name, code.as_deref()).await {
            Ok(UndoResult::Accepted { .. }) => {
                let source = caller.trigger().source();
                let new = execution_name(&source, execution.task_id.as_deref(), caller.delivery());
                let location = location_of(&new);
                Ok(Accepted::new(Some(location), &UndoAccepted { execution: new, undoes: name.clone() }))
            }
            Ok(UndoResult::AtWork { workflow }) => {
                conflict(format!("`{workflow}` is at work; it must end or be stopped first"))
            }
            Ok(UndoResult::AlreadyAtWork { execution }) => {
                conflict(format!("`{execution}` is at work on the same ticket"))
            }
            Ok(UndoResult::Changed(_)) => {
                conflict(format!("what `{name}` left to undo has changed since it was shown"))
            }
            Ok(UndoResult::NothingDone) => conflict(format!("`{name}` left nothing that can be taken back")),
            Ok(UndoResult::Unknown) => Err(Problem::not_found("execution")),
            Ok(UndoResult::Denied(reason)) => Err(Caller::denied(reason)),
            Err(UndoError::Inputs(error)) => conflict(error.to_string()),
            Err(UndoError::Records(error)) => Err(error.into()),
        }
    })
    .await
}
