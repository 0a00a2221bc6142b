//! The journal's side of an action: an effect happens once, and what it made is remembered with what takes it back.

use crate::catalog;
use domain::execution::Inverse;
use domain::plugins::Mark;
use domain::stored::{OUTPUT_LIMIT, cut_inline};
use domain::{ActionError, ActionName, Clock, ErrorKind, MicroUsd};
use jiff::SignedDuration;
use records::{EffectEnd, Intended, NewEffect, RecordsError, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long others leave an effect alone after its holder was last heard of.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often a holder is heard of.
const RENEWAL: Duration = Duration::from_secs(5);

/// What an action did.
#[derive(Debug, Clone, PartialEq)]
pub struct Done<T> {
    /// What later steps can read.
    pub output: T,
    /// What takes it back; `None` for what existed before and for what stays.
    pub inverse: Option<Inverse>,
    /// What models cost, where that is known.
    pub cost: Option<MicroUsd>,
}

impl<T> Done<T> {
    /// Something that stays.
    pub fn for_good(output: T) -> Self {
        Self { output, inverse: None, cost: None }
    }

    /// Something that `action` with `input` takes back.
    pub fn undone_by(output: T, action: ActionName, input: Value) -> Self {
        Self { output, inverse: Some(Inverse { action, input }), cost: None }
    }
}

/// One effect of a run. The action looks outside, [intends](Effect::intend) it, and acts; [`Effect::perform`] does the rest.
#[derive(Debug)]
pub struct Effect {
    table: Table,
    clock: Arc<dyn Clock>,
    run: String,
    key: String,
    action: ActionName,
    holder: String,
    intended: AtomicBool,
}

/// The right to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Whether it was found outside before we ever intended it, so that it is not ours to take back.
    pub existed: bool,
    /// Whether an earlier invocation may have acted: look outside before acting.
    pub resumed: bool,
    /// What is left on what is made.
    pub mark: Mark,
}

impl Effect {
    /// The effect under `key` of `run`, performed by the invocation `holder`.
    pub fn new(
        table: Table,
        clock: Arc<dyn Clock>,
        run: String,
        key: String,
        action: ActionName,
        holder: String,
    ) -> Self {
        Self { table, clock, run, key, action, holder, intended: AtomicBool::new(false) }
    }

    /// A part of this effect that happens once for itself: what it did survives when the rest fails.
    pub fn part(&self, name: &str, action: ActionName) -> Self {
        let key = format!("{}/{name}", self.key);
        Self::new(
            self.table.clone(),
            Arc::clone(&self.clock),
            self.run.clone(),
            key,
            action,
            self.holder.clone(),
        )
    }

    /// Announces the effect. Called after looking outside and before acting; `existed` is what the look found.
    ///
    /// # Errors
    /// `Unavailable` while another invocation performs the same effect; `Conflict` once the run is being rolled back.
    pub async fn intend(&self, existed: bool) -> Result<Intent, ActionError> {
        let now = self.clock.now();
        let new = NewEffect {
            run: self.run.clone(),
            key: self.key.clone(),
            action: self.action,
            existed,
            holder: self.holder.clone(),
            at: now,
            lease_until: now + LEASE,
        };
        match self.table.intend(&new).await.map_err(unsettled)? {
            Intended::Act(intent) => {
                self.intended.store(true, Ordering::Relaxed);
                Ok(Intent {
                    existed: intent.existed,
                    resumed: intent.resumed,
                    mark: Mark { key: self.key.clone(), at: intent.at },
                })
            }
            Intended::Done(_) => Err(ActionError::unavailable(
                "another invocation has just done the same; the next attempt takes over its result",
            )),
        }
    }

    /// Remembers what `action` reads outside: found out once, the same for every later attempt.
    ///
    /// # Errors
    /// Those of `find` and of [`Effect::perform`].
    pub async fn remember<T, F>(&self, name: &str, action: ActionName, find: F) -> Result<T, ActionError>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce() -> Result<T, ActionError>,
    {
        let part = self.part(name, action);
        part.perform(async |part| {
            let value = find().await?;
            part.intend(false).await?;
            Ok(Done::for_good(value))
        })
        .await
    }

    /// Performs the effect once: an output recorded before is replayed; otherwise `act` runs under a lease and its output is
    /// recorded. When it fails, the lease ends at once: given up where nothing can have happened, else left so that the next
    /// attempt looks outside first.
    ///
    /// # Errors
    /// Those of `act`; `Internal` when the output is over the limit; `Unavailable` when the lease or the table is lost.
    pub async fn perform<T, F>(&self, act: F) -> Result<T, ActionError>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce(&Self) -> Result<Done<T>, ActionError>,
    {
        if let Some(done) = self.table.effect_output(&self.run, &self.key).await? {
            tracing::info!(key = self.key, "the effect was done before; its output is replayed");
            return restore(&self.key, done.output.unwrap_or_default());
        }
        let result = tokio::select! {
            result = act(self) => result,
            lost = self.keep_lease() => Err(lost),
        };
        let finished = match result {
            Ok(done) => self.finish(done).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &finished {
            self.let_go(error.kind).await;
        }
        finished
    }

    async fn finish<T: Serialize + DeserializeOwned>(&self, done: Done<T>) -> Result<T, ActionError> {
        let output = presentable(self.action, &done.output)?;
        let end = EffectEnd {
            output: output.clone(),
            inverse: done.inverse,
            cost: done.cost,
            at: self.clock.now(),
        };
        self.table.effect_done(&self.run, &self.key, &self.holder, &end).await.map_err(unsettled)?;
        restore(&self.key, output)
    }

    /// Renews the lease for as long as it is awaited; ends when somebody else has taken it over.
    async fn keep_lease(&self) -> ActionError {
        loop {
            tokio::time::sleep(RENEWAL).await;
            if !self.intended.load(Ordering::Relaxed) {
                continue;
            }
            match self.renew(self.clock.now() + LEASE).await {
                Ok(()) => {}
                Err(RecordsError::Conflict(message)) => {
                    self.intended.store(false, Ordering::Relaxed);
                    return ActionError::unavailable(message);
                }
                Err(error) => tracing::warn!(key = self.key, %error, "the lease was not renewed"),
            }
        }
    }

    async fn renew(&self, until: jiff::Timestamp) -> Result<(), RecordsError> {
        self.table.renew_effect(&self.run, &self.key, &self.holder, until).await
    }

    async fn let_go(&self, kind: ErrorKind) {
        if !self.intended.swap(false, Ordering::Relaxed) {
            return;
        }
        let released = match kind {
            ErrorKind::Rejected | ErrorKind::Conflict | ErrorKind::BudgetExceeded => {
                self.table.abandon_effect(&self.run, &self.key, &self.holder).await
            }
            ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Internal => {
                self.renew(self.clock.now()).await
            }
        };
        if let Err(error) = released {
            tracing::warn!(key = self.key, %error, "the lease was not given up; it ends by itself");
        }
    }
}

/// Another invocation was faster: what it does is found by the next attempt, so the step is tried again.
fn unsettled(error: RecordsError) -> ActionError {
    match error {
        RecordsError::Conflict(message) => ActionError::unavailable(message),
        other => other.into(),
    }
}

/// An output as state data may hold it: long texts cut.
///
/// # Errors
/// `Internal` when it is over [`OUTPUT_LIMIT`] all the same.
pub fn presentable<T: Serialize>(action: ActionName, output: &T) -> Result<Value, ActionError> {
    let mut value = serde_json::to_value(output)
        .map_err(|error| ActionError::internal(format!("the output of {action} is not JSON: {error}")))?;
    cut_texts(&mut value);
    let bytes = value.to_string().len();
    if bytes > OUTPUT_LIMIT {
        return Err(ActionError::internal(format!(
            "the output of {action} has {bytes} bytes; at most {OUTPUT_LIMIT} can be passed on"
        )));
    }
    Ok(value)
}

fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = cut_inline(text),
        Value::Array(items) => items.iter_mut().for_each(cut_texts),
        Value::Object(fields) => fields.values_mut().for_each(cut_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn restore<T: DeserializeOwned>(key: &str, output: Value) -> Result<T, ActionError> {
    serde_json::from_value(output).map_err(|error| {
        ActionError::internal(format!("the journaled output of `{key}` cannot be read: {error}"))
    })
}

/// What an action did, with the step's own `rollback:` in place of the action's inverse. What the action found already there, and so
/// gave no inverse, is not the step's to take back either.
pub(crate) fn with_own_inverse<T: Serialize>(
    action: ActionName,
    mut done: Done<T>,
    own: Option<&Inverse>,
) -> Result<Done<T>, ActionError> {
    if let Some(own) = own
        && (done.inverse.is_some() || catalog::inverses(action).is_empty())
    {
        let output = serde_json::to_value(&done.output)
            .map_err(|error| ActionError::internal(format!("the output of {action} is no JSON: {error}")))?;
        done.inverse = Some(own.with_output(&output));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_are_cut_and_too_large_outputs_refused() {
        let long = "x".repeat(40 * 1024);
        let cut = presentable(ActionName::GetTask, &json!({"a": [{"b": long}]})).unwrap();
        assert!(cut["a"][0]["b"].as_str().unwrap().ends_with("32 KiB)"));
        let many: Vec<_> = (0..8).map(|_| long.clone()).collect();
        let error = presentable(ActionName::GetTask, &many).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.message.contains("get_task"), "{error}");
    }

    #[test]
    fn a_step_may_say_itself_what_takes_it_back() {
        let own = Inverse {
            action: ActionName::AddComment,
            input: json!({ "task_id": "SHOP-1", "comment": { "$output": "branch" } }),
        };
        let done = |inverse| Done { output: json!({ "branch": "feature/x" }), inverse, cost: None };
        let made = |action, inverse| with_own_inverse(action, done(inverse), Some(&own)).unwrap().inverse;
        let expected = Inverse {
            action: ActionName::AddComment,
            input: json!({ "task_id": "SHOP-1", "comment": "feature/x" }),
        };
        let built_in = Inverse { action: ActionName::DeleteBranch, input: Value::Null };
        assert_eq!(made(ActionName::CreateBranch, Some(built_in.clone())), Some(expected.clone()));
        assert_eq!(
            made(ActionName::SendMessage, None),
            Some(expected),
            "an action without an inverse gets one"
        );
        assert_eq!(made(ActionName::CreateBranch, None), None, "what existed before stays");
        assert_eq!(
            with_own_inverse(ActionName::CreateBranch, done(Some(built_in.clone())), None).unwrap().inverse,
            Some(built_in)
        );
    }
}
