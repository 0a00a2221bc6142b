//! State machines and the revisions of their definitions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Log, LogError};

/// A state machine as it is now.
#[derive(Clone, Debug)]
pub(crate) struct StateMachineRow {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) revision: Revision,
    pub(crate) tags: BTreeMap<String, String>,
    /// Deleted, but for the executions that still run.
    pub(crate) deleting: bool,
}

/// A definition that a state machine has or had. Executions keep the one they started with.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) id: i64,
    pub(crate) definition: String,
    pub(crate) role_arn: String,
    pub(crate) created: Timestamp,
    /// Whether an update made it, and not the creation of the state machine.
    pub(crate) is_update: bool,
}

impl Revision {
    /// The identifier that the API shows; AWS does not assign one to the first revision.
    pub(crate) fn public_id(&self) -> Option<String> {
        self.is_update.then(|| self.id.to_string())
    }
}

const COLUMNS: &str = "revisions.id, revisions.definition, revisions.role_arn, revisions.created, \
                       revisions.is_update, state_machines.arn, state_machines.name, state_machines.created, \
                       state_machines.tags, state_machines.deleting";

pub(super) fn timestamp(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(StateMachineRow, String)> {
    let machine = StateMachineRow {
        arn: row.get(5)?,
        name: row.get(6)?,
        created: timestamp(row.get(7)?),
        revision: read_revision(row)?,
        tags: BTreeMap::new(),
        deleting: row.get(9)?,
    };
    Ok((machine, row.get(8)?))
}

/// Reads the first five columns.
pub(super) fn read_revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    Ok(Revision {
        id: row.get(0)?,
        definition: row.get(1)?,
        role_arn: row.get(2)?,
        created: timestamp(row.get(3)?),
        is_update: row.get(4)?,
    })
}

fn with_tags((mut machine, tags): (StateMachineRow, String)) -> Result<StateMachineRow, LogError> {
    machine.tags = serde_json::from_str(&tags)?;
    Ok(machine)
}

pub(super) fn find(connection: &Connection, arn: &str) -> Result<Option<StateMachineRow>, LogError> {
    let query = format!(
        "SELECT {COLUMNS} FROM state_machines JOIN revisions ON revisions.id = state_machines.revision \
         WHERE state_machines.arn = ?1"
    );
    connection.prepare_cached(&query)?.query_row([arn], read).optional()?.map(with_tags).transpose()
}

fn add_revision(connection: &Connection, arn: &str, revision: &Revision) -> Result<i64, LogError> {
    let Revision { definition, role_arn, created, is_update, .. } = revision;
    connection.execute(
        "INSERT INTO revisions (state_machine_arn, definition, role_arn, created, is_update) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![arn, definition, role_arn, created.as_millisecond(), is_update],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Deletes the state machine of execution `key` if it waits for that and no other execution runs.
pub(super) fn delete_if_idle(connection: &Connection, key: i64) -> Result<(), LogError> {
    let query = "SELECT arn FROM state_machines WHERE deleting \
                 AND arn = (SELECT state_machine_arn FROM executions WHERE key = ?1)";
    let arn: Option<String> =
        connection.prepare_cached(query)?.query_row([key], |row| row.get(0)).optional()?;
    match arn {
        Some(arn) if !is_busy(connection, &arn)? => delete(connection, &arn),
        _ => Ok(()),
    }
}

fn is_busy(connection: &Connection, arn: &str) -> Result<bool, LogError> {
    let query =
        "SELECT EXISTS (SELECT 1 FROM executions WHERE state_machine_arn = ?1 AND status = 'RUNNING')";
    Ok(connection.query_row(query, [arn], |row| row.get(0))?)
}

fn delete(connection: &Connection, arn: &str) -> Result<(), LogError> {
    connection.execute("DELETE FROM aliases WHERE state_machine_arn = ?1", [arn])?;
    connection.execute("DELETE FROM versions WHERE state_machine_arn = ?1", [arn])?;
    connection.execute("DELETE FROM state_machines WHERE arn = ?1", [arn])?;
    Ok(())
}

impl Log {
    /// Creates a state machine, or returns the existing one with that ARN.
    pub(crate) async fn create_state_machine(
        &self,
        machine: StateMachineRow,
    ) -> Result<Result<StateMachineRow, StateMachineRow>, LogError> {
        self.run(move |connection| {
            if let Some(existing) = find(connection, &machine.arn)? {
                return Ok(Err(existing));
            }
            let revision = add_revision(connection, &machine.arn, &machine.revision)?;
            connection.execute(
                "INSERT INTO state_machines (arn, name, created, revision, tags) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    machine.arn,
                    machine.name,
                    machine.created.as_millisecond(),
                    revision,
                    serde_json::to_string(&machine.tags)?
                ],
            )?;
            let revision = Revision { id: revision, ..machine.revision };
            Ok(Ok(StateMachineRow { revision, ..machine }))
        })
        .await
    }

    /// Gives a state machine a new revision if anything changes; fields that are `None` stay unchanged. `None` if there is no
    /// such machine.
    pub(crate) async fn update_state_machine(
        &self,
        arn: String,
        definition: Option<String>,
        role_arn: Option<String>,
        now: Timestamp,
    ) -> Result<Option<StateMachineRow>, LogError> {
        self.run(move |connection| {
            let Some(machine) = find(connection, &arn)? else { return Ok(None) };
            let before = &machine.revision;
            let definition = definition.unwrap_or_else(|| before.definition.clone());
            let role_arn = role_arn.unwrap_or_else(|| before.role_arn.clone());
            if definition == before.definition && role_arn == before.role_arn {
                return Ok(Some(machine));
            }
            let revision = Revision { id: 0, definition, role_arn, created: now, is_update: true };
            let revision = add_revision(connection, &arn, &revision)?;
            connection
                .execute("UPDATE state_machines SET revision = ?2 WHERE arn = ?1", params![arn, revision])?;
            find(connection, &arn)
        })
        .await
    }

    pub(crate) async fn state_machine(&self, arn: String) -> Result<Option<StateMachineRow>, LogError> {
        self.run(move |connection| find(connection, &arn)).await
    }

    pub(crate) async fn revision(&self, id: i64) -> Result<Option<Revision>, LogError> {
        self.run(move |connection| {
            let query = "SELECT id, definition, role_arn, created, is_update FROM revisions WHERE id = ?1";
            Ok(connection.prepare_cached(query)?.query_row([id], read_revision).optional()?)
        })
        .await
    }

    /// State machines by ARN, at most `limit` after `after`.
    pub(crate) async fn state_machines(
        &self,
        after: String,
        limit: usize,
    ) -> Result<Vec<StateMachineRow>, LogError> {
        self.run(move |connection| {
            let query = format!(
                "SELECT {COLUMNS} FROM state_machines JOIN revisions ON revisions.id = state_machines.revision \
                 WHERE state_machines.arn > ?1 ORDER BY state_machines.arn LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![after, limit as i64], read)?;
            rows.map(|row| with_tags(row?)).collect()
        })
        .await
    }

    /// Deletes a state machine with its versions and aliases once none of its executions is running. Its
    /// executions, and the revisions they run, stay.
    pub(crate) async fn delete_state_machine(&self, arn: String) -> Result<(), LogError> {
        self.run(move |connection| {
            if is_busy(connection, &arn)? {
                connection.execute("UPDATE state_machines SET deleting = 1 WHERE arn = ?1", [arn])?;
                return Ok(());
            }
            delete(connection, &arn)
        })
        .await
    }

    /// The ARNs of the state machines that are deleted once none of their executions is running.
    pub(crate) async fn deleting(&self) -> Result<Vec<String>, LogError> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached("SELECT arn FROM state_machines WHERE deleting")?;
            let arns = statement.query_map([], |row| row.get(0))?;
            Ok(arns.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Replaces the tags of a state machine.
    pub(crate) async fn set_tags(&self, arn: String, tags: BTreeMap<String, String>) -> Result<(), LogError> {
        self.run(move |connection| {
            let tags = serde_json::to_string(&tags)?;
            connection.execute("UPDATE state_machines SET tags = ?2 WHERE arn = ?1", params![arn, tags])?;
            Ok(())
        })
        .await
    }
}
