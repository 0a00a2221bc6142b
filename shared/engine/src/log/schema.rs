//! The tables of the log.

use rusqlite::Connection;

use super::{Durability, LogError};

/// The version of the tables, kept in SQLite's `user_version`.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE state_machines (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        tags TEXT NOT NULL
    );
    CREATE TABLE revisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        state_machine_arn TEXT NOT NULL,
        definition TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        created INTEGER NOT NULL
    );
    CREATE TABLE executions (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        arn TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        state_machine_arn TEXT NOT NULL,
        revision INTEGER NOT NULL,
        status TEXT NOT NULL,
        started INTEGER NOT NULL,
        stopped INTEGER,
        input TEXT NOT NULL,
        output TEXT,
        error TEXT,
        cause TEXT,
        seed BLOB NOT NULL,
        parent INTEGER,
        parent_task INTEGER,
        parent_waits INTEGER NOT NULL DEFAULT 0,
        awake INTEGER NOT NULL,
        wakes_at INTEGER,
        told TEXT
    );
    CREATE INDEX executions_by_machine ON executions (state_machine_arn, key);
    CREATE INDEX executions_running ON executions (key) WHERE status = 'RUNNING';
    CREATE INDEX executions_stopped ON executions (stopped) WHERE stopped IS NOT NULL;
    CREATE INDEX executions_untold ON executions (key) WHERE told IS NOT status;
    CREATE INDEX executions_by_parent ON executions (parent) WHERE parent IS NOT NULL;
    CREATE TABLE events (
        execution INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        id INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (execution, sequence)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX events_by_id ON events (execution, id) WHERE id > 0;
";

/// Takes the file for this connection alone, until it is closed, and sets how durable a commit is.
pub(super) fn prepare(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::PowerLoss => "FULL",
        Durability::ProcessDeath => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}

/// Creates the tables in a new file, and refuses the file of another version.
pub(super) fn check_version(connection: &Connection) -> Result<(), LogError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => {
            connection.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT"))?;
            Ok(())
        }
        VERSION => Ok(()),
        other => Err(LogError::Damaged(format!(
            "its tables have version {other}, and this program knows version {VERSION}"
        ))),
    }
}
