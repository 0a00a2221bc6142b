//! Agents' sessions: where each of them is. What a session holds is in `session_change`.
//!
//! The head's version conditions every change, so that of two invocations at work on the same turn only one is recorded.

use crate::error::RecordsError;
use crate::item::{Item, from_item};
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
    /// What happens next.
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
    /// What it has cost, as of the last change.
    pub spent: MicroUsd,
    /// How long it has worked, in milliseconds.
    pub worked_ms: u64,
    /// What the provider reported of the generation's last reply.
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

/// What happens next in a session.
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
    /// The most that it may cost; without it, the ticket's limit alone holds.
    pub usd: Option<MicroUsd>,
}

/// A round of a session: the work on one ticket, or on one request for a revision. Bounds are those of a round.
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

    /// What this round has cost.
    pub fn spent_in_round(&self) -> MicroUsd {
        self.spent.saturating_sub(self.round.as_ref().map_or(MicroUsd::ZERO, |round| round.spent))
    }
}

impl Table {
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

    /// Where a session is; `None` where there is none, or it has expired.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn session(&self, id: &str) -> Result<Option<SessionHead>, RecordsError> {
        self.get(keys::session_head(id)).await?.map(from_item).transpose()
    }

    /// The sessions that an execution opened, by its states.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn sessions_of(&self, execution: &str) -> Result<Vec<SessionLink>, RecordsError> {
        let items = self.query(keys::execution_partition(execution), keys::SESSION).await?;
        items.into_iter().map(from_item).collect()
    }

    /// The fixed part of what a generation sends, byte for byte.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] where there is none.
    pub async fn session_prefix(&self, id: &str, generation: u32) -> Result<Vec<u8>, RecordsError> {
        self.kept_under(keys::session_prefix(id, generation)).await
    }

    /// What a session began with.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] where there is none.
    pub async fn session_opening(&self, id: &str) -> Result<Vec<u8>, RecordsError> {
        self.kept_under(keys::session_opening(id)).await
    }

    /// What a session keeps besides its messages and files.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] where there is none.
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
        let is_earlier =
            |file: &OverlayFile| head.round.as_ref().is_some_and(|round| file.turn <= round.turn);
        let mut files = BTreeMap::new();
        for item in self.query(keys::session_partition(&head.id), keys::FILE).await? {
            let file: OverlayFile = from_item(item)?;
            if !is_earlier(&file) {
                files.insert(file.path.clone(), file);
            }
        }
        Ok(files)
    }

    async fn kept_under(&self, key: keys::Key) -> Result<Vec<u8>, RecordsError> {
        let name = format!("{}/{}", key.pk, key.sk);
        let item: Option<Item> = self.get(key).await?;
        match item {
            Some(item) => self.read_kept(&item).await,
            None => Err(RecordsError::Missing(format!("the record `{name}`; it may have expired"))),
        }
    }
}
