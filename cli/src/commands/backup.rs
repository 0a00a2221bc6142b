//! `ticketsmith backup`: copies what `serve` remembers, also while it runs.

use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::server::backup::PATH;
use crate::server::data_folder::{DataFolder, write_private};
use crate::server::private::TOKEN;
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
    /// Copy the key of the secrets as well. Anyone who gets the copy can then read every secret.
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

/// How long `serve` may take to answer that it is there, and to copy the engine's log.
const CONNECT: Duration = Duration::from_secs(2);
const COPY: Duration = Duration::from_secs(600);
/// How long to wait for `serve` to end a write.
const BUSY: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// Usage when the data folder has nothing to copy or is being copied, the target exists, or a file cannot be read or written; the target is then removed.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments { target, with_key, data } = &arguments;
    let source = DataFolder::existing(&data.data).filter(|source| source.table().exists());
    let source = source.ok_or_else(|| {
        Exit::usage(format!("{} is not a data folder of `serve`; pass --data", data.data.display()))
    })?;
    if target.exists() {
        return Err(Exit::usage(format!("{} exists already; name a new folder", target.display())));
    }
    let _lock = source.lock_backup().map_err(Exit::usage)?;
    let folder = DataFolder::open(target).map_err(|error| failed(target, &error))?;
    let copied = copy(&source, &folder, *with_key).await;
    if copied.is_err() {
        let _nothing_left_to_do = fs::remove_dir_all(target);
    }
    copied?;
    println!("{} is copied to {}", data.data.display(), target.display());
    Ok(())
}

async fn copy(source: &DataFolder, target: &DataFolder, with_key: bool) -> Outcome {
    // Private before anything is in them.
    target.make_private().map_err(Exit::usage)?;
    // The engine first: it may repeat steps after a restore, and the newer table's journal knows their effects. The other way around,
    // effects could be lost.
    if ask_engine(source).await? {
        let copy = source.engine_copy();
        let moved = fs::copy(&copy, target.engine()).and_then(|_| fs::remove_file(&copy));
        moved.map_err(|error| failed(&copy, &error))?;
        check(&target.engine())?;
    } else {
        copy_database(&source.engine(), &target.engine())?;
    }
    copy_database(&source.table(), &target.table())?;
    let keys = with_key.then(|| {
        [(source.secrets_key(), target.secrets_key()), (source.evidence_key(), target.evidence_key())]
    });
    for (from, to) in [(source.secrets(), target.secrets())].into_iter().chain(keys.into_iter().flatten()) {
        match fs::read(&from) {
            Ok(bytes) => write_private(&to, &bytes).map_err(|error| failed(&to, &error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&from, &error)),
        }
    }
    Ok(())
}

/// Makes a running `serve` copy the engine's log, which no other process may read; `false` if none is running.
async fn ask_engine(source: &DataFolder) -> Outcome<bool> {
    let Some(running) = source.running().map_err(Exit::usage)? else { return Ok(false) };
    let client = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).timeout(COPY).build();
    let request = client
        .map_err(Exit::unreachable)?
        .post(format!("{}{PATH}", running.private_url))
        .header(TOKEN, running.token);
    match request.send().await {
        Ok(response) if response.status().is_success() => Ok(true),
        Ok(response) => {
            let said = response.text().await.unwrap_or_default();
            Err(Exit::unreachable(format!("`serve` did not copy the engine's log: {said}")))
        }
        // A `serve` that was killed left its announcement file.
        Err(error) if error.is_connect() => Ok(false),
        Err(error) => Err(Exit::unreachable(format!("`serve` did not copy the engine's log: {error}"))),
    }
}

/// Copies a database as it is at one moment, although others write to it, and checks the copy.
fn copy_database(from: &Path, to: &Path) -> Outcome {
    let text = to.to_string_lossy();
    let copied = open(from).and_then(|connection| connection.execute("VACUUM INTO ?1", [text.as_ref()]));
    copied.map_err(|error| failed(from, &error))?;
    check(to)
}

/// Checks a copy with SQLite's own check.
fn check(copy: &Path) -> Outcome {
    let verdict = open(copy).and_then(|connection| {
        connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
    });
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(failed(copy, &verdict)),
        Err(error) => Err(failed(copy, &error)),
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn failed(path: &Path, why: &dyn Display) -> Exit {
    Exit::usage(format!("{}: {why}", path.display()))
}
