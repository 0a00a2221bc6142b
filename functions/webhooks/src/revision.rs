//! Requests for revisions: changes that people want in a pull request that a run opened.
//!
//! A review that asks for changes is one, and so is a comment to the bot on the pull request or on its ticket, unless the words
//! are another command. Workflows start on [`EventName::REVISION_REQUESTED`] whatever the sender.

use crate::act::Acting;
use crate::wish::Wish;
use domain::event::{REVIEW, SAID_IN, SAID_ON};
use domain::routes::Routes;
use domain::stored::cut_inline;
use domain::{Event, EventName, RepositoryName};
use records::{OpenedPullRequest, RecordsError};
use serde_json::{Map, Value, json};

/// Fields of the delivery that the request keeps, if present.
const KEPT: [&str; 6] = ["actor", REVIEW, SAID_ON, "restriction", "comment_id", "said_at"];

impl Acting<'_> {
    /// Our pull request that an event happened on. One whose ticket belongs to no configured project does not count: people could not be
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

    /// An event as a request for a revision: `wish` is the wanted change, and `on` our pull request that it was said
    /// on. `None` if no pull request is meant, or no workflow starts on such requests.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn revision_of(
        &self,
        routes: &Routes,
        event: &Event,
        wish: &Wish,
        on: Option<OpenedPullRequest>,
    ) -> Result<Option<Event>, RecordsError> {
        if wish.is_told || !routes.start_on(&EventName::REVISION_REQUESTED, &Map::new()) {
            return Ok(None);
        }
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
            ("comments", json!(cut_inline(&wish.text))),
        ] {
            fields.insert(name.to_owned(), value);
        }
        if let Some(channel) = event.fields.get("channel").filter(|channel| channel.is_string()) {
            fields.insert(SAID_IN.to_owned(), channel.clone());
        }
        Ok(Some(Event {
            kind: EventName::REVISION_REQUESTED,
            project: Some(opened.project),
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
