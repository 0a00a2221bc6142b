//! `ticketsmith backup`: copies what `serve` remembers, also while it runs.

use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::server::data_folder::{DataFolder, write_private};
use rusqlite::{Connection, OpenFlags};
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `ticketsmith backup`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The new folder for the copy.
    #[arg(value_name = "FOLDER")]
    target: PathBuf,
    /// Copy the key of the secrets as well: whoever has the copy can then read every secret.
    #[arg(long)]
    with_key: bool,
    #[command(flatten)]
    data: DataArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith backup /backups/2026-11-29
  ticketsmith serve --config ticketsmith.yaml --data /backups/2026-11-29

The copy is itself a data folder: to restore it, stop `serve`, and start it with the copy, or move the copy to the old place. It contains
the records, the engine's state and the encrypted secrets. Keep their key elsewhere: `secrets.key` of the data folder, or
TICKETSMITH_SECRETS_KEY. Logs are not copied.

Exit codes: 0 copied and checked · 2 a folder is not usable";

/// How long to wait for `serve` to end a write.
const BUSY: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// Usage when the data folder has nothing to copy, the target exists, or a file cannot be read or written; the target is then removed.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { target, with_key, data } = arguments;
    let source = DataFolder::existing(&data.data).filter(|source| source.table().exists());
    let source = source.ok_or_else(|| {
        Exit::usage(format!("{} is no data folder of `serve`; pass --data", data.data.display()))
    })?;
    if target.exists() {
        return Err(Exit::usage(format!("{} exists already; name a new folder", target.display())));
    }
    let copied = DataFolder::open(target)
        .map_err(|error| failed(target, &error))
        .and_then(|folder| copy(&source, &folder, *with_key));
    if copied.is_err() {
        let _nothing_left_to_do = fs::remove_dir_all(target);
    }
    copied?;
    println!("{} is copied to {}", data.data.display(), target.display());
    Ok(())
}

fn copy(source: &DataFolder, target: &DataFolder, with_key: bool) -> Outcome {
    // Private before anything is in them.
    target.make_private().map_err(Exit::usage)?;
    // The engine first: what it then does again, the journal in the newer table knows. The other way around, effects could be forgotten.
    copy_database(&source.engine(), &target.engine())?;
    copy_database(&source.table(), &target.table())?;
    let key = with_key.then(|| (source.secrets_key(), target.secrets_key()));
    for (from, to) in [(source.secrets(), target.secrets())].into_iter().chain(key) {
        match fs::read(&from) {
            Ok(bytes) => write_private(&to, &bytes).map_err(|error| failed(&to, &error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&from, &error)),
        }
    }
    Ok(())
}

/// Copies a database as it is at one moment, although others write to it, and checks the copy.
fn copy_database(from: &Path, to: &Path) -> Outcome {
    let open = |path: &Path| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    };
    let copied = || -> rusqlite::Result<String> {
        let text = to.to_string_lossy();
        open(from)?.execute("VACUUM INTO ?1", [text.as_ref()])?;
        open(to)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))
    };
    match copied() {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(failed(to, &verdict)),
        Err(error) => Err(failed(from, &error)),
    }
}

fn failed(path: &Path, why: &dyn Display) -> Exit {
    Exit::usage(format!("{}: {why}", path.display()))
}
