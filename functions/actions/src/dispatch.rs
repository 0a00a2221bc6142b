//! From a state machine's payload to the action and back: the same in Lambda and on one machine.

use crate::action::ActionEntry;
use crate::actions;
use crate::context::Context;
use crate::done::NoOutput;
use crate::effect::Effect;
use crate::reach;
use crate::scope::{Scope, read_payload};
use control::Directory;
use domain::execution::TaskPayload;
use domain::{ActionError, ActionId, CheckRunner, Clock, ErrorKind};
use futures::FutureExt;
use jiff::SignedDuration;
use observability::metrics;
use providers::{Patience, Providers, Waiting, with_patience};
use records::{Admission, EffectRecord, EffectRequest, SeenEffect, StepEnd, StepReading, StepStatus, Table};
use runtime::{Secrets, Services};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// The suffix of the key of a step that takes back the effect with the key before it.
const UNDO: &str = "/undo";

/// Performs actions.
#[derive(Debug)]
pub struct Dispatcher {
    pub(crate) table: Table,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) check_runner: Option<Arc<dyn CheckRunner>>,
}

impl Dispatcher {
    /// A dispatcher with these records and secrets. Nothing is read before the first invocation.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn new(
        table: Table,
        secrets: aws_sdk_secretsmanager::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ActionError> {
        let secrets = Secrets::new(secrets, Arc::clone(&clock));
        let waiting = Waiting { patience: Patience::Of(Duration::ZERO), request_timeout: None };
        let providers = Providers::new(table.clone(), secrets, Arc::clone(&clock), waiting)?;
        Ok(Self { table, providers, clock, check_runner: None })
    }

    /// A dispatcher with a function's services.
    ///
    /// # Errors
    /// As [`Dispatcher::new`].
    pub(crate) fn connect(services: &Services) -> Result<Self, ActionError> {
        let dispatcher = Self::new(services.table(), services.secrets_manager(), services.clock())?;
        Ok(Self { check_runner: services.check_runner(), ..dispatcher })
    }

    /// The same, with something that runs projects' checks.
    pub fn with_check_runner(self, runner: Arc<dyn CheckRunner>) -> Self {
        Self { check_runner: Some(runner), ..self }
    }

    /// Performs the action of this name for a step: `payload` is [`TaskPayload`] as JSON, the result the action's output.
    ///
    /// The step is recorded when it starts and ends. An effect that was done before under the same key is not done again. A step
    /// whose plugin type the project leaves unset is recorded as skipped, and every field of its output is `null`.
    ///
    /// # Errors
    /// Those of the action, by their kinds; `Internal` for an unknown name, for a payload that cannot be read and for a panic.
    pub async fn dispatch(&self, action: &str, payload: Value) -> Result<Value, ActionError> {
        let action = actions::find(action).map_err(|error| ActionError::internal(error.to_string()))?;
        let (started, name) = (Instant::now(), action.spec.name);
        let payload = match read_payload(payload) {
            Ok(payload) => payload,
            Err(error) => {
                metrics::action(name, error.kind.as_str(), started.elapsed());
                tracing::error!(action = name, %error, "the action received a payload that it cannot read");
                return Err(error);
            }
        };
        let read = self.read_for(action, &payload).await;
        let redrive = read.as_ref().ok().and_then(|read| read.admission.as_ref()?.execution.clone());
        let execution = redrive.unwrap_or_else(|| payload.execution().to_owned());
        let span = tracing::info_span!("action", action = name, execution, state = payload.state());
        let performed = async {
            let result = async { self.perform_step(action, payload, read?, execution).await };
            let result = AssertUnwindSafe(Box::pin(result)).catch_unwind().await;
            let result = result.unwrap_or_else(|_| {
                Err(ActionError::internal(format!("{name} panicked; this is a defect, please report it")))
            });
            let (took, outcome) = (started.elapsed(), outcome(&result));
            metrics::action(name, outcome, took);
            let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            match &result {
                Ok(_) => tracing::info!(outcome, duration_ms, "the action ended"),
                Err(error) => tracing::warn!(outcome, duration_ms, %error, "the action failed"),
            }
            result.map(|(_, output)| output)
        };
        performed.instrument(span).await
    }

    async fn perform_step(
        &self,
        action: &'static ActionEntry,
        payload: TaskPayload,
        read: StepReading,
        execution: String,
    ) -> Result<(Performed, Value), ActionError> {
        if action.spec.admits {
            let admitted = self.perform(action, payload, read, execution).await;
            let admitted = self.shown(admitted).await.map_err(|ended| match ended {
                NoOutput::Failed(error) => error,
                other => {
                    ActionError::internal(format!("{} ended without an answer: {other:?}", action.spec.name))
                }
            })?;
            return Ok((Performed::Succeeded, admitted));
        }
        let (state, required) = (payload.state().to_owned(), payload.required);
        self.table.start_step(&execution, &state, &action.spec.id(), self.clock.now()).await?;
        let performed = match check_admission(&payload, read.admission.as_ref()) {
            Ok(()) => {
                let performing = self.perform(action, payload, read, execution.clone());
                with_patience(action.spec.patience(), performing).await
            }
            Err(error) => Err(error.into()),
        };
        let performed = self.shown(performed).await;
        let performed = performed.map_err(|ended| match ended {
            NoOutput::Skipped(reason) if required => NoOutput::Failed(ActionError::rejected(reason)),
            other => other,
        });
        let at = self.clock.now();
        if let Err(NoOutput::Failed(ActionError { retry_after: Some(wait), .. })) = &performed {
            self.table.put_off(&execution, at + SignedDuration::try_from(*wait).unwrap_or_default()).await?;
        }
        let (end, result) = match performed {
            // The step continues when its task token is answered.
            Err(NoOutput::Parked) => return Ok((Performed::Parked, Value::Null)),
            // So does one that has to wait in line: its state machine parks it now.
            Err(NoOutput::Failed(error)) if error.kind == ErrorKind::AtCapacity => return Err(error),
            Ok(output) => (
                StepEnd { status: StepStatus::Succeeded, error: None, cause: None, at },
                Ok((Performed::Succeeded, output)),
            ),
            Err(NoOutput::Skipped(reason)) => (
                StepEnd { status: StepStatus::Skipped, error: None, cause: Some(reason), at },
                Ok((Performed::Skipped, action.absent_output())),
            ),
            Err(NoOutput::Failed(error)) => (
                StepEnd {
                    status: StepStatus::Failed,
                    error: Some(error.kind.to_string()),
                    cause: Some(error.message.clone()),
                    at,
                },
                Err(error),
            ),
        };
        if let Err(error) = self.table.finish_step(&execution, &state, &end).await {
            // The action's effect is in the journal; the sweeper closes the step with its execution.
            tracing::warn!(%error, "the end of a step was not recorded");
        }
        result
    }

    /// The result as it may be logged, recorded and reported: an error without anything that a service must not have repeated.
    async fn shown(&self, performed: Result<Value, NoOutput>) -> Result<Value, NoOutput> {
        match performed {
            Err(NoOutput::Failed(error)) => {
                Err(NoOutput::Failed(self.providers.without_secrets(error).await))
            }
            other => other,
        }
    }

    async fn perform(
        &self,
        action: &'static ActionEntry,
        payload: TaskPayload,
        read: StepReading,
        execution: String,
    ) -> Result<Value, NoOutput> {
        let begun_at = self.clock.now();
        let admission = payload.admission_needed().map(|_| read.admission);
        let directory = Directory::of(read.configured?);
        let scope = Scope { execution, ..Scope::new(directory, &payload)? };
        let invocation = uuid::Uuid::new_v4().to_string();
        let (run, undone) = journal_of(&payload);
        let takes_back = undone.as_ref().map(|(run, key)| (run.as_str(), key.as_str()));
        let (spec, input) = (&action.spec, &payload.input);
        let admitted = admission.as_ref().and_then(Option::as_ref);
        // What was checked and done is only replayed, whoever continues the run.
        let is_replayed = undone.is_none() && read.effect.as_ref().is_some_and(SeenEffect::is_done);
        if !is_replayed {
            reach::check(&self.table, &*self.clock, spec, &scope, input, takes_back, admitted).await?;
        }
        if let Some((run, undone)) = &undone {
            let known = self.table.effect(run, undone).await?;
            if let Some(effect) = known.filter(|effect| effect.is_open() && effect.action == action.spec.id())
            {
                return self.seek(action, scope, &effect, invocation).await;
            }
        }
        let effect = Effect::new(
            self.table.clone(),
            Arc::clone(&self.clock),
            run,
            payload.key.clone(),
            action.spec.id(),
            invocation.clone(),
        );
        let effect = match action.spec.has_effect() {
            true => effect
                .asked_for(EffectRequest { input: payload.input.clone(), inverse: payload.inverse.clone() }),
            false => effect,
        };
        let effect = match read.effect {
            Some(seen) => effect.seen(seen),
            None => effect,
        };
        let context = Context {
            spec: &action.spec,
            is_effect,
            table: &self.table,
            providers: &self.providers,
            clock: &self.clock,
            check_runner: self.check_runner.as_deref(),
            scope,
            effect,
            admission,
            invocation,
            deadline: begun_at + SignedDuration::from_secs(action.spec.timeout_seconds.into()),
            key: payload.key,
            task_token: payload.task_token,
            own_inverse: payload.inverse,
        };
        let output = action.run(&context, payload.input).await?;
        if let Some((run, key)) = &undone {
            let marked = self.table.mark_undone(run, key, self.clock.now()).await;
            marked.map_err(ActionError::from)?;
        }
        Ok(output)
    }

    /// Looks for an effect whose response was lost, by performing its action without sending anything. If it is found, it
    /// is recorded as done, with its inverse; if it certainly does not exist, as abandoned.
    ///
    /// # Errors
    /// The errors of the look, which say where people can look; then it is unknown whether the effect happened.
    async fn seek(
        &self,
        action: &'static ActionEntry,
        scope: Scope,
        sought: &EffectRecord,
        invocation: String,
    ) -> Result<Value, NoOutput> {
        let (run, key) = (sought.run.clone(), sought.key.clone());
        let unknown = |error: ActionError| {
            let place = sought.place.as_ref().map(|place| format!("; look at {place}")).unwrap_or_default();
            let message = format!("it is uncertain whether it happened: {}{place}", error.message);
            NoOutput::Failed(ActionError { message, ..error })
        };
        let Some(request) = self.table.effect_request(&run, &key).await? else {
            return Err(unknown(ActionError::rejected("the request is not recorded")));
        };
        let effect = Effect::new(
            self.table.clone(),
            Arc::clone(&self.clock),
            run.clone(),
            key.clone(),
            action.spec.id(),
            invocation.clone(),
        )
        .asked_for(request.clone())
        .seeking();
        let context = Context {
            spec: &action.spec,
            is_effect,
            table: &self.table,
            providers: &self.providers,
            clock: &self.clock,
            check_runner: self.check_runner.as_deref(),
            scope,
            effect,
            admission: None,
            invocation,
            deadline: self.clock.now() + SignedDuration::from_secs(action.spec.timeout_seconds.into()),
            key,
            task_token: None,
            own_inverse: request.inverse,
        };
        match action.run(&context, request.input).await {
            Ok(_) | Err(NoOutput::Parked) => Ok(json!({ "found": true })),
            Err(NoOutput::Failed(_)) if context.effect.is_absent() => {
                self.table.effect_absent(&run, &context.key, &context.invocation).await?;
                Ok(json!({ "found": false }))
            }
            Err(NoOutput::Failed(error))
                if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled) =>
            {
                Err(error.into())
            }
            Err(NoOutput::Failed(error)) => Err(unknown(error)),
            Err(NoOutput::Skipped(reason)) => Err(unknown(ActionError::rejected(reason))),
        }
    }

    /// What to read before a step is performed: the configuration; the admission of the run, which also says which execution
    /// performs it now; and whether the step's effect was done.
    async fn read_for(
        &self,
        action: &ActionEntry,
        payload: &TaskPayload,
    ) -> Result<StepReading, ActionError> {
        let (run, _) = journal_of(payload);
        let effect = action.is_journaled().then_some((run.as_str(), payload.key.as_str()));
        Ok(self.table.read_for_step(payload.admission_needed(), effect, self.clock.now()).await?)
    }
}

/// The run in whose journal a step's effect is, and for a step that takes an effect back, the run and the key of that.
fn journal_of(payload: &TaskPayload) -> (String, Option<(String, String)>) {
    match payload.key.strip_suffix(UNDO) {
        // A closed run takes no new effects, so its undo has a separate journal, which is the same whoever asks for it.
        Some(undone) => {
            let run = run_of(undone, &payload.run);
            (format!("{run}{UNDO}"), Some((run, undone.to_owned())))
        }
        None => (payload.run.clone(), None),
    }
}

/// Refuses to act for a run that was not admitted, whatever its definition says.
fn check_admission(payload: &TaskPayload, admission: Option<&Admission>) -> Result<(), ActionError> {
    match (payload.admission_needed(), admission) {
        (Some(run), None) => Err(ActionError::rejected(format!(
            "the run `{run}` was not admitted, so nothing is done for it; start its workflow again"
        ))),
        _ => Ok(()),
    }
}

fn is_effect(action: &ActionId) -> bool {
    actions::find(action.as_str()).is_ok_and(|action| action.spec.has_effect())
}

/// How an action ended that did not fail.
#[derive(Debug, Clone, Copy)]
enum Performed {
    Succeeded,
    Skipped,
    Parked,
}

/// The word for the end of a try, as figures and logs have it.
fn outcome(result: &Result<(Performed, Value), ActionError>) -> &'static str {
    match result {
        Ok((Performed::Succeeded, _)) => "succeeded",
        Ok((Performed::Skipped, _)) => "skipped",
        Ok((Performed::Parked, _)) => "parked",
        Err(error) => error.kind.as_str(),
    }
}

/// The run that an effect's key belongs to: it is before the first slash, which no ARN of an execution holds.
fn run_of(key: &str, own: &str) -> String {
    match key.split_once('/') {
        Some((run, _)) if !key.starts_with(own) => run.to_owned(),
        _ => own.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undo_belongs_to_the_run_of_its_effect() {
        let run = "arn:aws:states:us-east-1:000000000000:execution:development:a";
        assert_eq!(run_of(&format!("{run}/CreateBranch"), run), run);
        assert_eq!(run_of(&format!("{run}/CreateBranch"), "arn:aws:states:x:execution:undo:b"), run);
    }
}
