//! Versions: revisions of state machines that were published under a number.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::state_machines::{self, Revision, read_revision, timestamp};
use super::{Log, LogError, aliases};

/// A published revision.
#[derive(Clone, Debug)]
pub(crate) struct VersionRow {
    pub(crate) number: i64,
    pub(crate) revision: Revision,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
}

/// What came of publishing.
#[derive(Clone, Debug)]
pub(crate) enum Published {
    /// The version of the present revision, new or published before.
    Version(VersionRow),
    /// The state machine does not exist.
    Missing,
    /// The state machine has another revision than the caller believes.
    OtherRevision,
}

const COLUMNS: &str = "revisions.id, revisions.definition, revisions.role_arn, revisions.created, \
                       revisions.is_update, versions.number, versions.description, versions.created";

fn read(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow {
        revision: read_revision(row)?,
        number: row.get(5)?,
        description: row.get(6)?,
        created: timestamp(row.get(7)?),
    })
}

fn find(
    connection: &Connection,
    column: &str,
    state_machine_arn: &str,
    value: i64,
) -> Result<Option<VersionRow>, LogError> {
    let query = format!(
        "SELECT {COLUMNS} FROM versions JOIN revisions ON revisions.id = versions.revision \
         WHERE versions.state_machine_arn = ?1 AND versions.{column} = ?2"
    );
    let mut statement = connection.prepare_cached(&query)?;
    Ok(statement.query_row(params![state_machine_arn, value], read).optional()?)
}

impl Log {
    /// Publishes the present revision of a state machine, which `revision_id`, if given, must name.
    pub(crate) async fn publish(
        &self,
        state_machine_arn: String,
        revision_id: Option<String>,
        description: Option<String>,
        now: Timestamp,
    ) -> Result<Published, LogError> {
        self.run(move |connection| {
            let Some(machine) = state_machines::find(connection, &state_machine_arn)? else {
                return Ok(Published::Missing);
            };
            let revision = machine.revision;
            if revision_id
                .is_some_and(|asked| asked != revision.public_id().unwrap_or_else(|| "INITIAL".to_owned()))
            {
                return Ok(Published::OtherRevision);
            }
            if let Some(existing) = find(connection, "revision", &state_machine_arn, revision.id)? {
                return Ok(Published::Version(existing));
            }
            let number =
                "UPDATE state_machines SET versions = versions + 1 WHERE arn = ?1 RETURNING versions";
            let number: i64 = connection.query_row(number, [&state_machine_arn], |row| row.get(0))?;
            connection.execute(
                "INSERT INTO versions (state_machine_arn, number, revision, description, created) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![state_machine_arn, number, revision.id, description, now.as_millisecond()],
            )?;
            Ok(Published::Version(VersionRow { number, revision, description, created: now }))
        })
        .await
    }

    pub(crate) async fn version(
        &self,
        state_machine_arn: String,
        number: i64,
    ) -> Result<Option<VersionRow>, LogError> {
        self.run(move |connection| find(connection, "number", &state_machine_arn, number)).await
    }

    /// Versions with numbers below `before`, newest first.
    pub(crate) async fn versions(
        &self,
        state_machine_arn: String,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<VersionRow>, LogError> {
        self.run(move |connection| {
            let query = format!(
                "SELECT {COLUMNS} FROM versions JOIN revisions ON revisions.id = versions.revision \
                 WHERE versions.state_machine_arn = ?1 AND versions.number < ?2 \
                 ORDER BY versions.number DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let parameters = params![state_machine_arn, before.unwrap_or(i64::MAX), limit as i64];
            let rows = statement.query_map(parameters, read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Deletes a version that no alias leads to; otherwise returns the names of those that do.
    pub(crate) async fn delete_version(
        &self,
        state_machine_arn: String,
        number: i64,
    ) -> Result<Result<(), Vec<String>>, LogError> {
        self.run(move |connection| {
            let aliases = aliases::all(connection, &state_machine_arn)?.into_iter();
            let leading = aliases.filter(|alias| alias.routes.iter().any(|route| route.version == number));
            let leading: Vec<String> = leading.map(|alias| alias.name).collect();
            if !leading.is_empty() {
                return Ok(Err(leading));
            }
            connection.execute(
                "DELETE FROM versions WHERE state_machine_arn = ?1 AND number = ?2",
                params![state_machine_arn, number],
            )?;
            Ok(Ok(()))
        })
        .await
    }
}
