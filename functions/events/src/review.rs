//! Completes events about reviews: a review's line comments do not come with its delivery, and `webhooks` has no credentials to
//! ask for it.

use crate::ending::Ending;
use crate::handle::Events;
use domain::configuration::Configuration;
use domain::event::REVIEW;
use domain::execution::Outcome;
use domain::plugins::{LineRemark, RepositoryAccess, lines_in_words};
use domain::stored::cut_inline;
use domain::{ActionError, ErrorKind, EventName, RepositoryName};
use jiff::{SignedDuration, Timestamp};
use providers::Place;
use records::{ExecutionRecord, ReviewOf};
use serde_json::{Map, Value};

/// The field with a review's text.
const COMMENTS: &str = "comments";

/// The message about a review that cannot be read.
const UNREADABLE: &str = "The review asks for changes, but its remarks on lines cannot be read, and it says nothing as a whole. Say in a comment \
    what is to be changed.";

/// How long the code host is asked. After that, work continues with what came with the delivery.
const ASKED_FOR: SignedDuration = SignedDuration::from_mins(10);

impl Events {
    /// Starts an execution that `webhooks` recorded and left to us. Returns whether it was ended instead.
    ///
    /// # Errors
    /// When the records, the code host or Step Functions do not answer; the sweeper tries again, too.
    pub(crate) async fn start_after_review(&self, execution: &ExecutionRecord) -> Result<bool, ActionError> {
        if execution.outcome != Outcome::Pending || review_of(&execution.input.event).is_none() {
            return Ok(false);
        }
        let execution = self.with_remarks(execution).await?;
        if self.end_where_nothing_is_asked(&execution).await? {
            return Ok(true);
        }
        if self.control.take_place(&execution).await?.is_err() {
            return Ok(false);
        }
        let started = self.control.start_recorded(&execution).await;
        started.map(|()| false).map_err(|error| ActionError::unavailable(error.to_string()))
    }

    /// The execution with its review's line comments, in its event and in the input made of it; recorded, so that it can wait in
    /// line.
    ///
    /// # Errors
    /// When the code host does not answer and is still to be asked.
    pub(crate) async fn with_remarks(
        &self,
        execution: &ExecutionRecord,
    ) -> Result<ExecutionRecord, ActionError> {
        let mut completed = execution.clone();
        let before = execution.input.event.get(COMMENTS);
        let project = execution.project.as_deref();
        self.complete(&mut completed.input.event, project, execution.begun_at).await?;
        let after = completed.input.event.get(COMMENTS).cloned();
        if let (Some(input), Some(after)) = (completed.input.inputs.get_mut(COMMENTS), after)
            && Some(&*input) == before
        {
            *input = after;
        }
        if completed.input != execution.input {
            self.table.put_pending_input(&execution.name, &completed.input).await?;
        }
        Ok(completed)
    }

    /// Adds a review's line comments to the fields of an event received at `since`.
    ///
    /// # Errors
    /// As [`Events::with_remarks`].
    pub(crate) async fn complete(
        &self,
        fields: &mut Map<String, Value>,
        project: Option<&str>,
        since: Timestamp,
    ) -> Result<(), ActionError> {
        let Some((repository, number, review)) = review_of(fields) else { return Ok(()) };
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        match self.remarks(&configuration, project, (&repository, number, review)).await {
            Ok(remarks) => {
                let said = fields.get(COMMENTS).and_then(Value::as_str).unwrap_or_default();
                fields.insert(COMMENTS.to_owned(), cut_inline(&in_words(said, &remarks)).into());
            }
            Err(error)
                if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable)
                    && now.duration_since(since) < ASKED_FOR =>
            {
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(%error, %repository, number, "a review continues without its line comments");
            }
        }
        // Nothing is left to be asked for.
        fields.remove(REVIEW);
        Ok(())
    }

    /// Ends a revision that was not started: its review has no text of its own, and its line comments cannot be read. The comment, which is the
    /// caller's, says why.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn end_where_nothing_is_asked(
        &self,
        execution: &ExecutionRecord,
    ) -> Result<bool, ActionError> {
        let asked = execution.input.event.get(COMMENTS).and_then(Value::as_str);
        if execution.trigger != EventName::REVISION_REQUESTED || asked != Some("") {
            return Ok(false);
        }
        let ending = Ending {
            status: "FAILED".to_owned(),
            error: Some("NothingAsked".to_owned()),
            cause: Some(UNREADABLE.to_owned()),
            output: None,
            at: self.clock.now(),
        };
        self.close(&execution.name, &ending).await?;
        self.start_next(execution).await?;
        Ok(true)
    }

    /// Completes the reviews among the words that wait for the agents of a ticket.
    ///
    /// # Errors
    /// When the code host does not answer and is still to be asked.
    pub(crate) async fn complete_words(&self, task_id: &str) -> Result<(), ActionError> {
        let now = self.clock.now();
        for waiting in self.table.inbox(task_id).await?.words {
            let Some(ReviewOf { repository, number, review }) = &waiting.word.review else { continue };
            let configuration = self.table.configuration(now).await?;
            let whole = match self.remarks(&configuration, None, (repository, *number, *review)).await {
                Ok(remarks) => cut_inline(&in_words(&waiting.word.text, &remarks)),
                Err(error)
                    if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable)
                        && now.duration_since(waiting.word.at) < ASKED_FOR =>
                {
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(%error, %repository, number, "words continue without a review's line comments");
                    let said = &waiting.word.text;
                    if said.is_empty() { UNREADABLE.to_owned() } else { said.clone() }
                }
            };
            self.table.complete_word(task_id, &waiting.key, &whole).await?;
        }
        Ok(())
    }

    async fn remarks(
        &self,
        configuration: &Configuration,
        project: Option<&str>,
        (repository, number, review): (&RepositoryName, u64, u64),
    ) -> Result<Vec<LineRemark>, ActionError> {
        let project = project
            .and_then(|key| configuration.project(key))
            .or_else(|| configuration.project_of_repository(repository.as_str()))
            .ok_or_else(|| ActionError::rejected(format!("{repository} belongs to no project")))?;
        let place = Place { configuration, project, task_id: None };
        let host = self.feedback.providers.code_host(place, RepositoryAccess::WriteIssues).await?;
        host.review_remarks(repository, number, review).await
    }
}

/// The repository, the pull request and the review that an event is about.
fn review_of(fields: &Map<String, Value>) -> Option<(RepositoryName, u64, u64)> {
    let repository = fields.get("repository")?.as_str()?.parse().ok()?;
    Some((repository, fields.get("number")?.as_u64()?, fields.get(REVIEW)?.as_u64()?))
}

/// A review in words: its text, then each line comment with its place.
fn in_words(said: &str, remarks: &[LineRemark]) -> String {
    let remark = |LineRemark { path, line, first_line, text }: &LineRemark| match line {
        Some(line) => format!("`{path}`, {}: {text}", lines_in_words(*first_line, *line)),
        None => format!("`{path}`: {text}"),
    };
    let said = Some(said.to_owned()).filter(|said| !said.is_empty());
    said.into_iter().chain(remarks.iter().map(remark)).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remark_has_its_place() {
        let remark = |line| LineRemark {
            path: "src/cart.rs".into(),
            line,
            first_line: None,
            text: "rename it".into(),
        };
        assert_eq!(
            in_words("Nearly.", &[remark(Some(12)), remark(None)]),
            "Nearly.\n\n`src/cart.rs`, line 12: rename it\n\n`src/cart.rs`: rename it"
        );
        let of_several = LineRemark { first_line: Some(9), ..remark(Some(12)) };
        let of_one = LineRemark { first_line: Some(12), ..remark(Some(12)) };
        assert_eq!(
            in_words("", &[of_several, of_one]),
            "`src/cart.rs`, lines 9–12: rename it\n\n`src/cart.rs`, line 12: rename it"
        );
        assert_eq!(in_words("", &[]), "");
    }
}
