//! Changes of agents' sessions: each is one transaction, made to the version of the head that it was decided on.

use crate::error::RecordsError;
use crate::item::{listed, number, to_item};
use crate::keys;
use crate::retention;
use crate::session::{SessionHead, SessionPhase};
use crate::session_parts::{AgentAtWork, OverlayFile, SessionLink};
use crate::stored::compress;
use crate::table::Table;
use crate::word::Inbox;
use crate::write::{ABSENT, Refused, Write};
use domain::Stored;
use jiff::Timestamp;

/// What changes in a session, together or not at all.
#[derive(Debug, Clone, Default)]
pub struct SessionChange {
    /// The fixed part of a generation that begins: the head's.
    pub prefix: Option<Vec<u8>>,
    /// Messages that are appended to the head's generation; the last one is the last of the head's count.
    pub messages: Vec<Vec<u8>>,
    /// Its other state.
    pub state: Option<Vec<u8>>,
    /// The session's beginning from now on.
    pub opening: Option<Vec<u8>>,
    /// The execution and its state that begin another round.
    pub opened_by: Option<(String, String)>,
    /// The execution that works on it from now on, if it continues a round that another one began.
    pub joined: Option<String>,
    /// Files that changed.
    pub files: Vec<OverlayFile>,
    /// The paths of files that match the base commit again.
    pub reverted: Vec<String>,
    /// Words of people that are taken in.
    pub words: Option<Inbox>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is made.
    Yes,
    /// Somebody else changed the session since.
    Overtaken,
    /// Somebody else took words out of the inbox since.
    WordsTaken,
}

impl Table {
    /// Opens a session for a state of an execution; [`Changed::Overtaken`] if it was opened before.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn open_session(
        &self,
        head: &SessionHead,
        opening: &[u8],
        change: SessionChange,
        link: (&str, &str),
    ) -> Result<Changed, RecordsError> {
        let expires_at = retention::expires_at(head.changed_at, retention::SESSION);
        let item = to_item(head, keys::session_head(&head.id), Some(expires_at))?;
        let (execution, state) = link;
        let change = SessionChange {
            opening: Some(opening.to_vec()),
            opened_by: Some((execution.to_owned(), state.to_owned())),
            ..change
        };
        let mut writes = vec![Write::Put { item, condition: Some(ABSENT) }];
        if let (Some(repository), Some(branch)) = (&head.repository, &head.branch) {
            let key = keys::session_on_branch(repository.as_str(), &head.agent, branch.as_str());
            let link = SessionLink { session: head.id.clone(), state: state.to_owned() };
            writes.push(Write::Put { item: to_item(&link, key, Some(expires_at))?, condition: None });
        }
        writes.extend(self.session_writes(head, change, expires_at).await?);
        Ok(match self.transact("open a session", writes).await? {
            Ok(()) => Changed::Yes,
            Err(Refused { index: 0, .. }) => Changed::Overtaken,
            Err(_) => Changed::WordsTaken,
        })
    }

    /// Changes a session to `head`, whose version is one above the one that the change was based on.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn change_session(
        &self,
        head: &SessionHead,
        change: SessionChange,
    ) -> Result<Changed, RecordsError> {
        let expires_at = retention::expires_at(head.changed_at, retention::SESSION);
        let item = to_item(head, keys::session_head(&head.id), Some(expires_at))?;
        let before = number(head.version.saturating_sub(1));
        let mut writes =
            vec![Write::Replace { item, condition: "#version = :before", value: (":before", before) }];
        writes.extend(self.session_writes(head, change, expires_at).await?);
        match self.transact("change a session", writes).await? {
            Ok(()) => Ok(Changed::Yes),
            Err(Refused { index: 0, item: Some(_) }) => Ok(Changed::Overtaken),
            Err(Refused { index: 1.., .. }) => Ok(Changed::WordsTaken),
            Err(Refused { item: None, .. }) => Err(RecordsError::Missing(format!("session `{}`", head.id))),
        }
    }

    /// Stores the content of a file for the session with this id, by its hash.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when it is too large.
    pub async fn store_for_session(
        &self,
        session: &str,
        content: &str,
        now: Timestamp,
    ) -> Result<Stored<String>, RecordsError> {
        let json = serde_json::to_vec(content)
            .map_err(|error| RecordsError::Invalid(format!("a file cannot be stored: {error}")))?;
        let expires_at = retention::expires_at(now, retention::SESSION);
        self.store_json(&owner(session), &json, &compress(&json)?, expires_at).await
    }

    async fn session_writes(
        &self,
        head: &SessionHead,
        change: SessionChange,
        expires_at: i64,
    ) -> Result<Vec<Write>, RecordsError> {
        let (id, owner) = (&head.id, owner(&head.id));
        let mut items = Vec::new();
        if let Some(prefix) = &change.prefix {
            let key = keys::session_prefix(id, head.generation);
            items.push(self.kept(key, prefix, &owner, expires_at).await?);
        }
        if let Some(opening) = &change.opening {
            items.push(self.kept(keys::session_opening(id), opening, &owner, expires_at).await?);
        }
        if let Some((execution, state)) = &change.opened_by {
            let link = SessionLink { session: id.clone(), state: state.clone() };
            let listed = retention::expires_at(head.changed_at, retention::EXECUTION);
            items.push(to_item(&link, keys::session_of(execution, state), Some(listed))?);
        }
        if let Some(state) = &change.state {
            items.push(self.kept(keys::session_state(id), state, &owner, expires_at).await?);
        }
        let first = head.messages.saturating_sub(u32::try_from(change.messages.len()).unwrap_or(u32::MAX));
        for (sequence, message) in (first..).zip(&change.messages) {
            let key = keys::session_message(id, head.generation, sequence);
            items.push(self.kept(key, message, &owner, expires_at).await?);
        }
        for file in &change.files {
            items.push(to_item(file, keys::session_file(id, &file.path), Some(expires_at))?);
        }
        let opened = change.opened_by.map(|(execution, _)| execution);
        let mut no_longer = None;
        if head.phase == SessionPhase::Done {
            no_longer = head.executions.last().map(|execution| keys::agent_at_work(execution, id));
        } else if let Some(execution) = opened.or(change.joined) {
            let key = keys::agent_at_work(&execution, id);
            let position = format!("{execution}#{id}");
            let at_work = to_item(&AgentAtWork { session: id.clone(), execution }, key, Some(expires_at))?;
            items.push(listed(at_work, keys::AGENTS, head.opened_at, &position));
        }
        let puts = items.into_iter().map(|item| Write::Put { item, condition: None });
        let reverted = change.reverted.iter().map(|path| keys::session_file(id, path));
        let deletes = reverted.chain(no_longer).map(|key| Write::Delete { key });
        let words = change.words.iter().flat_map(Inbox::writes);
        Ok(puts.chain(deletes).chain(words).collect())
    }
}

/// Whose stored values they are.
fn owner(session: &str) -> String {
    format!("session/{session}")
}
