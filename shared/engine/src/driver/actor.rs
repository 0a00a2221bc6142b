//! One execution, advanced until only time, a token or another execution can move it on.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinError;

use super::Message;
use crate::arn::StateMachineArn;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::execution::{Draft, Event, ExecutionState, Failure, Identity, Obstacle, Rejection, What};
use crate::lock::lock;
use crate::log::{ExecutionRow, LogError, Progress};

/// Most events that one append writes, so that a long run of states is recorded as it goes.
const BATCH: usize = 200;
/// How long an execution rests when the log could not be written.
const REST: Duration = Duration::from_secs(5);

/// Advances an execution. `mailbox` feeds `messages`; running functions answer through it.
pub(super) async fn run(
    running: Running,
    key: i64,
    mailbox: mpsc::UnboundedSender<Message>,
    mut messages: mpsc::UnboundedReceiver<Message>,
) {
    let engine = &running.0;
    if let Err(error) = advance(engine, key, mailbox, &mut messages).await {
        tracing::error!(number = key, %error, "an execution cannot be advanced now");
        let rest = SignedDuration::try_from(REST).unwrap_or(SignedDuration::ZERO);
        engine.timers.set(key, engine.clock.now().checked_add(rest).ok());
        // Callers waiting for an answer learn from the closed channel that there is none. The state in memory may be
        // ahead of the log, so the next actor reads it again.
        lock(&engine.actors.0).remove(&key);
    }
}

/// Counts an execution as being advanced while this lives, even if advancing it panics.
pub(super) struct Running(Arc<Inner>);

impl Running {
    pub(super) fn begin(engine: &Arc<Inner>) -> Self {
        engine.running.send_modify(|running| *running += 1);
        Self(Arc::clone(engine))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}

async fn advance(
    engine: &Arc<Inner>,
    key: i64,
    mailbox: mpsc::UnboundedSender<Message>,
    messages: &mut mpsc::UnboundedReceiver<Message>,
) -> Result<(), EngineError> {
    let mut actor = Actor::load(engine, key, mailbox).await?;
    loop {
        // An end, and a redrive, are written and announced before anything else happens.
        while !actor.redriven
            && (actor.state.outcome().is_none() || actor.pending.is_empty())
            && let Ok(message) = messages.try_recv()
        {
            actor.take(message);
        }
        actor = actor.decided().await?;
        if actor.settle().await? {
            continue;
        }
        if actor.is_over().await? {
            if engine.retire(key, messages, || {}) {
                return Ok(());
            }
            continue;
        }
        actor.call().await?;
        if !actor.pending.is_empty() {
            continue;
        }
        engine.timers.set(key, actor.state.wakes_at());
        if actor.at_work.is_empty() && engine.retire(key, messages, || actor.keep()) {
            return Ok(());
        }
        match messages.recv().await {
            Some(message) => actor.take(message),
            None => return Ok(()),
        }
    }
}

/// The next actor begins with the log.
fn died(error: &JoinError) -> EngineError {
    match error.is_cancelled() {
        true => LogError::Closed.into(),
        false => LogError::Damaged(format!("advancing an execution failed: {error}")).into(),
    }
}

/// Notifies an outside party once the change it caused is durable.
enum Reply {
    Token(oneshot::Sender<Result<(), Rejection>>, Result<(), Rejection>),
    Stop(oneshot::Sender<Timestamp>),
    Redrive(oneshot::Sender<Result<Timestamp, Obstacle>>, Result<Timestamp, Obstacle>),
}

pub(super) struct Actor {
    pub(super) engine: Arc<Inner>,
    pub(super) row: ExecutionRow,
    pub(super) state: ExecutionState,
    pub(super) mailbox: mpsc::UnboundedSender<Message>,
    /// Entries of the log so far.
    length: usize,
    /// Events folded into the state but not yet written.
    pub(super) pending: Vec<Event>,
    replies: Vec<Reply>,
    /// The calls that functions are working on, by branch and scheduling event.
    pub(super) at_work: HashSet<(Vec<usize>, u64)>,
    /// The end was recorded and announced.
    told: bool,
    /// The execution continues after its end, which is not written yet.
    redriven: bool,
    /// A task may have stopped waiting for an execution that it started.
    pub(super) orphans_possible: bool,
}

impl Actor {
    async fn load(
        engine: &Arc<Inner>,
        key: i64,
        mailbox: mpsc::UnboundedSender<Message>,
    ) -> Result<Self, EngineError> {
        let missing = || LogError::Damaged(format!("execution {key} is missing"));
        let row = engine.log.execution_by_key(key).await?.ok_or_else(missing)?;
        let program = engine.program(row.revision).await?;
        let identity = Arc::new(Identity {
            key,
            arn: row.arn.clone(),
            name: row.name.clone(),
            state_machine_arn: row.state_machine_arn.clone(),
            state_machine_name: StateMachineArn::parse(&row.state_machine_arn)
                .map_or_else(String::new, |arn| arn.name.to_owned()),
            role_arn: program.role_arn.clone(),
            seed: row.seed.clone(),
            definition: Arc::clone(&program.definition),
        });
        let (length, state) = match engine.kept.take(key) {
            Some(kept) => kept,
            None => {
                let entries = engine.log.entries(key).await?;
                let folded = move || (entries.len(), ExecutionState::replay(identity, &entries));
                tokio::task::spawn_blocking(folded).await.map_err(|error| died(&error))?
            }
        };
        let told = state.outcome().is_some();
        Ok(Self {
            engine: Arc::clone(engine),
            row,
            state,
            mailbox,
            length,
            pending: Vec::new(),
            replies: Vec::new(),
            at_work: HashSet::new(),
            told,
            redriven: false,
            orphans_possible: true,
        })
    }

    /// Takes in one message; the next [`Actor::settle`] writes what follows from it.
    fn take(&mut self, message: Message) {
        match message {
            Message::Wake => {}
            Message::Answer { branch, scheduled, answer } => {
                self.at_work.remove(&(branch.clone(), scheduled));
                let draft = self.state.answer(&branch, scheduled, answer);
                self.add(draft);
            }
            Message::Token { claim, answer, reply } => {
                let draft = self.state.answer_token(claim, answer);
                let result = draft.as_ref().map(|_| ()).map_err(|rejection| *rejection);
                self.add(draft.ok());
                self.replies.push(Reply::Token(reply, result));
            }
            Message::Stop { failure, reply } => {
                self.abort(&failure);
                self.replies.extend(reply.map(Reply::Stop));
            }
            Message::Redrive { client_token, reply } => {
                let result = self.redrive(client_token);
                self.replies.push(Reply::Redrive(reply, result));
            }
        }
    }

    fn abort(&mut self, failure: &Failure) {
        while let Some(draft) = self.state.abort(failure) {
            self.add(Some(draft));
        }
    }

    /// Whether the state machine is deleted, so that the execution must not continue to another state.
    fn is_unwanted(&self) -> bool {
        lock(&self.engine.deleting).contains(&self.row.state_machine_arn)
    }

    fn redrive(&mut self, client_token: Option<String>) -> Result<Timestamp, Obstacle> {
        let now = self.engine.now();
        if let Some(redrive) = client_token.as_deref().and_then(|token| self.state.redriven_by(token, now)) {
            return Ok(redrive.at);
        }
        let draft = self.state.redrive(client_token, now)?;
        self.add(Some(draft));
        self.redriven = true;
        Ok(self.state.redrives().1.unwrap_or(now))
    }

    pub(super) fn add(&mut self, draft: Option<Draft>) {
        if let Some(draft) = draft {
            let event = self.state.event(draft, self.engine.now());
            self.state.apply(&event);
            self.orphans_possible |= matches!(event.what, What::TaskTimedOut { .. } | What::BranchFailed(_));
            self.pending.push(event);
        }
    }

    /// Leaves the state to the next actor.
    fn keep(&mut self) {
        let empty = ExecutionState::new(Arc::clone(&self.state.identity));
        self.engine.kept.keep(self.row.key, self.length, std::mem::replace(&mut self.state, empty));
    }

    /// Adds everything that follows without further messages. Expressions take time, so this runs on a thread that may block.
    async fn decided(mut self) -> Result<Self, EngineError> {
        let decided = tokio::task::spawn_blocking(move || {
            self.decide();
            self
        });
        decided.await.map_err(|error| died(&error))
    }

    /// Folds what happens now into the state, up to the number of events that one append writes.
    fn decide(&mut self) {
        let now = self.engine.now();
        while !self.redriven
            && self.pending.len() < BATCH
            && let Some(draft) = self.state.decide(now)
        {
            if matches!(draft.what, What::StateEntered { .. }) && self.is_unwanted() {
                self.abort(&Failure::default());
                break;
            }
            self.add(Some(draft));
        }
    }

    /// Writes down what was added, and answers the waiting callers. Returns whether there may be more to add.
    async fn settle(&mut self) -> Result<bool, EngineError> {
        let more = self.redriven || self.pending.len() >= BATCH;
        if !self.pending.is_empty() {
            let events = std::mem::take(&mut self.pending);
            let count = events.len();
            let progress = Progress {
                awake: more || !self.state.calls().is_empty(),
                wakes_at: self.state.wakes_at(),
                end: self.state.outcome().cloned().zip(self.state.ended_at()),
                redriven: match self.state.redrives() {
                    (count, Some(at)) if self.redriven => Some((count, at)),
                    _ => None,
                },
            };
            self.engine.log.append(self.row.key, self.length, &events, progress).await?;
            self.length += count;
        }
        if std::mem::take(&mut self.redriven) {
            self.told = false;
            self.tell().await?;
        }
        self.answer_waiting();
        Ok(more)
    }

    /// Publishes the execution's status, which is already written.
    async fn tell(&self) -> Result<(), EngineError> {
        if let Some(row) = self.engine.log.execution_by_key(self.row.key).await? {
            self.engine.announce(&row);
            self.engine.log.set_told(self.row.key).await?;
        }
        Ok(())
    }

    fn answer_waiting(&mut self) {
        for reply in self.replies.drain(..) {
            // Callers that have stopped waiting need no answer.
            match reply {
                Reply::Token(sender, result) => {
                    let _ = sender.send(result);
                }
                Reply::Stop(sender) => {
                    let _ = sender.send(self.state.ended_at().unwrap_or_else(|| self.engine.now()));
                }
                Reply::Redrive(sender, result) => {
                    let _ = sender.send(result);
                }
            }
        }
    }

    /// Whether the execution has ended. The first time, subscribers are notified.
    async fn is_over(&mut self) -> Result<bool, EngineError> {
        if self.state.outcome().is_none() {
            return Ok(false);
        }
        if !self.told {
            self.told = true;
            self.engine.timers.set(self.row.key, None);
            self.tell().await?;
            self.stop_orphans().await?;
            if let Some(parent) = self.row.parent.filter(|parent| parent.waits) {
                self.engine.wake(parent.key);
            }
        }
        Ok(true)
    }
}
