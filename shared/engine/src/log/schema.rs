//! The tables of the log.

use rusqlite::{Connection, ErrorCode};

use super::LogError;

/// The size to which the log next to the file is cut after it was larger for a while.
const JOURNAL_BYTES: i64 = 8 << 20;

/// What made the tables of each version out of those of the version before. The number of those that a file went through
/// is kept in SQLite's `user_version`.
const VERSIONS: [&str; 3] = [SPINE, REDRIVES_AND_VERSIONS, LISTS];

const SPINE: &str = "
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

const REDRIVES_AND_VERSIONS: &str = "
    ALTER TABLE executions ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE executions ADD COLUMN redriven INTEGER;
    ALTER TABLE executions ADD COLUMN version_arn TEXT;
    ALTER TABLE executions ADD COLUMN alias_arn TEXT;
    ALTER TABLE state_machines ADD COLUMN deleting INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE state_machines ADD COLUMN versions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE revisions ADD COLUMN is_update INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE versions (
        state_machine_arn TEXT NOT NULL,
        number INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        description TEXT,
        created INTEGER NOT NULL,
        PRIMARY KEY (state_machine_arn, number)
    ) WITHOUT ROWID;
    CREATE TABLE aliases (
        state_machine_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT,
        routes TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        PRIMARY KEY (state_machine_arn, name)
    ) WITHOUT ROWID;
";

/// Lists of executions show some columns, and are often asked for by status. These indexes hold all that they show.
const LISTS: &str = "
    DROP INDEX executions_by_machine;
    CREATE INDEX executions_by_machine ON executions
        (state_machine_arn, key, status, arn, name, started, stopped, redrives, redriven, version_arn, alias_arn);
    CREATE INDEX executions_by_status ON executions
        (state_machine_arn, status, key, arn, name, started, stopped, redrives, redriven, version_arn, alias_arn);
";

/// Locks the file for this connection, until it is closed.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let auto_vacuum: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    if auto_vacuum == 0 {
        // What is forgotten later can be given back to the file system; an earlier version's file is rewritten once. Where
        // there is no space for that, it stays as it is.
        match connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                tracing::warn!(%error, "the engine's log cannot be made to give back what is freed; the next start tries again");
            }
            other => other?,
        }
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Commits do not wait for the disk: the log syncs for many at once if it has to.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}

/// Creates the tables in a new file, brings those of an older version up to date, and refuses those of a newer one.
pub(super) fn bring_up_to_date(connection: &Connection) -> Result<(), LogError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = VERSIONS.len();
    let Some(missing) = usize::try_from(version).ok().and_then(|version| VERSIONS.get(version..)) else {
        return Err(LogError::Newer { version, known });
    };
    if !missing.is_empty() {
        let script = missing.concat();
        connection.execute_batch(&format!("BEGIN; {script} PRAGMA user_version = {known}; COMMIT"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_every_older_version_are_brought_up_to_date() {
        for version in 0..=VERSIONS.len() {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&VERSIONS[..version].concat()).unwrap();
            connection.pragma_update(None, "user_version", version as i64).unwrap();
            bring_up_to_date(&connection).unwrap();
            connection.prepare("SELECT redrives, version_arn FROM executions").unwrap();
        }
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = bring_up_to_date(&connection).unwrap_err();
        assert!(matches!(refused, LogError::Newer { version: 99, known } if known == VERSIONS.len()));
        assert!(refused.to_string().contains("written by a newer version of Ticketsmith"), "{refused}");
    }
}
