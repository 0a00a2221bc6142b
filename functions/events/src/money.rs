//! Executions that a limit stopped: asks in the project's chat how to proceed, and carries out people's decision. A run
//! without a decision ends as a draft.

use crate::feedback::PATIENCE;
use crate::handle::Events;
use crate::look::Look;
use crate::shown::{asked_no_more, ended};
use control::{MOST_ADDED, question};
use domain::configuration::Configuration;
use domain::execution::Outcome;
use domain::plugins::{Mark, Message, MessageBody, MessageButton, SentMessage};
use domain::text::literal;
use domain::{ActionError, ErrorKind, MicroUsd, PluginType, SourceName};
use jiff::{SignedDuration, Timestamp};
use providers::with_patience;
use records::{Answer, Choice, Draft, ExecutionRecord, LimitOf, Limits, RunCost, Timeliness, Topic, Waiter};
use serde_json::json;

/// The minimum amount that a button adds, in dollars.
const STEP_USD: u64 = 5;

impl Events {
    /// Asks in the project's chat what becomes of an execution that a limit stopped, once for each time that it is stopped.
    ///
    /// # Errors
    /// When the records or the chat do not answer; a chat that refuses is logged, because the progress comment asks, too.
    pub(crate) async fn ask_for_money(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let (None, Some(asked)) = (&waiter.message, &waiter.question) else { return Ok(()) };
        let Some(execution) = self.table.execution(&waiter.execution).await? else { return Ok(()) };
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        let Some((project, channel)) = project
            .filter(|project| project.providers.contains_key(&PluginType::Communication))
            .and_then(|project| Some((project, project.channel.clone()?)))
        else {
            return Ok(());
        };
        let value = question(waiter);
        let button =
            |label: String, action: String| MessageButton { label, action, value: value.clone(), url: None };
        let dollars = self.dollars_missing(&configuration, &execution, now).await?;
        let buttons = vec![
            button(format!("Add ${dollars}"), format!("budget +{dollars}")),
            button("Finish as a draft".to_owned(), "budget draft".to_owned()),
            button("Roll back".to_owned(), "budget rollback".to_owned()),
        ];
        let about = execution.task_id.as_deref().unwrap_or(&execution.workflow);
        let text = format!(
            "\u{23f8}\u{fe0f} **{}** is stopped by a limit\n\n{}\n\n{} · `{}`",
            literal(about),
            literal(asked),
            project.key,
            execution.name
        );
        let mark = Mark { key: format!("{}/money/{value}", execution.name), at: waiter.since };
        let message = Message { channel, thread: None, body: MessageBody { text, buttons, rest: None } };
        match self.feedback.send_marked(&configuration, project, &message, &mark).await {
            Ok(sent) => Ok(self.table.set_waiter_message(waiter, &sent.channel, &sent.id, now).await?),
            Err(error) if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable) => Err(error),
            Err(error) => {
                tracing::warn!(execution = execution.name, %error, "the chat was not asked for money");
                Ok(())
            }
        }
    }

    /// How many whole dollars let the execution's next call be made, in steps that people like to give.
    async fn dollars_missing(
        &self,
        configuration: &Configuration,
        execution: &ExecutionRecord,
        now: Timestamp,
    ) -> Result<u64, ActionError> {
        let missing = self.limits_in_the_way(configuration, &execution.name, now).await?;
        let most = missing.iter().map(|(_, missing)| *missing).max().unwrap_or_default();
        // More than can be added at once is added in parts.
        Ok(most.min(MOST_ADDED).0.div_ceil(STEP_USD * 1_000_000).max(1).saturating_mul(STEP_USD))
    }

    /// The limits that leave no room for the last refused call of an execution, and how much is missing.
    async fn limits_in_the_way(
        &self,
        configuration: &Configuration,
        execution: &str,
        now: Timestamp,
    ) -> Result<Vec<(LimitOf, MicroUsd)>, ActionError> {
        let refusals = self.table.refusals([execution]).await?;
        let Some(refusal) = refusals.get(execution) else { return Ok(Vec::new()) };
        let missing = self.table.room(Limits::from(&configuration.budgets), now).missing(refusal).await?;
        Ok(missing.into_iter().map(|shortfall| (shortfall.of, shortfall.missing)).collect())
    }

    /// Carries out a decision, once: an earlier attempt may have ended at any point.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn carry_out(&self, waiter: &Waiter, answer: &Answer) -> Result<(), ActionError> {
        let Some(choice) = answer.choice.filter(|_| waiter.told.is_none()) else { return Ok(()) };
        let now = self.clock.now();
        let told = match choice {
            Choice::Add { amount, shared } => {
                let configuration = self.table.configuration(now).await?;
                let limits = self.limits_in_the_way(&configuration, &waiter.execution, now).await?;
                // A person who may add to a ticket's limit may not take from shared limits.
                let limits: Vec<_> =
                    limits.into_iter().map(|(of, _)| of).filter(|of| shared || !of.is_shared()).collect();
                self.table.add_to_limits(waiter, &limits, amount.min(MOST_ADDED)).await?;
                self.let_go_on(waiter, answer, choice).await?
            }
            Choice::Draft => {
                let by = (answer.via != SourceName::SCHEDULE).then(|| answer.by.clone());
                self.table.put_draft(&waiter.execution, &Draft { by, at: answer.at }).await?;
                match self.waits_in_session(waiter).await? {
                    true => self.let_go_on(waiter, answer, choice).await?,
                    // Without a session, there is nothing for a draft: the step fails, and its `on_error` decides what follows.
                    false => self.give_up(waiter, answer).await?,
                }
            }
            Choice::RollBack => {
                self.table.request_stop(&waiter.execution, &answer.by).await?;
                Timeliness::InTime
            }
        };
        self.show_choice(waiter, answer, choice, told).await;
        self.table.mark_told(waiter, told).await?;
        match choice {
            // At the end of the execution, it requests that its effects be taken back.
            Choice::RollBack => Ok(()),
            Choice::Add { .. } | Choice::Draft => Ok(self.table.forget_waiter(waiter).await?),
        }
    }

    /// Whether the step that waits is an agent's turn.
    async fn waits_in_session(&self, waiter: &Waiter) -> Result<bool, ActionError> {
        let state = waiter.key.rsplit(['/', ':']).next().unwrap_or_default();
        let sessions = self.table.sessions_of(&waiter.execution).await?;
        // A session is opened in the state of its step, and the model is called in one that is named after it.
        let thinks = |opened: &str| {
            let opened = opened.rsplit('/').next().unwrap_or_default();
            let opened = opened.split('.').next().unwrap_or_default();
            state.strip_prefix(opened).is_some_and(|rest| rest.starts_with("Think"))
        };
        Ok(sessions.iter().any(|link| thinks(&link.state)))
    }

    /// Whether somebody chose to have a stopped execution taken back.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn is_to_be_taken_back(&self, execution: &str) -> Result<bool, ActionError> {
        let asked = self.table.waiters_of(execution, &Topic::Budget).await?;
        let chose = |waiter: Waiter| waiter.answer.and_then(|answer| answer.choice);
        Ok(asked.into_iter().any(|waiter| chose(waiter) == Some(Choice::RollBack)))
    }

    /// Deletes the question about an execution that is being taken back.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn forget_choices(&self, execution: &str) -> Result<(), ActionError> {
        for waiter in self.table.waiters_of(execution, &Topic::Budget).await? {
            self.table.forget_waiter(&waiter).await?;
        }
        Ok(())
    }

    /// Shows that an execution which a limit stopped has ended, so that nobody is asked about it any more. What somebody chose is carried out
    /// instead.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn end_questions_about_money(
        &self,
        execution: &ExecutionRecord,
        outcome: Outcome,
    ) -> Result<(), ActionError> {
        for waiter in self.table.waiters_of(&execution.name, &Topic::Budget).await? {
            // One that continues it may be asked about under the same key.
            if waiter.execution == execution.name && waiter.answer.is_none() {
                let over = ended(execution, outcome, self.clock.now());
                self.show_instead(&waiter, &asked_no_more(&over)).await;
                self.table.forget_waiter(&waiter).await?;
            }
        }
        Ok(())
    }

    /// Has an execution to which nobody said anything end as a draft.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn end_in_silence(
        &self,
        configuration: &Configuration,
        waiter: &Waiter,
    ) -> Result<(), ActionError> {
        let now = self.clock.now();
        let hours = i64::from(configuration.budgets.draft_after_hours);
        if waiter.answer.is_some() || now.duration_since(waiter.since) < SignedDuration::from_hours(hours) {
            return Ok(());
        }
        let answer = Answer {
            approved: true,
            by: "nobody".to_owned(),
            via: SourceName::SCHEDULE,
            at: now,
            comment: Some(format!("nobody answered within {hours} hours")),
            delivery: String::new(),
            choice: Some(Choice::Draft),
        };
        // Somebody may have been faster.
        let answer = self.table.answer_waiter(waiter, &answer).await?.unwrap_or(answer);
        self.carry_out(waiter, &answer).await
    }

    /// Shows the decision in the chat, without the buttons. A chat that does not respond blocks nothing.
    async fn show_choice(&self, waiter: &Waiter, answer: &Answer, choice: Choice, told: Timeliness) {
        let by = literal(&answer.by);
        let verdict = match (told, &answer.comment) {
            (Timeliness::TooLate, _) => format!("\u{231b} {by} chose too late; nothing is waiting anymore"),
            (Timeliness::InTime, Some(why)) => format!("\u{23f9}\u{fe0f} It ends as a draft: {why}"),
            (Timeliness::InTime, None) => format!("\u{2705} {by} {choice}"),
        };
        self.show_instead(waiter, &verdict).await;
    }

    /// Replaces the message that asks with what became of the question.
    pub(crate) async fn show_instead(&self, waiter: &Waiter, verdict: &str) {
        let Some((channel, id)) = &waiter.message else { return };
        let asked = waiter.question.as_deref().unwrap_or_default();
        let text = format!("{}\n\n{verdict} · `{}`", literal(asked), waiter.execution);
        let sent = SentMessage { channel: channel.clone(), id: id.clone(), url: None };
        let body = MessageBody { text, buttons: Vec::new(), rest: None };
        let replaced = self.feedback.replace_message(&waiter.execution, &sent, &body);
        if let Err(error) = with_patience(PATIENCE, replaced).await {
            tracing::warn!(execution = waiter.execution, %error, "the question still shows its buttons");
        }
    }

    /// Records the cost of a successful run, as a forecast for the next ones.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn note_cost(&self, look: &Look) -> Result<(), ActionError> {
        let execution = &look.view.execution;
        let mut cost = look.view.cost().booked();
        let mut begun_at = execution.begun_at;
        let others = match execution.is_whole_run() {
            true => Vec::new(),
            false => self.table.executions_of_run(execution).await?,
        };
        for one in others.iter().filter(|one| one.name != execution.name) {
            let costs = self.table.costs_of_execution(&one.name).await?;
            cost = cost + costs.iter().map(|cost| cost.cost.booked()).sum();
            begun_at = begun_at.min(one.begun_at);
        }
        // Workflows that ask no model are free.
        if cost > MicroUsd::ZERO {
            let (workflow, began_as) = (execution.workflow.clone(), execution.began_as().to_owned());
            self.table.put_run_cost(&RunCost { workflow, began_as, begun_at, cost }).await?;
            self.feedback.forecasts.forget(&execution.workflow);
        }
        Ok(())
    }
}

impl Events {
    /// Resumes a step that waits for money.
    async fn let_go_on(
        &self,
        waiter: &Waiter,
        answer: &Answer,
        choice: Choice,
    ) -> Result<Timeliness, ActionError> {
        let note = answer.comment.clone().unwrap_or_else(|| format!("{} {choice}", answer.by));
        self.tell_success(waiter, json!({"resumed": true}), Some(note)).await
    }

    /// Fails a step that waits for money.
    async fn give_up(&self, waiter: &Waiter, answer: &Answer) -> Result<Timeliness, ActionError> {
        let why = match &answer.comment {
            Some(why) => why.clone(),
            None => format!("{} chose to do without this step", answer.by),
        };
        let cause = format!("a limit of dollars was reached, and {why}");
        self.tell_failure(waiter, ErrorKind::BudgetExceeded.as_str(), cause).await
    }
}
