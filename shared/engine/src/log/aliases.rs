//! Aliases: names that point to one or two versions of a state machine.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::state_machines::timestamp;
use super::{Log, LogError};

/// One route of an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) version: i64,
    /// The share of executions that take this route, in percent.
    pub(crate) weight: u8,
}

/// An alias.
#[derive(Clone, Debug)]
pub(crate) struct AliasRow {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) routes: Vec<Route>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// An alias to create.
#[derive(Clone, Debug)]
pub(crate) struct NewAlias {
    pub(crate) state_machine_arn: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) routes: Vec<Route>,
}

const COLUMNS: &str = "name, description, routes, created, updated";

fn read(row: &Row<'_>) -> rusqlite::Result<(AliasRow, String)> {
    let alias = AliasRow {
        name: row.get(0)?,
        description: row.get(1)?,
        routes: Vec::new(),
        created: timestamp(row.get(3)?),
        updated: timestamp(row.get(4)?),
    };
    Ok((alias, row.get(2)?))
}

fn with_routes((mut alias, routes): (AliasRow, String)) -> Result<AliasRow, LogError> {
    alias.routes = serde_json::from_str(&routes)?;
    Ok(alias)
}

/// All aliases of a state machine, by name.
pub(super) fn all(connection: &Connection, state_machine_arn: &str) -> Result<Vec<AliasRow>, LogError> {
    let query = format!("SELECT {COLUMNS} FROM aliases WHERE state_machine_arn = ?1 ORDER BY name");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([state_machine_arn], read)?;
    rows.map(|row| with_routes(row?)).collect()
}

fn find(connection: &Connection, state_machine_arn: &str, name: &str) -> Result<Option<AliasRow>, LogError> {
    let query = format!("SELECT {COLUMNS} FROM aliases WHERE state_machine_arn = ?1 AND name = ?2");
    let mut statement = connection.prepare_cached(&query)?;
    statement.query_row([state_machine_arn, name], read).optional()?.map(with_routes).transpose()
}

impl Log {
    /// Creates an alias, or returns the existing one of that name.
    pub(crate) async fn create_alias(
        &self,
        new: NewAlias,
        now: Timestamp,
    ) -> Result<Result<AliasRow, AliasRow>, LogError> {
        self.run(move |connection| {
            let NewAlias { state_machine_arn, name, description, routes } = new;
            if let Some(existing) = find(connection, &state_machine_arn, &name)? {
                return Ok(Err(existing));
            }
            connection.execute(
                "INSERT INTO aliases (state_machine_arn, name, description, routes, created, updated) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                params![
                    state_machine_arn,
                    name,
                    description,
                    serde_json::to_string(&routes)?,
                    now.as_millisecond()
                ],
            )?;
            Ok(Ok(AliasRow { name, description, routes, created: now, updated: now }))
        })
        .await
    }

    /// Changes an alias; fields that are `None` stay unchanged. Returns whether it exists.
    pub(crate) async fn update_alias(
        &self,
        state_machine_arn: String,
        name: String,
        (description, routes): (Option<String>, Option<Vec<Route>>),
        now: Timestamp,
    ) -> Result<bool, LogError> {
        self.run(move |connection| {
            let routes = routes.map(|routes| serde_json::to_string(&routes)).transpose()?;
            let changed = connection.execute(
                "UPDATE aliases SET description = coalesce(?3, description), routes = coalesce(?4, routes), \
                 updated = ?5 WHERE state_machine_arn = ?1 AND name = ?2",
                params![state_machine_arn, name, description, routes, now.as_millisecond()],
            )?;
            Ok(changed > 0)
        })
        .await
    }

    pub(crate) async fn alias(
        &self,
        state_machine_arn: String,
        name: String,
    ) -> Result<Option<AliasRow>, LogError> {
        self.run(move |connection| find(connection, &state_machine_arn, &name)).await
    }

    /// All aliases of a state machine, by name.
    pub(crate) async fn aliases(&self, state_machine_arn: String) -> Result<Vec<AliasRow>, LogError> {
        self.run(move |connection| all(connection, &state_machine_arn)).await
    }

    /// Deletes an alias if it exists.
    pub(crate) async fn delete_alias(&self, state_machine_arn: String, name: String) -> Result<(), LogError> {
        self.run(move |connection| {
            let query = "DELETE FROM aliases WHERE state_machine_arn = ?1 AND name = ?2";
            connection.execute(query, [state_machine_arn, name])?;
            Ok(())
        })
        .await
    }
}
