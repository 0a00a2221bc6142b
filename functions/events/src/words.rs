//! Words that people say to agents at work: reviews among them are completed, and words that no agent took in by the end are passed on.

use crate::ending::{Ending, end, leaves_open, may_open_more};
use crate::handle::Events;
use crate::look::Look;
use crate::reason::words_of;
use control::{Directory, Successor};
use domain::ActionError;
use domain::execution::Outcome;
use records::{ExecutionRecord, FinishResult, Inbox, Reply};

/// How often an end is tried again because words came in the meantime. After that, the same event is sent again.
const ROUNDS: usize = 5;

impl Events {
    /// Ends an execution, as [`end`] does. Words that wait for the agents of its ticket are passed on before: to a revision that takes
    /// the ticket over, or back to their authors. Does nothing if there is no such execution.
    ///
    /// # Errors
    /// When the records, the code host or Step Functions do not answer.
    pub(crate) async fn close(&self, name: &str, ending: &Ending) -> Result<(), ActionError> {
        match Look::take(&self.table, name, self.clock.now()).await? {
            Some(look) => self.close_seen(look, ending, None).await.map(drop),
            None => Ok(()),
        }
    }

    /// The same of an execution that was looked at. Returns the look as it is with the end. `effects_left` says whether any effect is
    /// left, if that is to be recorded with the end.
    ///
    /// # Errors
    /// As [`Events::close`]; also if the record is gone.
    pub(crate) async fn close_seen(
        &self,
        mut look: Look,
        ending: &Ending,
        effects_left: Option<bool>,
    ) -> Result<Look, ActionError> {
        let execution = &look.view.execution;
        let unanswered;
        let mut ending = ending;
        let outcome = Outcome::from_status(&ending.status, ending.error.as_deref());
        // Whatever of it waits, or did, is among its items, unless it was added since.
        let may_wait = look.view.waits || may_open_more(outcome);
        if may_wait {
            // First, because the sweeper looks at an execution until its end is recorded.
            let question = self.end_questions(execution, outcome).await?;
            self.end_questions_about_money(execution, outcome).await?;
            if let Some(question) = question.filter(|_| ending.error.as_deref() == Some("States.Timeout")) {
                let cause = Some(format!("Nobody answered \u{201c}{question}\u{201d}."));
                unanswered = Ending { cause, ..ending.clone() };
                ending = &unanswered;
            }
        }
        let configuration = look.configuration.as_deref().ok();
        let words = configuration.map(|configuration| words_of(configuration, execution));
        let called = words.unwrap_or_default().name();
        let name = execution.name.clone();
        let arn = execution.arn.clone();
        let mut is_as_seen = !may_wait && !leaves_open(&look.view);
        for _ in 0..ROUNDS {
            let record = match end(&self.table, &look.view, ending, effects_left, &called).await? {
                FinishResult::Finished(record) => record,
                FinishResult::Already(record) => {
                    is_as_seen &= look.view.execution.outcome.is_final();
                    // What was recorded since, by an undo for example, is newer.
                    let is_news = |left: &bool| match record.effects_left {
                        None => true,
                        Some(known) => *left && !known && record.undone_by.is_none(),
                    };
                    if let Some(left) = effects_left.filter(is_news) {
                        self.table.note_effects_left(&name, left).await?;
                    }
                    record
                }
                FinishResult::WordsWait => {
                    is_as_seen = false;
                    self.pass_words_on(&name, ending).await?;
                    continue;
                }
            };
            if is_as_seen {
                look.view.execution = *record;
                return Ok(look);
            }
            let taken = Look::take(&self.table, &name, self.clock.now()).await?;
            let gone = || ActionError::unavailable(format!("the record of `{name}` is gone"));
            let mut look = taken.ok_or_else(gone)?;
            // The record of one that ended before its start was reported has none.
            look.view.execution.arn = look.view.execution.arn.take().or(arn);
            return Ok(look);
        }
        Err(ActionError::unavailable(format!("words keep coming while `{name}` ends; it is ended later")))
    }

    async fn pass_words_on(&self, name: &str, ending: &Ending) -> Result<(), ActionError> {
        let Some(execution) = self.table.execution(name).await? else { return Ok(()) };
        let Some(task_id) = execution.task_id.as_deref() else { return Ok(()) };
        self.complete_words(task_id).await?;
        let inbox = self.table.inbox(task_id).await?.next();
        let why = match Outcome::from_status(&ending.status, ending.error.as_deref()) {
            Outcome::Succeeded => {
                let directory = Directory::read(&self.table, self.clock.now()).await?;
                match self.control.succeed(&directory, &execution, &inbox).await? {
                    Successor::Begun { execution: successor } => {
                        tracing::info!(successor, "a revision takes up words that no agent took in");
                        return Ok(());
                    }
                    Successor::None(reason) => reason,
                }
            }
            Outcome::Stopped => "it was stopped".to_owned(),
            other => format!("it ended as {other}"),
        };
        self.give_words_back(&execution, &inbox, &why).await
    }

    /// Tells the authors of words that nothing became of them, and takes the words out of the inbox.
    async fn give_words_back(
        &self,
        execution: &ExecutionRecord,
        inbox: &Inbox,
        why: &str,
    ) -> Result<(), ActionError> {
        let mut replies = Vec::new();
        for waiting in &inbox.words {
            let word = &waiting.word;
            let Some(place) = word.place.clone() else {
                tracing::warn!(
                    execution = execution.name,
                    why,
                    "words from the command line were not taken in"
                );
                continue;
            };
            replies.push(Reply {
                source: word.source.clone(),
                // The delivery itself was answered when it came.
                delivery: format!("not taken in: {}", word.delivery),
                place,
                text: format!(
                    "The work of {} ended before its agent took in what you said: {}. Nothing was done about it; say it again when \
                     there is something to change.",
                    domain::text::literal(&execution.workflow),
                    domain::text::literal(why)
                ),
                at: self.clock.now(),
                sent_at: None,
                not_before: None,
            });
        }
        // A refusal means that another invocation took words; the next attempt sees the rest.
        self.table.drop_words(inbox, &replies).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use domain::execution::ExecutionInput;
    use domain::routes::Concurrency;
    use domain::{ActionId, Clock, EventName, MicroUsd, SystemClock};
    use records::{Limits, NewExecution, Reservation, Table, Topic, Waiter};
    use serde_json::{Map, json};
    use std::sync::Arc;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn what_a_function_opened_after_the_look_is_closed_with_an_execution_that_failed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let (credentials, region) =
            (Credentials::new("test", "test", None, None, "test"), Region::new("us-east-1"));
        let database = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .endpoint_url(&url)
            .build();
        let step_functions = aws_sdk_sfn::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .endpoint_url(&url)
            .build();
        let secrets = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(credentials)
            .endpoint_url(&url)
            .build();
        let table = Table::new(aws_sdk_dynamodb::Client::from_conf(database), "ticketsmith");
        table.create_table().await.unwrap();
        let step_functions = aws_sdk_sfn::Client::from_conf(step_functions);
        let secrets = aws_sdk_secretsmanager::Client::from_conf(secrets);
        let prefix = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";
        let events =
            Events::new(table.clone(), step_functions, secrets, prefix, Arc::new(SystemClock)).unwrap();

        let now = SystemClock.now();
        let input = ExecutionInput::new(Map::new(), None, None);
        let trigger = EventName::from_static("jira.labelled");
        let new = NewExecution::new(trigger, "d1".into(), "development".into(), None, input, now);
        table.begin(&new, Concurrency::Any).await.unwrap();
        let name = &new.name;
        table.mark_started(name, "arn", now).await.unwrap();
        let look = Look::take(&table, name, now).await.unwrap().unwrap();

        table.start_step(name, "Ask", &ActionId::literal("request_approval"), now).await.unwrap();
        let limits = Limits {
            per_task: MicroUsd(100),
            per_month: MicroUsd(100),
            per_project_month: None,
            per_workflow_month: None,
        };
        let reservation = Reservation {
            id: "1".into(),
            amount: MicroUsd(7),
            account: "ada".into(),
            project: None,
            task_id: None,
            workflow: None,
            execution: name.clone(),
            state: "Plan".into(),
            action: ActionId::literal("generate_text"),
            provider: "anthropic".into(),
            model: "m".into(),
            reserved_at: now,
        };
        table.reserve(&reservation, limits).await.unwrap();
        let topic = Topic::Approval(name.clone()).to_string();
        let waiter: Waiter = serde_json::from_value(json!({
            "topic": topic, "key": "arn/Ask", "execution": name, "token": "t", "since": now.to_string(),
        }))
        .unwrap();
        table.put_waiter(&waiter).await.unwrap();

        let ending = Ending {
            status: "FAILED".into(),
            error: Some("Rejected".into()),
            cause: None,
            output: None,
            at: now,
        };
        let look = events.close_seen(look, &ending, None).await.unwrap();
        assert_eq!(look.view.execution.outcome, Outcome::Failed);
        let ended: Vec<_> = look.view.steps.iter().map(|step| step.ended_at.is_some()).collect();
        assert_eq!((ended, look.view.reserves), (vec![true], false));
        assert_eq!(look.view.cost().unknown_calls, 1, "the reservation is booked");
        let asked = table.waiter(&waiter.topic, &waiter.key).await.unwrap().unwrap();
        assert!(asked.over.is_some(), "the question stays open");
    }
}
