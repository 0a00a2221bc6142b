//! Executions and their state.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::state_machines::timestamp;
use super::{Log, LogError, events};
use crate::execution::{Event, Seed};

/// An execution as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct ExecutionRow {
    pub(crate) key: i64,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) state_machine_arn: String,
    /// The version and the alias that it was started with, if it was.
    pub(crate) qualifiers: Qualifiers,
    pub(crate) revision: i64,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    pub(crate) stopped: Option<Timestamp>,
    /// The text of the input as it was given.
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) seed: Seed,
    pub(crate) parent: Option<Parent>,
    /// How often it was redriven, and when last.
    pub(crate) redrives: u64,
    pub(crate) redriven: Option<Timestamp>,
}

/// The version and the alias of a state machine that an execution was started with, by their ARNs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Qualifiers {
    pub(crate) version: Option<String>,
    pub(crate) alias: Option<String>,
}

/// The task that started an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    /// The execution of the task.
    pub(crate) key: i64,
    /// The event that scheduled the task.
    pub(crate) task: u64,
    /// Whether the task waits for the end.
    pub(crate) waits: bool,
}

/// An execution to create.
#[derive(Clone, Debug)]
pub(crate) struct NewExecution {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) state_machine_arn: String,
    pub(crate) qualifiers: Qualifiers,
    pub(crate) revision: i64,
    pub(crate) input: String,
    pub(crate) seed: Seed,
    pub(crate) parent: Option<Parent>,
    pub(crate) start: Event,
}

/// What came of starting an execution.
#[derive(Clone, Debug)]
pub(crate) enum Started {
    New(ExecutionRow),
    /// The same start was made before.
    Same(ExecutionRow),
    /// The name belongs to another.
    Taken,
    /// As many executions run as may.
    TooMany,
    /// The state machine was changed in the meantime, and its earlier revision is forgotten.
    Superseded,
}

/// Which executions to list, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) state_machine_arn: String,
    /// Only those that were started with these.
    pub(crate) qualifiers: Qualifiers,
    pub(crate) status: Option<String>,
    /// Only those that were redriven, or only those that were not.
    pub(crate) redriven: Option<bool>,
    /// Only executions older than the one with this key.
    pub(crate) before: Option<i64>,
    pub(crate) limit: usize,
}

const COLUMNS: &str = "key, arn, name, state_machine_arn, revision, status, started, stopped, input, output, error, \
                       cause, seed, parent, parent_task, parent_waits, redrives, redriven, version_arn, alias_arn";

fn read(row: &Row<'_>) -> rusqlite::Result<ExecutionRow> {
    let parent: Option<i64> = row.get(13)?;
    let task: Option<i64> = row.get(14)?;
    let waits = row.get(15)?;
    Ok(ExecutionRow {
        key: row.get(0)?,
        arn: row.get(1)?,
        name: row.get(2)?,
        state_machine_arn: row.get(3)?,
        revision: row.get(4)?,
        status: row.get(5)?,
        started: timestamp(row.get(6)?),
        stopped: row.get::<_, Option<i64>>(7)?.map(timestamp),
        input: row.get(8)?,
        output: row.get(9)?,
        error: row.get(10)?,
        cause: row.get(11)?,
        seed: Seed(row.get(12)?),
        parent: parent.zip(task).map(|(key, task)| Parent { key, task: task.cast_unsigned(), waits }),
        redrives: row.get::<_, i64>(16)?.cast_unsigned(),
        redriven: row.get::<_, Option<i64>>(17)?.map(timestamp),
        qualifiers: Qualifiers { version: row.get(18)?, alias: row.get(19)? },
    })
}

/// An execution in a list, which shows neither its input nor its output.
#[derive(Clone, Debug)]
pub(crate) struct ListedRow {
    pub(crate) key: i64,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) state_machine_arn: String,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) redrives: u64,
    pub(crate) redriven: Option<Timestamp>,
    pub(crate) qualifiers: Qualifiers,
}

/// The columns are those of the indexes in [`schema`](super::schema), so that only they are read.
fn list(connection: &Connection, filter: Filter) -> Result<Vec<ListedRow>, LogError> {
    let Qualifiers { version, alias } = filter.qualifiers;
    // An absent condition is left out, so that SQLite is sure to use the index.
    let condition = |given: bool, condition: &'static str| if given { condition } else { "" };
    let query = format!(
        "SELECT key, arn, name, state_machine_arn, status, started, stopped, redrives, redriven, version_arn, alias_arn \
         FROM executions WHERE state_machine_arn = :machine AND key < :before {}{}{}{} ORDER BY key DESC LIMIT :limit",
        condition(filter.status.is_some(), "AND status = :status "),
        condition(version.is_some(), "AND version_arn = :version "),
        condition(alias.is_some(), "AND alias_arn = :alias "),
        condition(filter.redriven.is_some(), "AND (redrives > 0) = :redriven "),
    );
    let (before, limit) = (filter.before.unwrap_or(i64::MAX), filter.limit as i64);
    let mut parameters: Vec<(&str, &dyn ToSql)> =
        vec![(":machine", &filter.state_machine_arn), (":before", &before), (":limit", &limit)];
    parameters.extend(filter.status.as_ref().map(|status| (":status", status as &dyn ToSql)));
    parameters.extend(version.as_ref().map(|version| (":version", version as &dyn ToSql)));
    parameters.extend(alias.as_ref().map(|alias| (":alias", alias as &dyn ToSql)));
    parameters.extend(filter.redriven.as_ref().map(|redriven| (":redriven", redriven as &dyn ToSql)));
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map(&*parameters, |row| {
        Ok(ListedRow {
            key: row.get(0)?,
            arn: row.get(1)?,
            name: row.get(2)?,
            state_machine_arn: row.get(3)?,
            status: row.get(4)?,
            started: timestamp(row.get(5)?),
            stopped: row.get::<_, Option<i64>>(6)?.map(timestamp),
            redrives: row.get::<_, i64>(7)?.cast_unsigned(),
            redriven: row.get::<_, Option<i64>>(8)?.map(timestamp),
            qualifiers: Qualifiers { version: row.get(9)?, alias: row.get(10)? },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn find(connection: &Connection, arn: &str) -> Result<Option<ExecutionRow>, LogError> {
    let query = format!("SELECT {COLUMNS} FROM executions WHERE arn = ?1");
    Ok(connection.prepare_cached(&query)?.query_row([arn], read).optional()?)
}

/// Whether at least `most` executions run.
fn has_running(connection: &Connection, most: u64) -> Result<bool, LogError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // If fewer were ever started, there is nothing to count.
    let started = "SELECT coalesce(max(key), 0) FROM executions";
    let started: i64 = connection.prepare_cached(started)?.query_row([], |row| row.get(0))?;
    if started < most {
        return Ok(false);
    }
    let running = "SELECT count(*) FROM executions WHERE status = 'RUNNING'";
    let running: i64 = connection.prepare_cached(running)?.query_row([], |row| row.get(0))?;
    Ok(running >= most)
}

impl Log {
    /// Starts an execution, or finds that it was started before. At most `most` may run at once.
    pub(crate) async fn start_execution(&self, new: NewExecution, most: u64) -> Result<Started, LogError> {
        let entries = events::encode(std::slice::from_ref(&new.start))?;
        self.run(move |connection| {
            if let Some(existing) = find(connection, &new.arn)? {
                let repeated = existing.status == "RUNNING" && existing.input == new.input;
                let of_same_task = new.parent.is_some() && existing.parent == new.parent;
                return Ok(if repeated || of_same_task { Started::Same(existing) } else { Started::Taken });
            }
            if has_running(connection, most)? {
                return Ok(Started::TooMany);
            }
            let revision = "SELECT EXISTS (SELECT 1 FROM revisions WHERE id = ?1)";
            if !connection.prepare_cached(revision)?.query_row([new.revision], |row| row.get::<_, bool>(0))? {
                return Ok(Started::Superseded);
            }
            connection.execute(
                "INSERT INTO executions (arn, name, state_machine_arn, revision, status, started, input, seed, \
                 parent, parent_task, parent_waits, version_arn, alias_arn, awake) \
                 VALUES (?1, ?2, ?3, ?4, 'RUNNING', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)",
                params![
                    new.arn,
                    new.name,
                    new.state_machine_arn,
                    new.revision,
                    new.start.at.as_millisecond(),
                    new.input,
                    new.seed.0,
                    new.parent.map(|parent| parent.key),
                    new.parent.map(|parent| parent.task.cast_signed()),
                    new.parent.is_some_and(|parent| parent.waits),
                    new.qualifiers.version,
                    new.qualifiers.alias,
                ],
            )?;
            let key = connection.last_insert_rowid();
            events::insert(connection, key, 0, &entries)?;
            find(connection, &new.arn)?
                .map(Started::New)
                .ok_or_else(|| LogError::Damaged(format!("execution {} is missing after its start", new.arn)))
        })
        .await
    }

    pub(crate) async fn execution(&self, arn: String) -> Result<Option<ExecutionRow>, LogError> {
        self.run(move |connection| find(connection, &arn)).await
    }

    pub(crate) async fn execution_by_key(&self, key: i64) -> Result<Option<ExecutionRow>, LogError> {
        self.run(move |connection| {
            let query = format!("SELECT {COLUMNS} FROM executions WHERE key = ?1");
            Ok(connection.prepare_cached(&query)?.query_row([key], read).optional()?)
        })
        .await
    }

    pub(crate) async fn executions(&self, filter: Filter) -> Result<Vec<ListedRow>, LogError> {
        self.run(move |connection| list(connection, filter)).await
    }

    /// The number of the last event in an execution's history.
    pub(crate) async fn last_event(&self, key: i64) -> Result<u64, LogError> {
        self.run(move |connection| {
            let query = "SELECT coalesce(max(id), 0) FROM events WHERE execution = ?1 AND id > 0";
            let last: i64 = connection.prepare_cached(query)?.query_row([key], |row| row.get(0))?;
            Ok(last.cast_unsigned())
        })
        .await
    }

    /// The executions whose current status was not announced yet.
    pub(crate) async fn untold(&self) -> Result<Vec<ExecutionRow>, LogError> {
        self.run(move |connection| {
            let query = format!("SELECT {COLUMNS} FROM executions WHERE told IS NOT status ORDER BY key");
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map([], read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Records that the end of an execution was announced.
    pub(crate) async fn set_told(&self, key: i64) -> Result<(), LogError> {
        self.run(move |connection| {
            connection
                .prepare_cached("UPDATE executions SET told = status WHERE key = ?1")?
                .execute([key])?;
            Ok(())
        })
        .await
    }

    /// The running executions that a restart must look after: those to act for at once, and those to wake at a time.
    pub(crate) async fn unfinished(&self) -> Result<Vec<(i64, Option<Timestamp>)>, LogError> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, awake, wakes_at FROM executions \
                 WHERE status = 'RUNNING' AND (awake OR wakes_at IS NOT NULL)",
            )?;
            let rows = statement.query_map([], |row| {
                let (awake, wakes_at): (bool, Option<i64>) = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, wakes_at.filter(|_| !awake).map(timestamp)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Forgets some of the executions that ended before `moment`, with their histories, and returns their number.
    pub(crate) async fn forget_ended_before(&self, moment: Timestamp) -> Result<usize, LogError> {
        self.run(move |connection| {
            let ended = "SELECT key FROM executions WHERE stopped < ?1 ORDER BY stopped LIMIT 100";
            let mut statement = connection.prepare_cached(ended)?;
            let keys = statement.query_map([moment.as_millisecond()], |row| row.get::<_, i64>(0))?;
            let keys = keys.collect::<Result<Vec<_>, _>>()?;
            for key in &keys {
                connection.prepare_cached("DELETE FROM events WHERE execution = ?1")?.execute([key])?;
                connection.prepare_cached("DELETE FROM executions WHERE key = ?1")?.execute([key])?;
            }
            Ok(keys.len())
        })
        .await
    }

    /// Forgets earlier revisions of state machines that no execution and no version has, and returns their IDs.
    pub(crate) async fn forget_unused_revisions(&self) -> Result<HashSet<i64>, LogError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "DELETE FROM revisions WHERE id NOT IN (SELECT revision FROM executions) \
                 AND id NOT IN (SELECT revision FROM versions) AND id NOT IN (SELECT revision FROM state_machines) \
                 RETURNING id",
            )?;
            let gone = statement.query_map([], |row| row.get(0))?;
            Ok(gone.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Gives some pages of the file that hold nothing back to the file system. Says whether there may be more.
    pub(crate) async fn give_back(&self) -> Result<bool, LogError> {
        self.run(move |connection| {
            let free = || connection.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0));
            let before = free()?;
            if before > 0 {
                let mut statement = connection.prepare_cached("PRAGMA incremental_vacuum(256)")?;
                let mut freed = statement.query([])?;
                // Each step frees one page.
                while freed.next()?.is_some() {}
            }
            let left = free()?;
            Ok(left > 0 && left < before)
        })
        .await
    }

    /// The running executions that tasks of execution `parent` started to wait for, each with the task's event.
    pub(crate) async fn awaited_children(&self, parent: i64) -> Result<Vec<(i64, u64)>, LogError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, parent_task FROM executions WHERE parent = ?1 AND parent_waits AND status = 'RUNNING'",
            )?;
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
            let rows = statement.query_map([parent], read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
