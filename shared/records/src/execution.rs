//! Executions: started once per delivery, one at a time per task, ended once.

use crate::delivery::Delivery;
use crate::error::RecordsError;
use crate::execution_record::{ExecutionEnd, ExecutionRecord};
use crate::inbox::nothing_waits;
use crate::item::{Item, attribute, from_item, moment, text, to_item};
use crate::keys::{self, GSI1_PK, GSI1_SK};
use crate::new_execution::NewExecution;
use crate::place::Place;
use crate::retention;
use crate::table::Table;
use crate::task::TaskState;
use crate::timestamp;
use crate::update::Update;
use crate::word::Inbox;
use crate::write::{ABSENT, Write};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::execution::{ExecutionInput, Outcome};
use domain::routes::Concurrency;
use jiff::Timestamp;
use serde::Serialize;

/// The largest input of an execution, in bytes of JSON: an item holds 400 KB, and input, cause and output share it.
pub const INPUT_LIMIT: usize = 200 * 1024;

/// As many agents at work are taken out of their list with the end of an execution: a transaction takes a hundred items.
const MOST_AGENTS: usize = 90;

/// What [`Table::begin`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum BeginResult {
    /// It is recorded as pending and may be started.
    Begun(Box<ExecutionRecord>),
    /// The same delivery began this execution before.
    Duplicate(Box<ExecutionRecord>),
    /// Another execution is at work on the task; nothing was recorded but the answer to this delivery.
    AlreadyAtWork {
        /// Its name.
        execution: String,
    },
    /// The execution that it was to continue did not fail, was undone, or is continued by another one; nothing was recorded.
    NotContinued(Box<ExecutionRecord>),
}

/// What [`Table::finish`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum FinishResult {
    /// The end is recorded, and the task is free.
    Finished(Box<ExecutionRecord>),
    /// It had ended before; nothing was changed.
    Already(Box<ExecutionRecord>),
    /// It holds its ticket, for which words wait; nothing was changed.
    WordsWait,
}

impl Table {
    /// Records an execution as pending, claims its task (unless `concurrency` is any), records the delivery and marks the execution
    /// that it continues, in one transaction. However often and at once the same delivery arrives, one call returns [`BeginResult::Begun`].
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when the input is over [`INPUT_LIMIT`]; otherwise when the table does not answer, and then
    /// nothing was recorded or the same call says [`BeginResult::Duplicate`].
    pub async fn begin(
        &self,
        new: &NewExecution,
        concurrency: Concurrency,
    ) -> Result<BeginResult, RecordsError> {
        let size = serde_json::to_vec(&new.input).map(|json| json.len()).unwrap_or(usize::MAX);
        if size > INPUT_LIMIT {
            return Err(RecordsError::Invalid(format!(
                "the input of execution `{}` has {size} bytes; at most {INPUT_LIMIT} are accepted",
                new.name
            )));
        }
        let record = ExecutionRecord::pending(new, concurrency);
        let mut writes = vec![
            Write::Put { item: open_item(&record)?, condition: Some(ABSENT) },
            Write::Put { item: Delivery::of(new, &new.name, false).to_item()?, condition: Some(ABSENT) },
        ];
        if let Some(continued) = &new.continues {
            writes.push(Write::Update(continued_by(continued, &new.name)));
        }
        if let Some(task_id) = &new.task_id {
            writes.push(Write::Update(claim(task_id, new, record.claims_task)));
        }
        writes.extend(listed(&record)?);
        if let Some((project, place)) = record.place(false) {
            writes.push(Write::Put { item: place.to_item(project)?, condition: None });
        }
        writes.extend(new.takes_over.iter().flat_map(|taken| Inbox::writes(&taken.words)));
        let Err(refused) = self.transact("begin an execution", writes).await? else {
            return Ok(BeginResult::Begun(Box::new(record)));
        };
        let Some(item) = refused.item else {
            return Err(RecordsError::Unavailable("what blocked the execution is gone; try again".into()));
        };
        match refused.index {
            0 => Ok(BeginResult::Duplicate(Box::new(from_item(item)?))),
            1 => {
                let delivery: Delivery = from_item(item)?;
                Ok(BeginResult::AlreadyAtWork { execution: delivery.execution })
            }
            2 if new.continues.is_some() => Ok(BeginResult::NotContinued(Box::new(from_item(item)?))),
            // The words that it was to begin with were taken.
            _ if new.takes_over.is_some() && !item.contains_key("task_id") => Err(RecordsError::Unavailable(
                "words were taken from the inbox in the meantime; try again".into(),
            )),
            _ => {
                let execution = attribute(&item, "open_execution").unwrap_or_default().to_owned();
                // The same delivery, sent again after that execution has ended, must not start a second one.
                let answered = Delivery::of(new, &execution, true).to_item()?;
                // Of two at once, either answer is right.
                let _ = self.put("record a delivery", answered, Some(ABSENT)).await?;
                Ok(BeginResult::AlreadyAtWork { execution })
            }
        }
    }

    /// One execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn execution(&self, name: &str) -> Result<Option<ExecutionRecord>, RecordsError> {
        self.get(keys::execution(name)).await?.map(from_item).transpose()
    }

    /// Replaces the input of an execution that has not started: its event was completed.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when the input is over [`INPUT_LIMIT`]; otherwise when the table does not answer.
    pub async fn put_pending_input(&self, name: &str, input: &ExecutionInput) -> Result<(), RecordsError> {
        let json = serde_json::to_string(input)
            .map_err(|error| RecordsError::Invalid(format!("an input cannot be stored: {error}")))?;
        if json.len() > INPUT_LIMIT {
            return Err(RecordsError::Invalid(format!("the input of execution `{name}` is too large")));
        }
        let update = Update::new(keys::execution(name), "SET #input = :input")
            .condition("#outcome = :pending")
            .value(":input", text(json))
            .value(":pending", text(Outcome::Pending.as_str()));
        // A refusal means that it has started, with the data known then.
        let _ = self.update("complete an input", update).await?;
        Ok(())
    }

    /// Records that a pending execution was started, and returns its record as of then. One that already continues, or has ended, is left
    /// alone.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never begun.
    pub async fn mark_started(
        &self,
        name: &str,
        arn: &str,
        at: Timestamp,
    ) -> Result<ExecutionRecord, RecordsError> {
        let update =
            Update::new(keys::execution(name), "SET #outcome = :running, #arn = :arn, #started_at = :at")
                .condition("#outcome = :pending")
                .value(":running", text(Outcome::Running.as_str()))
                .value(":pending", text(Outcome::Pending.as_str()))
                .value(":arn", text(arn))
                .value(":at", moment(at));
        let known = match self.update("mark an execution as started", update).await? {
            Ok(item) => Some(item),
            Err(refused) => refused.item,
        };
        known.map_or_else(|| Err(RecordsError::Missing(format!("execution `{name}`"))), from_item)
    }

    /// Makes a change whose condition is the outcome; if the outcome differs, nothing needs to change.
    pub(crate) async fn unless_elsewhere(
        &self,
        name: &str,
        what: &str,
        update: Update,
    ) -> Result<(), RecordsError> {
        match self.update(what, update).await? {
            Ok(_) => Ok(()),
            Err(refused) if refused.item.is_some() => Ok(()),
            Err(_) => Err(RecordsError::Missing(format!("execution `{name}`"))),
        }
    }

    /// Records the end of an execution and frees its task, in one transaction. A final outcome is never changed. While words wait in the
    /// task's inbox, the task is not freed, and the end is not recorded: see [`Table::inbox`].
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when the outcome is not final; [`RecordsError::Missing`] when it was never begun.
    pub async fn finish(&self, name: &str, end: &ExecutionEnd) -> Result<FinishResult, RecordsError> {
        if !end.outcome.is_final() {
            return Err(RecordsError::Invalid(format!("`{}` is not a final outcome", end.outcome)));
        }
        let missing = || RecordsError::Missing(format!("execution `{name}`"));
        let record = self.execution(name).await?.ok_or_else(missing)?;
        self.finish_known(record, end, None, &[]).await
    }

    /// As [`Table::finish`], of an execution whose record was read before, however long ago: whether it may end, the table decides. With the
    /// end, it is recorded whether any of its effects is left, where `effects_left` says so, as [`Table::note_effects_left`] does, and its
    /// agents, whose sessions are `at_work`, are no longer listed.
    ///
    /// # Errors
    /// As [`Table::finish`].
    pub async fn finish_known(
        &self,
        mut record: ExecutionRecord,
        end: &ExecutionEnd,
        effects_left: Option<bool>,
        at_work: &[String],
    ) -> Result<FinishResult, RecordsError> {
        if !end.outcome.is_final() {
            return Err(RecordsError::Invalid(format!("`{}` is not a final outcome", end.outcome)));
        }
        if record.outcome.is_final() {
            return Ok(FinishResult::Already(Box::new(record)));
        }
        let name = record.name.clone();
        let name = name.as_str();
        let missing = || RecordsError::Missing(format!("execution `{name}`"));
        let claimed = record.task_id.clone().filter(|_| record.claims_task);
        let was_pending = record.outcome == Outcome::Pending;
        record.end(end);
        record.question = None;
        let expires_at = retention::expires_at(end.at, retention::EXECUTION);
        let mut ended = to_item(&record, keys::execution(name), Some(expires_at))?;
        // The ARN may be written between our reading and our writing, so only the end's own attributes are set.
        let mut assignments = Vec::new();
        let mut update_values = Vec::new();
        if let Some(left) = effects_left {
            record.effects_left = effects_left;
            assignments.push("#effects_left = :effects_left".to_owned());
            update_values.push((":effects_left".to_owned(), AttributeValue::Bool(left)));
        }
        for field in ["outcome", "error", "cause", "output", "ended_at", keys::EXPIRES_AT] {
            if let Some(value) = ended.remove(field) {
                assignments.push(format!("#{field} = :{field}"));
                update_values.push((format!(":{field}"), value));
            }
        }
        let mut update = Update::new(
            keys::execution(name),
            format!("SET {} REMOVE #check_at, #gsi1pk, #gsi1sk, #question", assignments.join(", ")),
        )
        .condition("#outcome IN (:pending, :running, :waiting)")
        .value(":pending", text(Outcome::Pending.as_str()))
        .value(":running", text(Outcome::Running.as_str()))
        .value(":waiting", text(Outcome::Waiting.as_str()));
        for (placeholder, value) in update_values {
            update = update.value(&placeholder, value);
        }
        let places = record.place(true).into_iter().flat_map(|(project, place)| {
            // One that never started may still wait.
            let waited = was_pending.then(|| Place { queued: true, ..place.clone() });
            std::iter::once(place).chain(waited).map(move |place| place.key(project))
        });
        let agents = at_work.iter().take(MOST_AGENTS).map(|session| keys::agent_at_work(name, session));
        let leave: Vec<Write> = places.chain(agents).map(|key| Write::Delete { key }).collect();
        let mut writes = vec![Write::Update(update.clone())];
        if let Some(task_id) = claimed {
            writes.push(Write::Update(release(&record, &task_id, end)));
            writes.push(nothing_waits(&task_id));
        }
        writes.extend(leave.clone());
        let mut result = self.transact("record the end of an execution", writes).await?;
        if result.as_ref().is_err_and(|refused| refused.index == 1) {
            // Another execution's claim is not ours to free, and must not keep the execution open.
            tracing::info!(execution = name, "the execution ended without holding its task");
            let writes = std::iter::once(Write::Update(update)).chain(leave).collect();
            result = self.transact("record the end of an execution", writes).await?;
        }
        match result {
            Err(refused) if refused.index == 2 => Ok(FinishResult::WordsWait),
            Ok(()) => Ok(FinishResult::Finished(Box::new(record))),
            Err(refused) => {
                let item = refused.item.ok_or_else(missing)?;
                Ok(FinishResult::Already(Box::new(from_item(item)?)))
            }
        }
    }

    /// Executions in the order of the names; those that do not exist are left out.
    pub async fn executions_named(&self, names: Vec<String>) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let wanted = names.iter().map(|name| keys::execution(name)).collect();
        let mut found: Vec<ExecutionRecord> =
            self.get_many(wanted).await?.into_iter().map(from_item).collect::<Result<_, _>>()?;
        found.sort_by_key(|execution| names.iter().position(|name| *name == execution.name));
        Ok(found)
    }
}

/// Marks an execution as continued by another: once, and never one that succeeded or was taken back.
fn continued_by(continued: &str, name: &str) -> Update {
    Update::new(keys::execution(continued), "SET #continued_by = :name")
        .condition(
            "#outcome IN (:failed, :stopped) AND attribute_not_exists(#continued_by) \
             AND attribute_not_exists(#undone_by)",
        )
        .value(":name", text(name))
        .value(":failed", text(Outcome::Failed.as_str()))
        .value(":stopped", text(Outcome::Stopped.as_str()))
}

/// The item of an open execution: found by the sweeper.
fn open_item(record: &ExecutionRecord) -> Result<Item, RecordsError> {
    let mut item = to_item(record, keys::execution(&record.name), None)?;
    if let Some(check_at) = record.check_at {
        item.insert(GSI1_PK.to_owned(), text(keys::OPEN));
        item.insert(GSI1_SK.to_owned(), text(keys::open_since(check_at, &record.name)));
    }
    Ok(item)
}

/// Records the task and, where wanted, claims it.
fn claim(task_id: &str, new: &NewExecution, claims: bool) -> Update {
    let mut set = "SET #task_id = :task_id, #latest_execution = :name, #updated_at = :at, \
                   #created_at = if_not_exists(#created_at, :at)"
        .to_owned();
    let state = TaskState::AtWork.as_str();
    if claims {
        set.push_str(", #open_execution = :name, #state = :state");
    }
    if new.project.is_some() {
        set.push_str(", #project = :project");
    }
    let listed_in = new.project.as_ref().filter(|_| claims);
    if listed_in.is_some() {
        set.push_str(", #gsi1pk = :listing, #gsi1sk = :place");
    }
    let mut update = Update::new(keys::task(task_id), set)
        .value(":task_id", text(task_id))
        .value(":name", text(&new.name))
        .value(":at", moment(new.begun_at));
    if let Some(project) = &new.project {
        update = update.value(":project", text(project));
    }
    if let Some(project) = listed_in {
        update = update
            .value(":listing", text(keys::tasks(project, state)))
            .value(":place", text(keys::listed_at(new.begun_at, task_id)));
    }
    if claims {
        update = update.value(":state", text(state));
    }
    match &new.takes_over {
        Some(taken) if claims => {
            update.condition("#open_execution = :before").value(":before", text(&taken.execution))
        }
        _ if claims => update.condition("attribute_not_exists(#open_execution)"),
        _ => update,
    }
}

/// Frees the task of an ending execution, and lists it under the execution's outcome.
fn release(record: &ExecutionRecord, task_id: &str, end: &ExecutionEnd) -> Update {
    let state = TaskState::after(end.outcome);
    let mut set = "SET #state = :state".to_owned();
    if record.project.is_some() {
        set.push_str(", #gsi1pk = :listing, #gsi1sk = :place");
    }
    let mut update = Update::new(keys::task(task_id), format!("{set} REMOVE #open_execution"))
        .condition("#open_execution = :name")
        .value(":state", text(state.as_str()))
        .value(":name", text(&record.name));
    if let Some(project) = &record.project {
        update = update
            .value(":listing", text(keys::tasks(project, state.as_str())))
            .value(":place", text(keys::listed_at(end.at, task_id)));
    }
    update
}

/// The pointers by which an execution is listed.
fn listed(record: &ExecutionRecord) -> Result<Vec<Write>, RecordsError> {
    #[derive(Serialize)]
    struct Listed<'a> {
        name: &'a str,
    }
    let partitions = [
        Some(keys::month_partition(&timestamp::month(record.begun_at))),
        record.project.as_deref().map(keys::project_partition),
        record.task_id.as_deref().map(keys::task_partition),
    ];
    let expires_at = retention::expires_at(record.begun_at, retention::LISTED);
    partitions
        .into_iter()
        .flatten()
        .map(|partition| {
            let key = keys::listed_execution(partition, record.begun_at, &record.name);
            let item = to_item(&Listed { name: &record.name }, key, Some(expires_at))?;
            Ok(Write::Put { item, condition: None })
        })
        .collect()
}
