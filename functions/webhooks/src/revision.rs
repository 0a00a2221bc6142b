//! Requests for revisions: what people want changed in a pull request that a run opened.
//!
//! A review that asks for changes is one, and so is what somebody says to the bot on the pull request or on its ticket, unless the words
//! are another command. Workflows start on [`EventName::REVISION_REQUESTED`] whatever the sender.

use crate::act::Acting;
use crate::command::Command;
use domain::event::{REVIEW, SAID_ON};
use domain::routes::Routes;
use domain::stored::cut_inline;
use domain::{Event, EventName, RepositoryName};
use records::{OpenedPullRequest, RecordsError};
use serde_json::{Map, Value, json};

/// Fields of the delivery that the request keeps, where it has them.
const KEPT: [&str; 6] = ["actor", REVIEW, SAID_ON, "restriction", "comment_id", "said_at"];

impl Acting<'_> {
    /// The pull request of ours that an event happened on. One whose ticket belongs to no configured project is none: people could not be
    /// answered about that ticket.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn pull_request_of(
        &self,
        event: &Event,
    ) -> Result<Option<OpenedPullRequest>, RecordsError> {
        let fields = &event.fields;
        // An issue has a number, too.
        if fields.get("is_pull_request").is_some_and(|is_one| *is_one == Value::Bool(false)) {
            return Ok(None);
        }
        let repository = fields.get("repository").and_then(Value::as_str);
        let number = fields.get("number").and_then(Value::as_u64);
        let repository = repository.and_then(|name| name.parse::<RepositoryName>().ok());
        match (repository, number) {
            (Some(repository), Some(number)) => {
                let opened = self.table.opened_pull_request(&repository, number).await?;
                let is_known = |task_id: &str| self.directory.ticket(task_id).is_ok();
                Ok(opened.filter(|opened| opened.task_id.as_deref().is_none_or(is_known)))
            }
            _ => Ok(None),
        }
    }

    /// The request for a revision that an event is: `words` is what was said to the bot, and `on` the pull request of ours that it was said
    /// on. `None` where it is none, or no workflow starts on such requests.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn revision_of(
        &self,
        routes: &Routes,
        event: &Event,
        (words, command): (Option<&str>, Option<&Command>),
        on: Option<OpenedPullRequest>,
    ) -> Result<Option<Event>, RecordsError> {
        if !routes.start_on(&EventName::REVISION_REQUESTED, &Map::new()) {
            return Ok(None);
        }
        let asked = match (words, command) {
            (Some(words), Some(command)) => command.request(words, event.task_id.as_deref()),
            // What a review says as a whole; it may have remarks on lines alone.
            _ if event.fields.contains_key(REVIEW) => {
                Some(event.fields.get("comments").and_then(Value::as_str).unwrap_or_default())
            }
            _ => None,
        };
        let Some(asked) = asked else { return Ok(None) };
        let opened = match on {
            Some(opened) => Some(opened),
            None => self.pull_request_of_ticket(event).await?,
        };
        let Some((opened, task_id)) = opened.and_then(|opened| opened.task_id.clone().map(|id| (opened, id)))
        else {
            return Ok(None);
        };
        let mut fields: Map<String, Value> = KEPT
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), event.fields.get(*name)?.clone())))
            .collect();
        for (name, value) in [
            ("task_id", json!(task_id)),
            ("repository", json!(opened.repository)),
            ("number", json!(opened.number)),
            ("branch", json!(opened.branch)),
            ("comments", json!(cut_inline(asked))),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Ok(Some(Event {
            kind: EventName::REVISION_REQUESTED,
            task_id: Some(task_id),
            fields,
            ..event.clone()
        }))
    }

    /// The newest pull request of the ticket that an event happened on.
    async fn pull_request_of_ticket(&self, event: &Event) -> Result<Option<OpenedPullRequest>, RecordsError> {
        let Some(ticket) = event.task_id.as_deref().and_then(|typed| self.directory.ticket(typed).ok())
        else {
            return Ok(None);
        };
        self.table.pull_request_of_task(&ticket.project().repository, ticket.task_id()).await
    }
}
