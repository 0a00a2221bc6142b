//! Handles events: records them for waiting steps, carries out people's commands, answers them, or starts workflows.

use crate::address::Address;
use crate::answer::Outcome;
use crate::bounds::{bounded, too_long};
use crate::command::{Command, means_workflow};
use crate::command_answer::{CommandAnswer, plain, refused};
use crate::senders::{self, Received};
use crate::several::{not_carried_out, second_command};
use crate::wish::{Wish, uploads_of};
use crate::words::Reply;
use control::{AnswerResult, Authority, Caller, Control, Directory, DirectoryError, ProjectQuery};
use domain::command::CommandWord;
use domain::event::{EventSpec, SAID_ON};
use domain::routes::Routes;
use domain::text::TextLimit;
use domain::{Actor, Event, EventKey, SourceName};
use jiff::Timestamp;
use records::{NewInquiry, OpenedPullRequest, RecordsError, ReplyPlace, Table};
use std::sync::Arc;

/// The context for handling one delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acting<'a> {
    pub(crate) control: &'a Control,
    pub(crate) table: &'a Table,
    pub(crate) directory: &'a Directory,
    /// Where the delivery arrived.
    pub(crate) place: &'a SourceName,
    pub(crate) now: Timestamp,
}

/// The result of an event, and the reply to its author.
pub(crate) struct Handled {
    pub(crate) outcome: Outcome,
    pub(crate) answer: Option<CommandAnswer>,
}

/// What somebody said with an event, and where.
pub(crate) struct Said {
    pub(crate) words: Option<String>,
    pub(crate) command: Option<Command>,
    /// The request for a revision that it is, on which pull request, and where it is answered.
    pub(crate) wished: Option<(Wish, Option<OpenedPullRequest>, Option<ReplyPlace>)>,
    /// Whether the bot was addressed.
    pub(crate) is_to_bot: bool,
    /// Whether a command in it is meant as a command rather than as the words of a trigger.
    pub(crate) is_command: bool,
    pub(crate) is_in_chat: bool,
    /// Whether its author can be answered.
    pub(crate) is_answered: bool,
    /// Whether it answers a question that was open.
    pub(crate) is_awaited: bool,
}

/// How much of a text answers repeat.
pub(crate) const SHOWN: TextLimit = TextLimit::characters(100);

impl Handled {
    pub(crate) fn silent(outcome: Outcome) -> Self {
        Self { outcome, answer: None }
    }

    pub(crate) fn refused(reason: String) -> Self {
        let answer = Some(refused(&reason));
        Self { outcome: Outcome::Refused { reason }, answer }
    }
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

    /// Handles each event. All replies to their author are combined into one.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_events(&self, events: Vec<Received>) -> Result<Vec<Outcome>, RecordsError> {
        self.on_said(events, true).await
    }

    /// Handles a message in a thread that does not name the bot: words for the ticket that the thread is about, and never a command.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_thread(&self, received: Received) -> Result<Vec<Outcome>, RecordsError> {
        if self.thread_of(&received).await?.is_none() {
            let reason = "the thread is not about a ticket that Ticketsmith works on".to_owned();
            return Ok(vec![Outcome::Ignored { reason }]);
        }
        self.on_said(vec![received], false).await
    }

    async fn on_said(&self, events: Vec<Received>, is_to_bot: bool) -> Result<Vec<Outcome>, RecordsError> {
        let routes = self.routes().await?;
        let (events, left_out) = bounded(&routes, events);
        let mut outcomes = Vec::with_capacity(events.len());
        let (mut answers, mut answered) = (Vec::new(), None);
        for received in events {
            let place = received.reply.clone().map(|place| (place, received.event.delivery.clone()));
            let second = self.second_of(&received).filter(|_| is_to_bot);
            // Boxed: the future holds all that a delivery can lead to.
            let handled = Box::pin(self.on_event(&routes, received, is_to_bot)).await?;
            let Handled { outcome, mut answer } = handled;
            // Strangers learn nothing about commands. The result of a command on a ticket is otherwise shown there.
            let is_told = answer.is_some() || outcome == Outcome::Recorded;
            if let Some(second) = second.filter(|_| is_told) {
                let told = not_carried_out(second);
                answer = Some(match answer {
                    Some(answer) => answer.section(told),
                    None => CommandAnswer::to_person(told),
                });
            }
            if let Some((answer, place)) = answer.zip(place) {
                let text = answer.to_markdown();
                if !answers.contains(&text) {
                    answers.push(text);
                }
                answered.get_or_insert(place);
            }
            outcomes.push(outcome);
        }
        outcomes.extend(left_out);
        if let Some((place, delivery)) = answered {
            self.reply(place, delivery, answers.join("\n\n")).await?;
        }
        Ok(outcomes)
    }

    /// A command that somebody wrote after another one.
    fn second_of(&self, received: &Received) -> Option<CommandWord> {
        let settings = &self.directory.configuration().webhooks;
        second_command(received.words.as_deref()?, received.event.task_id.as_deref(), settings)
    }

    async fn on_event(
        &self,
        routes: &Routes,
        received: Received,
        is_to_bot: bool,
    ) -> Result<Handled, RecordsError> {
        let thread = self.thread_of(&received).await?;
        let Received { mut event, words, reply, also_as } = received;
        if let Some(known) = self.known_as(&event, also_as).await? {
            event.delivery = known;
        }
        if let Some(actor) = event.actor.take() {
            event.actor = Some(self.control.identify(self.directory.configuration(), actor).await?);
        }
        let spec = routes.events.find(event.kind.as_str());
        if let Some(reason) = too_long(&event, spec) {
            return Ok(Handled::silent(Outcome::Refused { reason }));
        }
        if let Some(spec) = spec.filter(|spec| spec.confirmed_by.is_some()) {
            return Ok(Handled::silent(self.inquire(routes, spec, event).await?));
        }
        let stranger = self.stranger(routes, &event).await?;
        let is_awaited = self.keep_for_waiters(routes, &event, stranger).await?;
        let on = self.pull_request_of(&event).await?;
        let said_on = event.task_id.clone();
        // A comment on one of our pull requests is about its ticket.
        if let Some(task_id) = on.as_ref().and_then(|opened| opened.task_id.clone()) {
            event.task_id = Some(task_id);
        }
        let is_elsewhere = said_on != event.task_id;
        let words = match words {
            Some(words) => Some(self.with_ticket(words, said_on.as_deref()).await?),
            None => None,
        };
        // So is a message in one of our threads, and it is answered there.
        event.task_id = event.task_id.or(thread.filter(|thread| !self.names_other(words.as_deref(), thread)));
        if is_elsewhere {
            event.fields.insert(SAID_ON.to_owned(), said_on.into());
        }
        let is_in_chat = matches!(reply, Some(ReplyPlace::Thread { .. }));
        let read = words.map(|words| self.command_of(&event, words, is_to_bot)).transpose();
        let (words, command) = match read {
            Err(reason) => return Ok(self.handled(Reply::Refused(reason), &event, is_elsewhere)),
            Ok(read) => read.unzip(),
        };
        let start = routes.start_for(&event);
        let is_command = is_to_bot && !means_workflow(&start);
        if let Some((words, command)) = words.as_deref().zip(command.as_ref()).filter(|_| is_command)
            && let Some(reason) = self.not_run(&event, words, command)
        {
            return Ok(match is_awaited {
                // It is for the step that waits for it.
                true => Handled::silent(Outcome::Ignored { reason }),
                false => self.handled(Reply::Refused(reason), &event, is_elsewhere),
            });
        }
        if let Some(Command::Steer(steering)) = command.as_ref().filter(|_| is_command)
            && let Some(actor) = self.actor_of(&event)
        {
            let (caller, address) = (self.caller(&event, &actor), self.address(&event));
            let done = self.on_steering(&caller, steering.clone(), address).await?;
            let uploads = uploads_of(&event).filter(|_| self.is_ours(&event));
            return Ok(self.handled(done, &event, is_elsewhere || is_in_chat).without_files(uploads));
        }
        if let Some(done) = self.answer_by_move(&event).await? {
            return Ok(self.handled(done, &event, is_elsewhere));
        }
        let mut wished = None;
        let event = match start {
            // A machine could answer every revision with another request.
            Ok(None) if !is_awaited && reply.is_some() => {
                match Wish::of(&event, (words.as_deref(), command.as_ref())) {
                    Some(wish) => {
                        let wish = wish.with_uploads(&event);
                        if let Some(told) =
                            self.tell_by(&event, wish.clone(), on.as_ref(), reply.clone()).await?
                        {
                            return Ok(self.told(told, &event));
                        }
                        let revision = self.revision_of(routes, &event, &wish, on.clone()).await?;
                        wished = Some((wish, on, reply.clone()));
                        revision.unwrap_or(event)
                    }
                    None => event,
                }
            }
            _ => event,
        };
        let is_answered = reply.is_some();
        let said =
            Said { words, command, wished, is_to_bot, is_command, is_in_chat, is_answered, is_awaited };
        self.decided(routes, event, said).await
    }

    /// What somebody is told wherever they said it.
    pub(crate) fn told(&self, (outcome, answer): (Outcome, CommandAnswer), event: &Event) -> Handled {
        Handled { outcome, answer: Some(answer).filter(|_| self.is_ours(event)) }
    }

    /// A person's command that was carried out or refused. On a ticket, the progress comment shows the result; in a chat, and on a pull
    /// request whose ticket is elsewhere, nothing else does.
    fn handled(&self, done: Reply, event: &Event, is_elsewhere: bool) -> Handled {
        match done {
            Reply::Refused(reason) if self.is_ours(event) => Handled::refused(reason),
            Reply::Refused(reason) => Handled::silent(Outcome::Refused { reason }),
            Reply::Answer(answer) => self.told((Outcome::Answered, answer), event),
            Reply::Done(words) => {
                let answer = CommandAnswer::to_channel([plain(words)]);
                Handled {
                    outcome: Outcome::Recorded,
                    answer: Some(answer).filter(|_| event.task_id.is_none() || is_elsewhere),
                }
            }
            Reply::Counted(words) => {
                self.told((Outcome::Recorded, CommandAnswer::to_channel([plain(words)])), event)
            }
        }
    }

    /// Whether an event is about a configured project or about none. People elsewhere are not answered, because they would learn about the configuration.
    pub(crate) fn is_ours(&self, event: &Event) -> bool {
        event.task_id.as_deref().is_none_or(|task_id| self.directory.ticket(task_id).is_ok())
    }

    /// Whether an event is about a ticket of no project. A webhook of a group or an organization tells of many.
    pub(crate) fn is_elsewhere(&self, event: &Event) -> bool {
        let found = event.task_id.as_deref().map(|task_id| self.directory.ticket(task_id));
        matches!(found, Some(Err(DirectoryError::Outside { .. })))
    }

    /// Records what a delivery's author is told, for `events` to send it: once, however often the delivery comes.
    pub(crate) async fn reply(
        &self,
        place: ReplyPlace,
        delivery: String,
        text: String,
    ) -> Result<(), RecordsError> {
        let reply = records::Reply {
            source: self.place.clone(),
            delivery,
            place,
            text,
            at: self.now,
            sent_at: None,
            not_before: None,
        };
        self.table.put_reply(&reply).await
    }

    /// Requests that a provider be asked whether an event happened, because the delivery reports only a part of it. Nobody is asked about what nothing
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
        let keys = routes.events.keys_of(&spec.name, &event.fields);
        let Some(key) = keys.first().filter(|_| EventKey::new(spec, &event.fields).is_ok()) else {
            return Ok(Outcome::Ignored {
                reason: format!("{} lacks the fields that identify it", event.kind),
            });
        };
        if !routes.start_on(&event.kind, &event.fields) && !self.is_awaited(&keys).await? {
            let reason = format!("no workflow has a trigger for {}, and no step waits for it", event.kind);
            return Ok(Outcome::Ignored { reason });
        }
        let inquiry = NewInquiry { kind: event.kind, fields: event.fields, by: event.actor, reported: true };
        self.table.inquire(key, &inquiry, self.now).await?;
        Ok(Outcome::Recorded)
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

    /// How people address the bot where an event happened.
    pub(crate) fn address(&self, event: &Event) -> Address<'_> {
        let words = &self.directory.configuration().webhooks.mention;
        Address { words, on_ticket: event.task_id.is_some() }
    }

    pub(crate) fn actor_of(&self, event: &Event) -> Option<Actor> {
        event.actor.clone().map(|actor| self.directory.configuration().identify(actor))
    }

    pub(crate) fn caller<'a>(&'a self, event: &'a Event, actor: &'a Actor) -> Caller<'a> {
        let said_at = event.fields.get("said_at").and_then(|at| at.as_str());
        let at = said_at.and_then(|at| at.parse().ok());
        Caller {
            directory: self.directory,
            actor,
            authority: &Authority::Roles,
            trigger: &event.kind,
            delivery: &event.delivery,
            at,
        }
    }
}
