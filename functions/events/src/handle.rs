//! Handles each event.

use crate::connections::Connections;
use crate::ending::Ending;
use crate::feedback::{Ends, Feedback, Forecasts};
use crate::input::{EventInput, StatusChange};
use crate::look::Look;
use control::Control;
use domain::execution::Outcome;
use domain::{ActionError, Clock};
use futures::future::join_all;
use providers::{Patience, Providers, Waiting};
use records::{ExecutionRecord, Table, TableChange, Topic};
use runtime::{EvidenceKey, Secrets, Services};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, Span};

/// Feedback gives way to steps: the next change or sweep tries again.
const WAITING: Waiting =
    Waiting { patience: Patience::GivesWay, request_timeout: Some(Duration::from_secs(15)) };

/// Reports on executions and takes care of open ones.
pub struct Events {
    pub(crate) table: Table,
    pub(crate) step_functions: aws_sdk_sfn::Client,
    pub(crate) control: Control,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) feedback: Feedback,
    /// What signs evidence.
    pub(crate) evidence_key: Option<EvidenceKey>,
    /// The account's gateway for sockets.
    pub(crate) connections: Option<Connections>,
}

impl Events {
    /// Works with these clients, whose timeouts are the caller's. `state_machine_arn_prefix` is as in [`Services::new`].
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn new(
        table: Table,
        step_functions: aws_sdk_sfn::Client,
        secrets_manager: aws_sdk_secretsmanager::Client,
        state_machine_arn_prefix: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ActionError> {
        let secrets = Secrets::new(secrets_manager, clock.clone());
        let feedback = Feedback {
            table: table.clone(),
            providers: Providers::new(table.clone(), secrets, clock.clone(), WAITING)?,
            clock: clock.clone(),
            forecasts: Forecasts::default(),
            ends: Ends::default(),
        };
        let control =
            Control::new(table.clone(), step_functions.clone(), state_machine_arn_prefix, Arc::clone(&clock));
        Ok(Self { table, step_functions, control, clock, feedback, evidence_key: None, connections: None })
    }

    /// Works with a function's services.
    ///
    /// # Errors
    /// As [`Events::new`]; `Internal` without the prefix of state machines.
    pub(crate) fn connect(services: &Services) -> Result<Self, ActionError> {
        let events = Self::new(
            services.table(),
            services.step_functions(),
            services.secrets_manager(),
            services.state_machine_arn_prefix()?,
            services.clock(),
        )?;
        let events = events.with_evidence_key(services.evidence_key());
        match services.sockets_url() {
            None => Ok(events),
            Some(url) => {
                let region = aws_account::region("SOCKETS_URL", None)?;
                Ok(events.with_connections(Connections::new(url, &region, services.clock())?))
            }
        }
    }

    /// The same, which also sends frames to the sockets that are open at a gateway.
    pub fn with_connections(self, connections: Connections) -> Self {
        Self { connections: Some(connections), ..self }
    }

    /// Handles an event. Idempotent: after an error, the same event may be sent again.
    ///
    /// # Errors
    /// When the records, Step Functions or the service that shows the feedback do not answer or refuse. Feedback on steps is
    /// left to the next event instead; the end of an execution is not.
    pub async fn handle(&self, event: EventInput) -> Result<(), ActionError> {
        match event {
            EventInput::StatusChange(change) => {
                let span = about(&change.name);
                self.status_changed(*change).instrument(span).await
            }
            EventInput::Changed(changes) => self.changed(changes).await,
            EventInput::Sweep => self.sweep().await,
            EventInput::Scheduled(due) => self.begin_scheduled(&due.schedule, due.time).await,
        }
    }

    async fn status_changed(&self, change: StatusChange) -> Result<(), ActionError> {
        match change.outcome().is_final() {
            false => self.has_started(&change).await,
            true => self.has_ended(change).await,
        }
    }

    async fn has_started(&self, change: &StatusChange) -> Result<(), ActionError> {
        let Some(mut look) = Look::take(&self.table, &change.name, self.clock.now()).await? else {
            tracing::debug!(execution = change.name, "started by another execution");
            return Ok(());
        };
        // Who started it has mostly recorded that by now.
        if look.view.execution.outcome == Outcome::Pending {
            let now = self.clock.now();
            let marked = self.table.mark_started(&change.name, &change.arn, now).await?;
            if marked.outcome == Outcome::Running {
                look.view.execution = marked;
            } else {
                // It has gone on since, with steps that were not seen: its end must not be told before them.
                let Some(newer) = Look::take(&self.table, &change.name, now).await? else { return Ok(()) };
                look = newer;
            }
        }
        // First, because it waits for no service: after the comment, the look is often too old to tell anything new.
        let told = self.tell_news(&change.name, Some(&look)).await;
        self.feedback.refresh(&change.name, Some(&look)).await?;
        told
    }

    async fn has_ended(&self, change: StatusChange) -> Result<(), ActionError> {
        let now = self.clock.now();
        let Some(mut look) = Look::take(&self.table, &change.name, now).await? else {
            tracing::debug!(execution = change.name, "started by another execution");
            return Ok(());
        };
        // The start may be reported after the end, or never; the journal is found by the ARN.
        if look.view.execution.outcome == Outcome::Pending {
            look.view.execution = self.table.mark_started(&change.name, &change.arn, now).await?;
        }
        look.view.execution.arn = Some(change.arn);
        let ending = Ending {
            status: change.status,
            error: change.error,
            cause: change.cause,
            output: change.output,
            at: change.ended_at.unwrap_or(now),
        };
        let look = Box::pin(self.conclude(look, &ending)).await?;
        let execution = &look.view.execution;
        let outcome = execution.outcome.as_str();
        tracing::info!(outcome, workflow = execution.workflow, "the execution ended");
        let is_shown = self.feedback.refresh(&change.name, Some(&look)).await?;
        self.tell_news(&change.name, Some(&look)).await?;
        self.sign_evidence(&change.name, Some(&look)).await?;
        if is_shown {
            self.feedback.ends.note(&look.view.execution);
        }
        Ok(())
    }

    /// Starts executions that waited in line behind one that has ended or is parked.
    pub(crate) async fn start_next(&self, execution: &ExecutionRecord) -> Result<(), ActionError> {
        match &execution.project {
            Some(project) => Ok(self.control.start_next(project, self.clock.now()).await?),
            None => Ok(()),
        }
    }

    /// Carries out people's requests first, then updates what they see. A change that fails does not keep the others from being handled.
    /// Only a failure of a request is an error, because the same changes are then delivered again; if they fail until they are given
    /// up, the sweeper carries them out.
    async fn changed(&self, changes: BTreeSet<TableChange>) -> Result<(), ActionError> {
        let mut result = Ok(());
        let mut executions: BTreeSet<&str> = changes.iter().filter_map(TableChange::execution).collect();
        for over in self.over(&changes).await {
            executions.remove(over);
        }
        let names: Vec<&str> = executions.iter().copied().collect();
        let mut looks = BTreeMap::new();
        let taken = match names.is_empty() {
            true => Ok(Vec::new()),
            false => Look::take_each(&self.table, &names, &*self.clock).await,
        };
        let taken = taken.unwrap_or_else(|error| names.iter().map(|_| Err(error.clone())).collect());
        for (execution, look) in names.iter().zip(taken) {
            match look {
                Ok(look) => drop(looks.insert(*execution, look)),
                Err(error) => {
                    tracing::error!(execution, %error, "an execution that changed could not be read");
                    result = Err(error.into());
                }
            }
        }
        let looked_at = |name: &str| looks.get(name).and_then(Option::as_ref);
        // Comments are written last: a slow service delays no decision.
        let mut shown: BTreeMap<&str, Option<&Look>> =
            executions.iter().map(|execution| (*execution, looked_at(execution))).collect();
        for change in &changes {
            let handled = match change {
                TableChange::Waiter { topic, key } => {
                    // On a ticket, the comment says how to answer, and who has.
                    if let Some(execution) = Topic::asking(topic) {
                        shown.entry(execution).or_insert(None);
                    }
                    // An answered question is deleted when its step continues.
                    let told = self.tell_of(topic).await;
                    self.waiter_changed(topic, key).await.and(told)
                }
                TableChange::Shown { topic, place } => self.shown_changed(topic, place).await,
                TableChange::Occurrence(key) => self.happened(key).await,
                TableChange::PullRequestClosed { repository, number } => {
                    Box::pin(self.pull_request_changed(repository, *number)).await
                }
                TableChange::Inquiry(key) => self.inquiry_changed(key).await,
                TableChange::Reply(id) => self.send_reply(id).await.map(drop),
                TableChange::Word(task_id) => {
                    let completed = self.complete_words(task_id).await;
                    completed.and(self.words_came(task_id).await)
                }
                TableChange::Execution(name) => match looked_at(name) {
                    Some(Look { view, .. }) => {
                        let span = about(name);
                        let started = self.start_after_review(&view.execution).instrument(span.clone()).await;
                        if matches!(started, Ok(true)) {
                            // The look is older than the end.
                            shown.insert(name, None);
                        }
                        let stopped = self.stop_as_asked(&view.execution).instrument(span).await;
                        started.map(drop).and(stopped)
                    }
                    None => Ok(()),
                },
                TableChange::Stop(name) => self.stop_where_asked(name).instrument(about(name)).await,
                TableChange::Cost(name) => {
                    if let Some(look) = looked_at(name) {
                        self.alert_logged(look).instrument(about(name)).await;
                    }
                    Ok(())
                }
                TableChange::Told(execution) => {
                    Box::pin(self.push_told(execution)).instrument(about(execution)).await
                }
                TableChange::Socket { topic, id } => Box::pin(self.socket_changed(topic, id)).await,
                TableChange::Step(_) | TableChange::Other => Ok(()),
            };
            if let Err(error) = &handled {
                tracing::error!(?change, %error, "a change could not be handled");
            }
            result = result.and(handled);
        }
        // Those that could not be read are tried again with the whole batch.
        for (execution, look) in &looks {
            let Some(look) = look else { continue };
            let told = self.tell_news(execution, Some(look)).instrument(about(execution)).await;
            if let Err(error) = &told {
                tracing::error!(execution, %error, "events could not be recorded");
            }
            result = result.and(told);
        }
        join_all(shown.into_iter().map(|(execution, look)| self.refresh_logged(execution, look))).await;
        for change in &changes {
            if let TableChange::Step(execution) = change
                && executions.contains(execution.as_str())
            {
                self.sign_evidence_logged(execution, looked_at(execution)).await;
            }
        }
        result
    }

    /// The changed executions of which nothing is new: this process has shown their ends, and their records are as they were then. What they
    /// cost may have changed since.
    async fn over<'a>(&self, changes: &'a BTreeSet<TableChange>) -> BTreeSet<&'a str> {
        let ended = |name: &&str| self.feedback.ends.has(name);
        let mut over: BTreeSet<&str> =
            changes.iter().filter_map(TableChange::execution).filter(ended).collect();
        for change in changes {
            if let TableChange::Cost(name) = change {
                over.remove(name.as_str());
            }
        }
        if over.is_empty() {
            return over;
        }
        // Without an answer, they are looked at like others.
        let names = over.iter().map(|name| (*name).to_owned()).collect();
        let mut records = self.table.executions_named(names).await.unwrap_or_default();
        records.retain(|record| self.feedback.ends.has_as_it_is(record));
        over.retain(|name| records.iter().any(|record| record.name == *name));
        over
    }

    /// Updates the comment; the next event repeats it after a failure.
    pub(crate) async fn refresh_logged(&self, execution: &str, look: Option<&Look>) {
        let refreshed = async {
            if let Err(error) = self.feedback.refresh(execution, look).await {
                tracing::warn!(%error, "the progress comment is not up to date");
            }
        };
        refreshed.instrument(about(execution)).await;
    }
}

/// The span for log lines about an execution.
pub(crate) fn about(execution: &str) -> Span {
    tracing::info_span!("about", execution)
}
