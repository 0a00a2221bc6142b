//! Agents' sessions: the head of each of them. Changes to a session are in `session_change`.
//!
//! The head's version conditions every change, so that of two invocations working on the same turn, only one is recorded.

use crate::error::RecordsError;
use crate::item::{Item, from_item, is_under};
use crate::keys;
use crate::session_parts::{OverlayFile, SessionLink};
use crate::table::Table;
use crate::timestamp;
use domain::plugins::Usage;
use domain::{BranchName, CommitSha, MicroUsd, RepositoryName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a session is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionHead {
    /// Its id.
    pub id: String,
    /// How often it has changed. A change is made to the version that it was decided on, or not at all.
    pub version: u64,
    /// The run that opened it: the outermost execution's ARN.
    pub run: String,
    /// The project's key.
    pub project: String,
    /// The agent's name.
    pub agent: String,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The repository; absent for an agent without files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryName>,
    /// The branch under work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchName>,
    /// The commit that the workspace is based on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<CommitSha>,
    /// The next step.
    pub phase: SessionPhase,
    /// The generation, counted from 1.
    pub generation: u32,
    /// How many messages the generation has.
    pub messages: u32,
    /// How many replies the model has given in all generations.
    pub turn: u32,
    /// What bounds it.
    #[serde(with = "crate::json_text")]
    pub bounds: SessionBounds,
    /// The executions that paid for it.
    pub executions: Vec<String>,
    /// Its cost, as of the last change.
    pub spent: MicroUsd,
    /// How long it has worked, in milliseconds.
    pub worked_ms: u64,
    /// The provider's report of the generation's last reply.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub usage: Option<Usage>,
    /// Where the present round began, once there was an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub round: Option<SessionRound>,
    /// How many items of the plan are done, and how many there are.
    pub plan_done: u32,
    /// How many items the plan has.
    pub plan_items: u32,
    /// When it was opened.
    #[serde(with = "timestamp")]
    pub opened_at: Timestamp,
    /// When it last changed.
    #[serde(with = "timestamp")]
    pub changed_at: Timestamp,
}

/// The next step of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionPhase {
    /// The model replies.
    Think,
    /// The calls in its last reply are run.
    Tools,
    /// A person answers.
    Ask,
    /// Files are loaded.
    Load,
    /// The project's checks are run.
    Check,
    /// Nothing.
    Done,
}

/// What bounds a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionBounds {
    /// The most turns.
    pub turns: u32,
    /// The most minutes of work.
    pub minutes: u32,
    /// Its spending limit; without it, only the ticket's limit applies.
    pub usd: Option<MicroUsd>,
}

/// A round of a session: the work on one ticket, or on one request for a revision. Limits apply per round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRound {
    /// The key of the step that began it.
    pub key: String,
    /// [`SessionHead::turn`] at its beginning.
    pub turn: u32,
    /// [`SessionHead::worked_ms`] at its beginning.
    pub worked_ms: u64,
    /// [`SessionHead::spent`] at its beginning.
    pub spent: MicroUsd,
}

impl SessionHead {
    /// How many replies the model has given in this round.
    pub fn turns_in_round(&self) -> u32 {
        self.turn.saturating_sub(self.round.as_ref().map_or(0, |round| round.turn))
    }

    /// How long this round has worked, in milliseconds.
    pub fn worked_ms_in_round(&self) -> u64 {
        self.worked_ms.saturating_sub(self.round.as_ref().map_or(0, |round| round.worked_ms))
    }

    /// This round's cost.
    pub fn spent_in_round(&self) -> MicroUsd {
        self.spent.saturating_sub(self.round.as_ref().map_or(MicroUsd::ZERO, |round| round.spent))
    }
}

/// A session as its steps read it. Its messages are read by [`Table::session_messages`].
#[derive(Debug)]
pub struct ReadSession {
    /// Where it is.
    pub head: SessionHead,
    /// The files that it changed in its present round, by path, as [`Table::session_files`] gives them.
    pub files: BTreeMap<String, OverlayFile>,
    /// Its state apart from messages and files.
    pub state: Vec<u8>,
    /// Its beginning, if present.
    pub opening: Option<Vec<u8>>,
    /// The fixed part of its generation, byte for byte, if present.
    pub prefix: Option<Vec<u8>>,
}

impl Table {
    /// A session without its messages; `None` if there is none, or it has expired.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] where parts of it have expired; [`RecordsError`] when the table does not answer or a part is damaged.
    pub async fn read_session(&self, id: &str) -> Result<Option<ReadSession>, RecordsError> {
        // The head sorts after the files, and the state after the opening and the generations' fixed parts; the messages, which may be
        // many, are between the two.
        let partition = keys::session_partition(id);
        let head_key = keys::session_head(id);
        let mut files = self.query_from_to(partition.clone(), keys::FILE, &head_key.sk).await?;
        let Some(at) = files.iter().position(|item| is_under(item, &head_key)) else { return Ok(None) };
        let head: SessionHead = from_item(files.swap_remove(at))?;
        let (opening, state) = (keys::session_opening(id), keys::session_state(id));
        let kept = self.query_from_to(partition, &opening.sk, &state.sk).await?;
        let prefix = self.kept_among(&kept, &keys::session_prefix(id, head.generation)).await?;
        let kept_state = self.kept_among(&kept, &state).await?.ok_or_else(|| expired(&state))?;
        let opening = self.kept_among(&kept, &opening).await?;
        Ok(Some(ReadSession { files: of_round(&head, files)?, head, state: kept_state, opening, prefix }))
    }

    async fn kept_among(&self, items: &[Item], key: &keys::Key) -> Result<Option<Vec<u8>>, RecordsError> {
        match items.iter().find(|item| is_under(item, key)) {
            Some(item) => self.read_kept(item).await.map(Some),
            None => Ok(None),
        }
    }

    /// The session of an agent that worked on a branch last.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn session_on_branch(
        &self,
        repository: &RepositoryName,
        agent: &str,
        branch: &BranchName,
    ) -> Result<Option<String>, RecordsError> {
        let key = keys::session_on_branch(repository.as_str(), agent, branch.as_str());
        let link = self.get(key).await?.map(from_item::<SessionLink>).transpose()?;
        Ok(link.map(|link| link.session))
    }

    /// The head of a session; `None` if there is none, or it has expired.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn session(&self, id: &str) -> Result<Option<SessionHead>, RecordsError> {
        self.get(keys::session_head(id)).await?.map(from_item).transpose()
    }

    /// The heads of the sessions with these ids, in their order; those that there are not are left out.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn sessions_named(&self, ids: &[String]) -> Result<Vec<SessionHead>, RecordsError> {
        let wanted = ids.iter().map(|id| keys::session_head(id)).collect();
        let mut found: Vec<SessionHead> =
            self.get_many(wanted).await?.into_iter().map(from_item).collect::<Result<_, _>>()?;
        found.sort_by_key(|head| ids.iter().position(|id| *id == head.id));
        Ok(found)
    }

    /// The sessions that an execution opened, by its states.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn sessions_of(&self, execution: &str) -> Result<Vec<SessionLink>, RecordsError> {
        let items = self.query(keys::execution_partition(execution), keys::SESSION).await?;
        items.into_iter().map(from_item).collect()
    }

    /// The fixed part of a generation, byte for byte.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] if there is none.
    pub async fn session_prefix(&self, id: &str, generation: u32) -> Result<Vec<u8>, RecordsError> {
        self.kept_under(keys::session_prefix(id, generation)).await
    }

    /// A session's beginning.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] if there is none.
    pub async fn session_opening(&self, id: &str) -> Result<Vec<u8>, RecordsError> {
        self.kept_under(keys::session_opening(id)).await
    }

    /// A session's state apart from messages and files.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] if there is none.
    pub async fn session_state(&self, id: &str) -> Result<Vec<u8>, RecordsError> {
        self.kept_under(keys::session_state(id)).await
    }

    /// The messages of a generation in their order, each byte for byte.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer or a message is damaged.
    pub async fn session_messages(&self, id: &str, generation: u32) -> Result<Vec<Vec<u8>>, RecordsError> {
        let items = self.query(keys::session_partition(id), &keys::session_messages(generation)).await?;
        let mut messages = Vec::with_capacity(items.len());
        for item in items {
            messages.push(self.read_kept(&item).await?);
        }
        Ok(messages)
    }

    /// The files that a session changed in its present round, by path. Those of earlier rounds are left to expire, because there may be more
    /// of them than one transaction can remove.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer or a file is damaged.
    pub async fn session_files(
        &self,
        head: &SessionHead,
    ) -> Result<BTreeMap<String, OverlayFile>, RecordsError> {
        of_round(head, self.query(keys::session_partition(&head.id), keys::FILE).await?)
    }

    async fn kept_under(&self, key: keys::Key) -> Result<Vec<u8>, RecordsError> {
        let item: Option<Item> = self.get(key.clone()).await?;
        match item {
            Some(item) => self.read_kept(&item).await,
            None => Err(expired(&key)),
        }
    }
}

fn expired(key: &keys::Key) -> RecordsError {
    RecordsError::Missing(format!("the record `{}/{}`; it may have expired", key.pk, key.sk))
}

/// The files of a session's present round among all of its files.
fn of_round(head: &SessionHead, items: Vec<Item>) -> Result<BTreeMap<String, OverlayFile>, RecordsError> {
    let is_earlier = |file: &OverlayFile| head.round.as_ref().is_some_and(|round| file.turn <= round.turn);
    let mut files = BTreeMap::new();
    for item in items {
        let file: OverlayFile = from_item(item)?;
        if !is_earlier(&file) {
            files.insert(file.path.clone(), file);
        }
    }
    Ok(files)
}
