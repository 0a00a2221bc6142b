//! A session at work: read at the start of an invocation, and written in one transaction at its end.

use super::kept::{Prefix, Said, SessionState, Told, read_json, to_json};
use super::overlay::{FileChanges, change_of};
use crate::artifacts::{AgentOutcome, AgentQuestion, AgentResult};
use crate::context::Context;
use domain::{ActionError, CommitSha};
use jiff::Timestamp;
use records::{Changed, Inbox, ReadSession, SessionChange, SessionHead, SessionPhase};

/// A session as an invocation found it, and the invocation's changes.
pub(super) struct Session<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) head: SessionHead,
    pub(super) state: SessionState,
    /// Whether this execution works on it for the first time.
    pub(super) joins: bool,
    begun_at: Timestamp,
    opening: Option<Vec<u8>>,
    /// The fixed part of a generation's requests, by its number.
    prefix: Option<(u32, Vec<u8>)>,
}

impl<'a> Session<'a> {
    /// Reads a session of the project.
    ///
    /// # Errors
    /// `Rejected` if there is none, it belongs to another project, or it has expired.
    pub(super) async fn read(context: &'a Context<'a>, id: &str) -> Result<Self, ActionError> {
        let begun_at = context.clock().now();
        let read = context.table().read_session(id).await?;
        let read = read.filter(|read| read.head.project == context.scope().project.key).ok_or_else(|| {
            ActionError::rejected(format!(
                "there is no session `{id}` in this project; pass the session that open_session returned, within 90 days"
            ))
        })?;
        let ReadSession { head, files, state, opening, prefix } = read;
        let mut state: SessionState = read_json(&state)?;
        for (path, file) in files {
            let content = match &file.content {
                Some(stored) => Some(context.table().load(stored).await?),
                None => None,
            };
            state.workspace.changes.insert(path, change_of(&file, content));
        }
        let prefix = prefix.map(|prefix| (head.generation, prefix));
        Ok(Self { context, head, state, joins: false, begun_at, opening, prefix })
    }

    /// Records the invocation's changes to the session, unless another invocation was faster. Returns the session as it is then.
    pub(super) async fn record(
        mut self,
        messages: Vec<Said>,
        prefix: Option<&Prefix>,
        files: FileChanges,
    ) -> Result<Self, ActionError> {
        let made = self.attempt(&messages, prefix, &files, None).await?;
        self.after(made).await
    }

    /// Tries to record the invocation's changes to the session, and the words that it takes in.
    pub(super) async fn attempt(
        &mut self,
        messages: &[Said],
        prefix: Option<&Prefix>,
        files: &FileChanges,
        words: Option<Inbox>,
    ) -> Result<Changed, ActionError> {
        let now = self.context.clock().now();
        let mut head = self.head.clone();
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        head.messages = head.messages.saturating_add(count);
        head.version += 1;
        let worked = worked_ms(self.begun_at, now, self.context.deadline);
        head.worked_ms = head.worked_ms.saturating_add(worked);
        head.changed_at = now;
        let (done, items) = self.state.workspace.progress();
        head.plan_done = u32::try_from(done).unwrap_or(u32::MAX);
        head.plan_items = u32::try_from(items).unwrap_or(u32::MAX);
        let change = SessionChange {
            prefix: prefix.map(to_json).transpose()?,
            messages: messages.iter().map(to_json).collect::<Result<_, _>>()?,
            state: Some(self.state_json()?),
            joined: self.joins.then(|| self.context.scope().execution.clone()),
            files: files.changed.clone(),
            reverted: files.reverted.clone(),
            words,
            ..SessionChange::default()
        };
        let made = self.context.table().change_session(&head, change).await?;
        if made == Changed::Yes {
            (self.head, self.begun_at, self.joins) = (head, now, false);
        }
        Ok(made)
    }

    /// The session after an attempt: as another invocation left it, if that was faster.
    pub(super) async fn after(self, made: Changed) -> Result<Self, ActionError> {
        if made == Changed::Yes {
            return Ok(self);
        }
        tracing::info!(session = self.head.id, "another invocation was faster; its turn counts");
        Self::read(self.context, &self.head.id).await
    }

    /// The state as it is kept: without the changes of files.
    fn state_json(&self) -> Result<Vec<u8>, ActionError> {
        let mut state = self.state.clone();
        state.workspace.changes.clear();
        to_json(&state)
    }

    pub(super) async fn prefix(&self) -> Result<Prefix, ActionError> {
        match &self.prefix {
            Some((generation, prefix)) if *generation == self.head.generation => read_json(prefix),
            _ => {
                let table = self.context.table();
                read_json(&table.session_prefix(&self.head.id, self.head.generation).await?)
            }
        }
    }

    /// The stored beginning of the session.
    pub(super) async fn opening_json(&self) -> Result<Vec<u8>, ActionError> {
        match &self.opening {
            Some(opening) => Ok(opening.clone()),
            None => Ok(self.context.table().session_opening(&self.head.id).await?),
        }
    }

    pub(super) async fn messages(&self) -> Result<Vec<Said>, ActionError> {
        let kept = self.context.table().session_messages(&self.head.id, self.head.generation).await?;
        let count = usize::try_from(self.head.messages).unwrap_or(usize::MAX);
        if kept.len() < count {
            return Err(ActionError::internal(format!(
                "session `{}` has {} messages where {count} were recorded; some may have expired",
                self.head.id,
                kept.len()
            )));
        }
        // Another invocation may have appended more since the head was read.
        kept.iter().take(count).map(|json| read_json(json)).collect()
    }

    /// Ends the session with words for people instead of the model's.
    pub(super) fn end(&mut self, summary: String) {
        self.head.phase = SessionPhase::Done;
        self.state.result = Some(blocked(summary));
    }

    /// Parks the session with our own question; the results of the turn wait for its answer.
    pub(super) fn ask_for_help(&mut self, question: String, results: Vec<Told>) {
        self.head.phase = SessionPhase::Ask;
        self.state.question = Some(AgentQuestion { text: question, options: Vec::new() });
        self.state.pending = results;
    }

    /// The commit that the workspace is based on.
    pub(super) fn base(&self) -> Option<&CommitSha> {
        self.head.base.as_ref()
    }
}

/// The result of a session that could not continue, for people.
fn blocked(summary: String) -> AgentResult {
    AgentResult {
        outcome: AgentOutcome::Blocked,
        summary,
        pr_title: String::new(),
        pr_description: String::new(),
        commit_message: String::new(),
        tests: String::new(),
        open_points: Vec::new(),
        implementation: None,
        plan: None,
        review: None,
        branch: String::new(),
    }
}

/// How long an invocation worked, in milliseconds. Beyond its deadline, the machine slept or its clock was set forward: nobody worked then.
fn worked_ms(begun_at: Timestamp, now: Timestamp, deadline: Timestamp) -> u64 {
    let worked = now.min(deadline).duration_since(begun_at).as_millis();
    u64::try_from(worked).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_sleeps_uses_up_no_minutes() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (begun, deadline) = (at("2026-06-15T18:00:00Z"), at("2026-06-15T18:14:00Z"));
        let worked = |now| worked_ms(begun, at(now), deadline);
        assert_eq!(worked("2026-06-15T18:01:30Z"), 90_000);
        assert_eq!(worked("2026-06-16T08:00:00Z"), 840_000);
        // Neither does a clock that is set back.
        assert_eq!(worked("2026-06-15T17:00:00Z"), 0);
    }
}
