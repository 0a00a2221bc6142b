//! The journal's side of an action: an effect happens once, and is recorded with its inverse.

use crate::done::{Done, Failure, cut_texts, presentable};
use domain::execution::Inverse;
use domain::plugins::Mark;
use domain::{ActionError, ActionId, Clock, ErrorKind};
use jiff::SignedDuration;
use records::{
    EFFECT_INVERSE_LIMIT, EffectEnd, EffectRequest, EffectStatus, IntendResult, NewEffect, RecordsError,
    SeenEffect, Table,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long others leave an effect alone after its holder's last sign of life.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// What an inverse has in addition to its input, in bytes: at least the action's name.
const MARGIN: usize = 1024;
/// How often a holder is heard of.
const RENEWAL: Duration = Duration::from_secs(5);

/// One effect of a run. The action looks outside, [intends](Effect::intend) it, and [sends](Effect::send) what changes something;
/// [`Effect::perform`] does the rest.
///
/// To look for an effect whose response was lost, a rollback performs the action again, [seeking](Effect::seeking): then the action looks
/// outside as always, but nothing is sent.
#[derive(Debug)]
pub struct Effect {
    table: Table,
    clock: Arc<dyn Clock>,
    run: String,
    key: String,
    action: ActionId,
    holder: String,
    request: Option<EffectRequest>,
    seeks: bool,
    intended: AtomicBool,
    /// Whether a request that changes something has left.
    sent: AtomicBool,
    /// Whether one of an earlier invocation has.
    doubtful: AtomicBool,
    /// Whether the action looked and found nothing, when it was only to look.
    absent: AtomicBool,
    /// What is known about it before it is performed.
    seen: Mutex<Option<SeenEffect>>,
    /// Whether it was never intended when it was seen.
    is_new: AtomicBool,
    /// How many intentions the run was seen to have, by this effect and all its parts.
    intentions: Arc<AtomicU64>,
}

/// The right to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Whether it was found outside before we ever intended it, so that it is not ours to take back.
    pub existed: bool,
    /// Whether an earlier invocation may have acted: look outside before acting.
    pub resumed: bool,
    /// Whether an earlier invocation sent a request whose response was lost, and nobody has said since that the step may act again.
    pub doubtful: bool,
    /// The mark to leave on created things.
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
        Self {
            table,
            clock,
            run,
            key,
            action,
            holder,
            request: None,
            seeks: false,
            intended: AtomicBool::new(false),
            sent: AtomicBool::new(false),
            doubtful: AtomicBool::new(false),
            absent: AtomicBool::new(false),
            seen: Mutex::default(),
            is_new: AtomicBool::new(false),
            intentions: Arc::default(),
        }
    }

    /// The same, as it was seen a moment ago, so that it is not read again.
    pub(crate) fn seen(self, seen: SeenEffect) -> Self {
        Self { seen: Mutex::new(Some(seen)), ..self }
    }

    /// The same, but storing the step's input, with which a rollback can look for it.
    pub fn asked_for(self, request: EffectRequest) -> Self {
        Self { request: Some(request), ..self }
    }

    /// The same, only looked for: nothing is sent.
    pub fn seeking(self) -> Self {
        Self { seeks: true, ..self }
    }

    /// Whether the effect is only looked for.
    pub fn seeks(&self) -> bool {
        self.seeks
    }

    /// Whether the action looked for its effect and is certain that it is not there.
    pub fn is_absent(&self) -> bool {
        self.absent.load(Ordering::Relaxed)
    }

    /// Whether an earlier attempt may have performed it without a record: its response was lost.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn is_doubtful(&self) -> Result<bool, ActionError> {
        let record = self.table.effect(&self.run, &self.key).await.map_err(unsettled)?;
        Ok(record.is_some_and(|record| record.is_doubtful()))
    }

    /// A part of this effect that happens once on its own: its result survives if the rest fails. `input` is what `action`
    /// would be given for it; `null` for what changes nothing.
    pub fn part(&self, name: &str, action: ActionId, input: Value) -> Self {
        let key = format!("{}/{name}", self.key);
        let part = Self::new(
            self.table.clone(),
            Arc::clone(&self.clock),
            self.run.clone(),
            key,
            action,
            self.holder.clone(),
        );
        let request = (!input.is_null()).then_some(EffectRequest { input, inverse: None });
        Self { request, seeks: self.seeks, intentions: Arc::clone(&self.intentions), ..part }
    }

    /// Announces the effect. Called after looking outside and before acting; `existed` is the result of the look.
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
            request: self.request.clone(),
        };
        let intended = match self.seeks {
            true => self.table.take_up(&new).await,
            false if self.is_new.swap(false, Ordering::Relaxed) => {
                self.table.intend_first(&new, self.intentions.load(Ordering::Relaxed)).await
            }
            false => self.table.intend(&new).await,
        };
        match intended.map_err(unsettled)? {
            IntendResult::Act(intent) => {
                self.intentions.fetch_max(intent.sequence, Ordering::Relaxed);
                self.intended.store(true, Ordering::Relaxed);
                self.sent.store(intent.doubtful, Ordering::Relaxed);
                self.doubtful.store(intent.doubtful, Ordering::Relaxed);
                Ok(Intent {
                    existed: intent.existed,
                    resumed: intent.resumed,
                    doubtful: intent.doubtful && (self.seeks || !intent.asked),
                    mark: Mark { key: self.key.clone(), at: intent.at },
                })
            }
            IntendResult::Done(_) => Err(ActionError::unavailable(
                "another invocation has just done the same; the next attempt takes over its result",
            )),
        }
    }

    /// Sends a request that changes something, after the action looked outside and found that it has not happened. Before it
    /// is sent, the journal says so: from then on, no error abandons the effect. `place` is where people see whether it happened: a
    /// link, or the name of a channel.
    ///
    /// # Errors
    /// Those of `request`; `Unavailable` when another invocation has taken the effect over, and then nothing is sent; `Rejected`
    /// when the effect is only looked for.
    pub async fn send<T>(
        &self,
        place: Option<String>,
        request: impl Future<Output = Result<T, ActionError>>,
    ) -> Result<T, ActionError> {
        if self.seeks {
            self.absent.store(true, Ordering::Relaxed);
            return Err(ActionError::rejected("it is not there"));
        }
        let (run, key, holder) = (&self.run, &self.key, &self.holder);
        let now = self.clock.now();
        self.table.effect_sent(run, key, holder, place.as_deref(), now).await.map_err(unsettled)?;
        self.sent.store(true, Ordering::Relaxed);
        let answer = request.await;
        // A refusal means that nothing happened, unless the service refuses to repeat an earlier request.
        let is_refused =
            matches!(&answer, Err(error) if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Conflict));
        if is_refused
            && !self.doubtful.load(Ordering::Relaxed)
            && let Err(error) = self.table.effect_refused(run, key, holder).await
        {
            tracing::warn!(key, %error, "a refusal was not recorded; the effect is looked for instead");
        }
        answer
    }

    /// Like [`Effect::send`], for a request that may be repeated and leaves nothing to recognize it by.
    ///
    /// # Errors
    /// As [`Effect::send`].
    pub async fn send_again<T>(
        &self,
        place: Option<String>,
        request: impl Future<Output = Result<T, ActionError>>,
    ) -> Result<T, ActionError> {
        if self.seeks {
            return Err(ActionError::rejected("it leaves nothing to recognize it by"));
        }
        self.send(place, request).await
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
        let part = self.part(name, action, Value::Null);
        part.perform(async |part| {
            let value = find().await?;
            part.intend(false).await?;
            Ok(Done::for_good(value))
        })
        .await
    }

    /// Performs the effect once: an output recorded before is replayed; otherwise `act` runs under a lease and its output is
    /// recorded. If it fails, the lease ends at once: released if no request was sent, otherwise left so that the next attempt
    /// looks outside first.
    ///
    /// # Errors
    /// Those of `act`; `Internal` when the output is over the limit; `Unavailable` when the lease or the table is lost.
    pub async fn perform<T, E, F>(&self, act: F) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: Failure,
        F: AsyncFnOnce(&Self) -> Result<Done<T>, E>,
    {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let seen = match seen {
            Some(seen) => seen,
            None => self.table.seen_effect(&self.run, &self.key).await.map_err(ActionError::from)?,
        };
        self.intentions.fetch_max(seen.intentions, Ordering::Relaxed);
        self.is_new.store(seen.effect.is_none(), Ordering::Relaxed);
        if let Some(done) = seen.effect.filter(|effect| effect.status == EffectStatus::Done) {
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
            inverse: done.inverse.and_then(|inverse| keepable(&self.key, inverse)),
            cost: done.cost,
            at: self.clock.now(),
        };
        self.table.effect_done(&self.run, &self.key, &self.holder, &end).await.map_err(unsettled)?;
        restore(&self.key, output)
    }

    /// Renews the lease while it is awaited; ends when somebody else has taken it over.
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
        let gives_up = matches!(kind, ErrorKind::Rejected | ErrorKind::Conflict | ErrorKind::BudgetExceeded);
        let released = match gives_up && !self.sent.load(Ordering::Relaxed) && !self.seeks {
            true => match self.table.abandon_effect(&self.run, &self.key, &self.holder).await {
                // An earlier invocation sent something that was refused.
                Err(RecordsError::Conflict(_)) => self.renew(self.clock.now()).await,
                abandoned => abandoned,
            },
            false => self.renew(self.clock.now()).await,
        };
        if let Err(error) = released {
            tracing::warn!(key = self.key, %error, "the lease was not released; it expires by itself");
        }
    }
}

/// The inverse as the journal stores it: long texts are cut, as in outputs. If it is still too large, it is left out, and the effect
/// stays.
fn keepable(key: &str, mut inverse: Inverse) -> Option<Inverse> {
    cut_texts(&mut inverse.input);
    let bytes = inverse.input.to_string().len();
    if bytes + MARGIN > EFFECT_INVERSE_LIMIT {
        tracing::error!(key, bytes, "the inverse is too large to be kept, so the effect stays");
        return None;
    }
    Some(inverse)
}

/// Another invocation was faster: the next attempt finds its result, so the step is retried.
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
