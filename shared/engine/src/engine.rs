//! The engine as its host sees it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use crate::arn::Place;
use crate::clock::{Activity, Clock};
use crate::definition::Definition;
use crate::driver::{Actors, Kept, Timers};
use crate::error::EngineError;
use crate::invoke::Invoke;
use crate::lock::lock;
use crate::log::{Durability, Log, LogError, Revision};
use crate::status_change::StatusChange;

/// The settings of an engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region in ARNs. Default `us-east-1`.
    pub region: String,
    /// The account in ARNs, twelve digits. Default `000000000000`.
    pub account: String,
    /// The failures that the log survives. Default: loss of power.
    pub durability: Durability,
    /// How long ended executions are remembered; older ones are forgotten at [`Engine::resume`] and [`Engine::forget_old`].
    /// Default: 90 days, as on AWS.
    pub retention: Duration,
    /// How many executions may run at the same time, waiting ones too. Default: 1,000,000, as on AWS.
    pub running_executions: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            durability: Durability::default(),
            retention: Duration::from_secs(90 * 86_400),
            running_executions: 1_000_000,
        }
    }
}

/// Step Functions for one machine. Clones share one engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").field("place", &self.inner.place).finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) log: Log,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) functions: Arc<dyn Invoke>,
    pub(crate) place: Place,
    pub(crate) most_running: u64,
    retention: Duration,
    /// What revisions hold, by their ids. Revisions never change.
    programs: Mutex<HashMap<i64, Arc<Program>>>,
    /// The ARNs of state machines that are deleted once none of their executions is running.
    pub(crate) deleting: Mutex<HashSet<String>>,
    pub(crate) actors: Actors,
    pub(crate) timers: Timers,
    pub(crate) kept: Kept,
    timekeeper: Mutex<Option<JoinHandle<()>>>,
    pub(crate) changes: broadcast::Sender<StatusChange>,
    /// The number of executions being advanced.
    pub(crate) running: watch::Sender<usize>,
    pub(crate) stopping: watch::Sender<bool>,
}

/// A revision of a state machine, ready to run.
pub(crate) struct Program {
    pub(crate) definition: Arc<Definition>,
    pub(crate) role_arn: String,
}

/// How many status changes a slow subscriber may lag behind before it loses the oldest.
const CHANGES_KEPT: usize = 4096;

impl Engine {
    /// Opens the log at `path`, creating it if it does not exist. Nothing runs before [`Engine::resume`].
    ///
    /// # Errors
    /// When the file cannot be opened, was written by another version, or is in use by another engine
    /// ([`LogError::InUse`], after two seconds of waiting).
    pub fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        functions: Arc<dyn Invoke>,
        settings: Settings,
    ) -> Result<Self, LogError> {
        Ok(Self::on(Log::open(path, settings.durability)?, clock, functions, settings))
    }

    /// An engine whose state machines and executions are gone when it is dropped. Its history and its limits are those
    /// of any other.
    ///
    /// # Errors
    /// When SQLite cannot be used.
    pub fn in_memory(
        clock: Arc<dyn Clock>,
        functions: Arc<dyn Invoke>,
        settings: Settings,
    ) -> Result<Self, LogError> {
        Ok(Self::on(Log::in_memory()?, clock, functions, settings))
    }

    fn on(log: Log, clock: Arc<dyn Clock>, functions: Arc<dyn Invoke>, settings: Settings) -> Self {
        Self {
            inner: Arc::new(Inner {
                log,
                clock,
                functions,
                place: Place { region: settings.region, account: settings.account },
                most_running: settings.running_executions,
                retention: settings.retention,
                programs: Mutex::default(),
                deleting: Mutex::default(),
                actors: Actors::default(),
                timers: Timers::default(),
                kept: Kept::default(),
                timekeeper: Mutex::default(),
                changes: broadcast::Sender::new(CHANGES_KEPT),
                running: watch::Sender::new(0),
                stopping: watch::Sender::new(false),
            }),
        }
    }

    /// Continues every execution that was running when the log was last used, and starts the timers. Call it once,
    /// inside a tokio runtime. Gives the number of executions continued or waiting for a time.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn resume(&self) -> Result<usize, EngineError> {
        self.forget_old().await?;
        for execution in self.inner.log.untold().await? {
            self.inner.announce(&execution);
            self.inner.log.set_told(execution.key).await?;
        }
        let deleting = self.inner.log.deleting().await?;
        lock(&self.inner.deleting).extend(deleting);
        let unfinished = self.inner.log.unfinished().await?;
        let count = unfinished.len();
        let timekeeper = tokio::spawn(Inner::run_timers(Arc::clone(&self.inner)));
        *lock(&self.inner.timekeeper) = Some(timekeeper);
        for (key, wakes_at) in unfinished {
            match wakes_at {
                Some(moment) => self.inner.timers.set(key, Some(moment)),
                None => self.inner.wake(key),
            }
        }
        Ok(count)
    }

    /// Copies the log, as it is at one moment, to a file that does not exist or is empty. An engine that is opened on the copy goes on from
    /// there. Everything else waits until it is copied.
    ///
    /// # Errors
    /// When SQLite cannot write the file.
    pub async fn copy_log(&self, to: &Path) -> Result<(), EngineError> {
        Ok(self.inner.log.copy(to).await?)
    }

    /// Forgets executions that ended longer ago than the settings' retention, as [`Engine::resume`] does, and gives their number. An
    /// engine that runs for long needs it from time to time.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn forget_old(&self) -> Result<usize, EngineError> {
        let age = SignedDuration::try_from(self.inner.retention).unwrap_or(SignedDuration::MAX);
        let Ok(oldest) = self.inner.now().checked_sub(age) else { return Ok(0) };
        let log = &self.inner.log;
        let mut count = 0;
        // A few at a time, so that nobody waits for long.
        loop {
            let forgotten = log.forget_ended_before(oldest).await?;
            count += forgotten;
            if forgotten == 0 {
                break;
            }
        }
        let gone = log.forget_unused_revisions().await?;
        lock(&self.inner.programs).retain(|revision, _| !gone.contains(revision));
        while log.give_back().await? {}
        Ok(count)
    }

    /// How often the disk was waited for on behalf of the log, which many writes share.
    pub fn disk_syncs(&self) -> u64 {
        self.inner.log.disk_syncs()
    }

    /// Waits until the log cannot be written for good, because the disk failed. Ordinary failures, such as a full disk, are told to those
    /// who write, and pass.
    pub async fn failed(&self) -> LogError {
        self.inner.log.failed().await
    }

    /// A receiver of all status changes from now on. Whoever subscribes before [`Engine::resume`] also hears of changes
    /// that the crash of an earlier engine left untold.
    pub fn subscribe(&self) -> broadcast::Receiver<StatusChange> {
        self.inner.changes.subscribe()
    }

    /// The engine's activity, for tests and for an orderly shutdown.
    pub fn activity(&self) -> Activity {
        Activity::new(self.inner.running.subscribe())
    }

    /// Starts no more calls and waits, at most `grace`, for functions at work to answer. What is unfinished then
    /// continues at the next [`Engine::resume`]: those functions are called again.
    pub async fn shutdown(&self, grace: Duration) {
        self.inner.stopping.send_replace(true);
        if tokio::time::timeout(grace, self.activity().quiet()).await.is_err() {
            tracing::info!("functions that are still at work are abandoned and will be called again");
        }
        let timekeeper = lock(&self.inner.timekeeper).take();
        if let Some(timekeeper) = timekeeper {
            // It only watches the clock, so nothing is lost however it ended.
            let _ = timekeeper.await;
        }
    }
}

impl Inner {
    /// The current time, to the millisecond, as the API represents times.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A revision, ready to run.
    pub(crate) async fn program(&self, revision: i64) -> Result<Arc<Program>, EngineError> {
        if let Some(known) = lock(&self.programs).get(&revision) {
            return Ok(Arc::clone(known));
        }
        let damaged = || LogError::Damaged(format!("revision {revision} of a definition is missing"));
        self.program_of(&self.log.revision(revision).await?.ok_or_else(damaged)?)
    }

    /// The same of a revision that was read.
    pub(crate) fn program_of(&self, revision: &Revision) -> Result<Arc<Program>, EngineError> {
        if let Some(known) = lock(&self.programs).get(&revision.id) {
            return Ok(Arc::clone(known));
        }
        let definition = Definition::parse(&revision.definition).map_err(EngineError::InvalidDefinition)?;
        let program = Program { definition: Arc::new(definition), role_arn: revision.role_arn.clone() };
        Ok(Arc::clone(lock(&self.programs).entry(revision.id).or_insert(Arc::new(program))))
    }
}
