//! Handles events: records them for waiting steps, carries out people's commands, or starts workflows.

use crate::answer::Outcome;
use crate::command::{Command, Steering, SteeringWord};
use crate::mention::words_for_bot;
use crate::senders;
use crate::words::Reply;
use control::{
    AnswerResult, Caller, Control, Directory, ProjectQuery, StartDecision, UndoError, UndoResult, decide,
};
use domain::event::EventSpec;
use domain::routes::Routes;
use domain::{Actor, Event, EventKey};
use jiff::Timestamp;
use records::{ExecutionRecord, NewInquiry, Occurrence, RecordsError, Table};
use std::sync::Arc;

/// The context for handling one delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acting<'a> {
    pub(crate) control: &'a Control,
    pub(crate) table: &'a Table,
    pub(crate) directory: &'a Directory,
    pub(crate) now: Timestamp,
}

impl Acting<'_> {
    /// The routes in force. If they were stored by a version that did not describe events in them, our own senders' events are used.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn routes(&self) -> Result<Arc<Routes>, RecordsError> {
        let routes = self.table.routes(self.now).await?;
        match routes.events.is_empty() {
            true => Ok(Arc::new(Routes { events: senders::events(), ..Routes::clone(&routes) })),
            false => Ok(routes),
        }
    }

    /// Handles each event.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_events(&self, events: Vec<Event>) -> Result<Vec<Outcome>, RecordsError> {
        let routes = self.routes().await?;
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            if let Some(spec) =
                routes.events.find(event.kind.as_str()).filter(|spec| spec.confirmed_by.is_some())
            {
                outcomes.push(self.inquire(&routes, spec, event).await?);
                continue;
            }
            self.keep_for_waiters(&routes, &event).await?;
            let reply = match self.steer_by_comment(&routes, &event).await? {
                Some(reply) => Some(reply),
                None => self.answer_by_move(&event).await?,
            };
            outcomes.push(match reply {
                Some(reply) => reply.into(),
                None => match decide(self.directory, &routes, event) {
                    StartDecision::Start(request) => self.control.start(*request).await?.into(),
                    StartDecision::Ignore(reason) => Outcome::Ignored { reason },
                    StartDecision::Refuse(reason) => Outcome::Refused { reason },
                },
            });
        }
        Ok(outcomes)
    }

    /// Carries out a person's typed command about a ticket's execution.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_steering(
        &self,
        caller: &Caller<'_>,
        steering: Steering,
    ) -> Result<Reply, RecordsError> {
        let Some(typed) = &steering.task_id else {
            let ask = "Which ticket? Add its key after the command, such as `SHOP-12`, or the name of an execution.";
            return Ok(Reply::Refused(ask.to_owned()));
        };
        if steering.word == SteeringWord::Undo {
            match self.control.undo_execution(caller, typed).await {
                Ok(UndoResult::Unknown) => {}
                Ok(result) => return Ok(Reply::to_undo(result, typed)),
                Err(UndoError::Inputs(invalid)) => return Ok(Reply::Refused(invalid.to_string())),
                Err(UndoError::Records(error)) => return Err(error),
            }
        }
        let ticket = match self.directory.ticket(typed) {
            Ok(ticket) => ticket,
            // A run without a ticket is steered by the name that `status` shows.
            Err(error) => match self.execution_named(typed).await? {
                Some(execution) => return self.on_steering_execution(caller, steering, execution).await,
                None if steering.word == SteeringWord::Undo => {
                    return Ok(Reply::Refused(format!("no execution has the name `{typed}`, and {error}")));
                }
                None => return Ok(Reply::Refused(error.to_string())),
            },
        };
        let task_id = ticket.task_id();
        Ok(match steering.word {
            word @ (SteeringWord::Approve | SteeringWord::Deny) => {
                let approved = word == SteeringWord::Approve;
                let result = self.control.answer_ticket(caller, &ticket, approved, steering.comment).await?;
                Reply::to_answer(result, format!("nothing on {task_id} is waiting for an answer"))
            }
            SteeringWord::Stop => Reply::to_stop(self.control.stop(caller, &ticket).await?, task_id),
            SteeringWord::Undo => match self.control.undo(caller, &ticket).await {
                Ok(result) => Reply::to_undo(result, task_id),
                Err(UndoError::Inputs(invalid)) => Reply::Refused(invalid.to_string()),
                Err(UndoError::Records(error)) => return Err(error),
            },
        })
    }

    /// The execution of this name, as people type or paste it.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn execution_named(&self, typed: &str) -> Result<Option<ExecutionRecord>, RecordsError> {
        self.table.execution(typed.trim().trim_matches('`')).await
    }

    async fn on_steering_execution(
        &self,
        caller: &Caller<'_>,
        steering: Steering,
        execution: ExecutionRecord,
    ) -> Result<Reply, RecordsError> {
        let name = execution.name.clone();
        Ok(match steering.word {
            word @ (SteeringWord::Approve | SteeringWord::Deny) => {
                let approved = word == SteeringWord::Approve;
                let answered = self.control.answer_execution(caller, &name, approved, steering.comment);
                Reply::to_answer(answered.await?, format!("`{name}` is not waiting for an answer"))
            }
            SteeringWord::Stop => {
                Reply::to_stop(self.control.stop_execution(caller, execution).await?, &name)
            }
            SteeringWord::Undo => match execution.task_id {
                Some(task_id) => Reply::Refused(format!("type the ticket instead: `undo {task_id}`")),
                None => {
                    Reply::Refused(format!("`{name}` has no ticket, so its effects cannot be undone here"))
                }
            },
        })
    }

    /// Answers a question by a button, whose value names the execution and the step that asked.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_button(
        &self,
        caller: &Caller<'_>,
        action: &str,
        value: &str,
    ) -> Result<Reply, RecordsError> {
        let approved = match action {
            "approve" => true,
            "deny" => false,
            other => return Ok(Reply::Refused(format!("unknown button `{other}`"))),
        };
        let result = match value.split_once(' ') {
            Some((execution, key)) => self.control.answer_step(caller, execution, key, approved).await?,
            None => AnswerResult::NothingAsked,
        };
        Ok(Reply::to_answer(result, "nothing is waiting for this button".to_owned()))
    }

    /// Wants a provider to be asked whether an event happened: the delivery tells only a part of it. Nobody is asked about what nothing
    /// starts on or waits for, or what belongs to no project.
    async fn inquire(
        &self,
        routes: &Routes,
        spec: &EventSpec,
        event: Event,
    ) -> Result<Outcome, RecordsError> {
        let query = ProjectQuery { named: None, ticket: None, place: event.project.as_deref() };
        if let Err(error) = self.directory.project(&query) {
            return Ok(Outcome::Ignored { reason: error.to_string() });
        }
        let key = match EventKey::new(spec, &event.fields) {
            Ok(Some(key)) => key,
            Ok(None) | Err(_) => {
                return Ok(Outcome::Ignored {
                    reason: format!("{} lacks what tells it from others", event.kind),
                });
            }
        };
        let starts = routes.workflows.values().flat_map(|workflow| &workflow.triggers);
        let starts = starts.into_iter().any(|trigger| trigger.on == event.kind);
        if !starts && self.table.waiters_for_event(key.as_str()).await?.is_empty() {
            let reason = format!("no workflow has a trigger for {}, and no step waits for it", event.kind);
            return Ok(Outcome::Ignored { reason });
        }
        let inquiry = NewInquiry { kind: event.kind, fields: event.fields, by: event.actor, reported: true };
        self.table.inquire(&key, &inquiry, self.now).await?;
        Ok(Outcome::Recorded)
    }

    /// Records the event for a step that waits for it now or later; whichever comes second finds the other.
    async fn keep_for_waiters(&self, routes: &Routes, event: &Event) -> Result<(), RecordsError> {
        let spec = routes.events.find(event.kind.as_str());
        if let Some(Ok(Some(key))) = spec.map(|spec| EventKey::new(spec, &event.fields)) {
            let (fields, delivery) = (event.fields.clone(), event.delivery.clone());
            let occurrence = Occurrence { fields, at: self.now, delivery };
            self.table.put_occurrence(&key, &occurrence).await?;
        }
        Ok(())
    }

    /// Handles a ticket's move to a status that answers a question on it.
    async fn answer_by_move(&self, event: &Event) -> Result<Option<Reply>, RecordsError> {
        let moved_to = event.fields.get("to").and_then(|status| status.as_str());
        let (Some(task_id), Some(status), Some(actor)) = (&event.task_id, moved_to, self.actor_of(event))
        else {
            return Ok(None);
        };
        let task_id = self.directory.canonical(task_id);
        match self.control.answer_by_move(&self.caller(event, &actor), &task_id, status).await? {
            AnswerResult::NothingAsked => Ok(None),
            result => Ok(Some(Reply::to_answer(result, String::new()))),
        }
    }

    /// Handles a comment on a ticket that says `approve`, `deny`, `stop` or `undo` to the bot, unless it starts a workflow.
    async fn steer_by_comment(&self, routes: &Routes, event: &Event) -> Result<Option<Reply>, RecordsError> {
        let Some(text) = event.fields.get("text").and_then(|text| text.as_str()) else { return Ok(None) };
        let steering = match &event.task_id {
            Some(task_id) => {
                let settings = &self.directory.configuration().webhooks;
                let words = words_for_bot(text, &settings.mention, &settings.command).unwrap_or(text);
                Steering::read_on_ticket(words, task_id)
            }
            None => match Command::read(text) {
                Command::Steer(steering) => Some(steering),
                _ => None,
            },
        };
        let (Some(steering), Some(actor)) = (steering, self.actor_of(event)) else { return Ok(None) };
        if routes.start_for(event).is_ok_and(|start| start.is_some()) {
            return Ok(None);
        }
        self.on_steering(&self.caller(event, &actor), steering).await.map(Some)
    }

    fn actor_of(&self, event: &Event) -> Option<Actor> {
        event.actor.clone().map(|actor| self.directory.configuration().identify(actor))
    }

    fn caller<'a>(&'a self, event: &'a Event, actor: &'a Actor) -> Caller<'a> {
        let said_at = event.fields.get("said_at").and_then(|at| at.as_str());
        let at = said_at.and_then(|at| at.parse().ok());
        Caller { directory: self.directory, actor, trigger: &event.kind, delivery: &event.delivery, at }
    }
}
