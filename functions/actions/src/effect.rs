//! The journal's side of an action: an effect happens once, and what it made is remembered with what takes it back.

use crate::done::{Done, Failure, presentable};
use domain::plugins::Mark;
use domain::{ActionError, ActionId, Clock, ErrorKind};
use jiff::SignedDuration;
use records::{EffectEnd, IntendResult, NewEffect, RecordsError, Table};
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

/// One effect of a run. The action looks outside, [intends](Effect::intend) it, and acts; [`Effect::perform`] does the rest.
#[derive(Debug)]
pub struct Effect {
    table: Table,
    clock: Arc<dyn Clock>,
    run: String,
    key: String,
    action: ActionId,
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
        action: ActionId,
        holder: String,
    ) -> Self {
        Self { table, clock, run, key, action, holder, intended: AtomicBool::new(false) }
    }

    /// A part of this effect that happens once for itself: what it did survives when the rest fails.
    pub fn part(&self, name: &str, action: ActionId) -> Self {
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
            action: self.action.clone(),
            existed,
            holder: self.holder.clone(),
            at: now,
            lease_until: now + LEASE,
        };
        match self.table.intend(&new).await.map_err(unsettled)? {
            IntendResult::Act(intent) => {
                self.intended.store(true, Ordering::Relaxed);
                Ok(Intent {
                    existed: intent.existed,
                    resumed: intent.resumed,
                    mark: Mark { key: self.key.clone(), at: intent.at },
                })
            }
            IntendResult::Done(_) => Err(ActionError::unavailable(
                "another invocation has just done the same; the next attempt takes over its result",
            )),
        }
    }

    /// Remembers what `action` reads outside: found out once, the same for every later attempt.
    ///
    /// # Errors
    /// Those of `find` and of [`Effect::perform`].
    pub async fn remember<T, F>(&self, name: &str, action: ActionId, find: F) -> Result<T, ActionError>
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
    pub async fn perform<T, E, F>(&self, act: F) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: Failure,
        F: AsyncFnOnce(&Self) -> Result<Done<T>, E>,
    {
        let earlier = self.table.effect_output(&self.run, &self.key).await.map_err(ActionError::from)?;
        if let Some(done) = earlier {
            tracing::info!(key = self.key, "the effect was done before; its output is replayed");
            return Ok(restore(&self.key, done.output.unwrap_or_default())?);
        }
        let result = tokio::select! {
            result = act(self) => result,
            lost = self.keep_lease() => Err(lost.into()),
        };
        let finished = match result {
            Ok(done) => self.finish(done).await.map_err(E::from),
            Err(error) => Err(error),
        };
        if let Some(kind) = finished.as_ref().err().and_then(Failure::kind) {
            self.let_go(kind).await;
        }
        finished
    }

    async fn finish<T: Serialize + DeserializeOwned>(&self, done: Done<T>) -> Result<T, ActionError> {
        let output = presentable(self.action.as_str(), &done.output)?;
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
            ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::ReplyLost | ErrorKind::Internal => {
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

fn restore<T: DeserializeOwned>(key: &str, output: Value) -> Result<T, ActionError> {
    serde_json::from_value(output).map_err(|error| {
        ActionError::internal(format!("the journaled output of `{key}` cannot be read: {error}"))
    })
}
