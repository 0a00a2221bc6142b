//! Events that steps may wait for: each is stored, with its author if they are a stranger.

use crate::act::Acting;
use control::{Authorization, Operation, ProjectQuery};
use domain::event::common::TICKET_EDITED;
use domain::routes::Routes;
use domain::{Event, EventKey};
use records::{Occurrence, RecordsError, StrangerWords};

impl Acting<'_> {
    /// The author of an event, if they may not start work: their text comes from outside. The authorship of a ticket's text
    /// is recorded because the person who starts a run vouches for the text at that time.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn stranger(
        &self,
        routes: &Routes,
        event: &Event,
    ) -> Result<Option<String>, RecordsError> {
        let kinds = routes.events.kinds_of(&event.kind, &event.fields);
        // Only events by people have a field for them.
        if kinds.first().is_none_or(|spec| spec.is_by_machine()) {
            return Ok(None);
        }
        let named =
            event.fields.get("repository").and_then(serde_json::Value::as_str).or(event.project.as_deref());
        let ticket = event.task_id.as_deref().and_then(|typed| self.directory.ticket(typed).ok());
        let place = ProjectQuery { named: None, ticket: None, place: named };
        let project = ticket.as_ref().map(|ticket| ticket.project());
        let Some(project) = project.or_else(|| self.directory.project(&place).ok()) else { return Ok(None) };
        let actor = self.actor_of(event);
        if let Some(actor) = &actor {
            let caller = self.caller(event, actor);
            let asked = self.control.authorize(&caller, &Operation::Start { project }).await?;
            if asked == Authorization::Allowed {
                return Ok(None);
            }
        }
        let name = actor.map(|actor| actor.person.or(actor.display_name).unwrap_or(actor.id));
        let by = name.unwrap_or_else(|| "a machine".to_owned());
        let is_edit = kinds.iter().any(|spec| spec.name == TICKET_EDITED);
        if let Some(ticket) = ticket.filter(|_| is_edit) {
            let place = format!("an edit of {}", ticket.task_id());
            let words = StrangerWords { by: by.clone(), place, at: self.now };
            self.table.note_outside_words(ticket.task_id(), &words).await?;
        }
        Ok(Some(by))
    }

    /// Records the event for a step that waits for it, or for a wider event that it also is, now or later; whichever comes second finds the
    /// other. Says whether one waits now.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn keep_for_waiters(
        &self,
        routes: &Routes,
        event: &Event,
        stranger: Option<String>,
    ) -> Result<bool, RecordsError> {
        let keys = routes.events.keys_of(&event.kind, &event.fields);
        let (fields, delivery) = (event.fields.clone(), event.delivery.clone());
        let occurrence = Occurrence { fields, at: self.now, delivery, stranger };
        let is_awaited = self.is_awaited(&keys).await?;
        self.table.put_occurrences(&keys, &occurrence).await?;
        Ok(is_awaited)
    }

    /// Whether a step of an open execution waits for one of these. The waiters of an ended execution do not count.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn is_awaited(&self, keys: &[EventKey]) -> Result<bool, RecordsError> {
        for key in keys {
            for waiter in self.table.waiters_for_event(key.as_str()).await? {
                let execution = self.table.execution(&waiter.execution).await?;
                if execution.is_some_and(|execution| !execution.outcome.is_final()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
