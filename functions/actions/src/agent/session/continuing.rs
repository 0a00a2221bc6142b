//! Continues the session that worked on a branch before, so that requests are handled with its knowledge.
//!
//! A new round begins with a new generation and the branch's current state, including people's commits. What the agent changed before
//! is in the branch if it was committed; the overlay begins empty.

use super::generation::{Opening, first_message};
use super::kept::{Prefix, SessionState, to_json};
use super::overlay::describe;
use super::report::Report;
use super::shown_files::pictures;
use super::words::{first_words, take_in, words_taken};
use super::work::Session;
use crate::context::Context;
use domain::{ActionError, BranchName, CommitSha, ErrorKind, RepositoryName};
use records::{Changed, SessionChange, SessionPhase, SessionRound};

/// No more of the files that were changed before are listed.
const MOST_FILES: usize = 200;

/// The session that worked on the branch before, if there is one: `None` where none did, or it has expired.
///
/// # Errors
/// When the table does not answer.
pub(super) async fn earlier<'a>(
    context: &'a Context<'a>,
    agent: &str,
    repository: Option<&RepositoryName>,
    branch: Option<&BranchName>,
) -> Result<Option<Session<'a>>, ActionError> {
    let Some(branch) = branch else { return Ok(None) };
    let repository = &context.scope().project_of(repository)?.repository;
    let Some(id) = context.table().session_on_branch(repository, agent, branch).await? else {
        return Ok(None);
    };
    match Session::read(context, &id).await {
        Ok(session) => Ok(Some(session)),
        // It belongs to a project that had the repository before, or has expired.
        Err(error) if error.kind == ErrorKind::Rejected => Ok(None),
        Err(error) => Err(error),
    }
}

impl Session<'_> {
    /// Whether this step has begun a round of the session.
    pub(super) fn is_continued_here(&self) -> bool {
        self.head.round.as_ref().is_some_and(|round| round.key == self.context.key)
    }

    /// Begins another round at the head of the branch. `fresh` is the state of a newly opened session.
    ///
    /// # Errors
    /// `Unavailable` if the session changed since it was read; the errors of the table.
    pub(super) async fn begin_round(
        mut self,
        prefix: &Prefix,
        opening: &Opening,
        fresh: SessionState,
        at: Option<(RepositoryName, CommitSha)>,
    ) -> Result<Report, ActionError> {
        // Replies that were lost after the last change belong to the round before.
        self.count_costs().await?;
        let (table, scope, now) = (self.context.table(), self.context.scope(), self.context.clock().now());
        let overlay = std::mem::take(&mut self.state.workspace.changes);
        let mut committed = std::mem::take(&mut self.state.committed);
        committed.extend(overlay.iter().map(|(path, change)| format!("{path}: {}", describe(change))));
        let surplus = committed.len().saturating_sub(MOST_FILES);
        committed.drain(..surplus);
        let notes = self.state.workspace.notes.take();
        let said = self.state.result.take().map(|result| result.summary);
        self.state = SessionState {
            decisions: std::mem::take(&mut self.state.decisions),
            last_text: said.unwrap_or_else(|| std::mem::take(&mut self.state.last_text)),
            committed,
            ..fresh
        };
        self.state.workspace.notes = notes;
        let head = &mut self.head;
        head.round = Some(SessionRound {
            key: self.context.key.clone(),
            turn: head.turn,
            worked_ms: head.worked_ms,
            spent: head.spent,
        });
        head.run.clone_from(&scope.run);
        if let Some((repository, commit)) = at {
            (head.repository, head.base) = (Some(repository), Some(commit));
        }
        let definition = &prefix.definition;
        (head.bounds.turns, head.bounds.minutes, head.bounds.usd) =
            (definition.max_turns, definition.max_minutes, definition.max_usd);
        (head.phase, head.usage) = (SessionPhase::Think, None);
        (head.generation, head.messages) = (head.generation + 1, 1);
        (head.plan_done, head.plan_items) = (0, 0);
        (head.version, head.changed_at) = (head.version + 1, now);
        let shown = Box::pin(pictures(self.context, &opening.attachments, self.state.takes_pictures)).await?;
        let mut first = first_message(opening, &self.state, shown);
        let (id, task_id) = (self.head.id.clone(), self.head.task_id.clone());
        let words =
            first_words(self.context, &id, task_id.as_deref(), &opening.known(), &mut self.state).await?;
        if let Some(words) = &words {
            take_in(self.context, &id, words, &mut self.state, &mut first).await?;
        }
        let change = SessionChange {
            words,
            prefix: Some(to_json(prefix)?),
            messages: vec![to_json(&first)?],
            state: Some(to_json(&self.state)?),
            opening: Some(to_json(opening)?),
            opened_by: Some((scope.execution.clone(), scope.state.clone())),
            ..SessionChange::default()
        };
        match table.change_session(&self.head, change).await? {
            Changed::Yes => {
                tracing::info!(session = id, generation = self.head.generation, "another round begins");
            }
            Changed::Overtaken => {}
            Changed::WordsTaken => return Err(words_taken(&id)),
        }
        let session = Self::read(self.context, &id).await?;
        if !session.is_continued_here() {
            return Err(ActionError::unavailable(format!(
                "the session `{id}` changed while another round of it was to begin; the next attempt begins it"
            )));
        }
        Ok(Report::of(&session))
    }
}
