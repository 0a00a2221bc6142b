//! Prints log lines as they are written.

use super::{Arguments, Line, folder, of_stage, print};
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::stop_signal::stop_signal;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::time::Duration;

/// How often a folder's log is looked at.
const LOCAL: Duration = Duration::from_millis(250);
/// How often a stage's logs are looked at; CloudWatch shows lines after some seconds.
const REMOTE: Duration = Duration::from_secs(5);
/// How far back a stage's logs are read again: lines of functions come in any order.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);
/// How many times in a row nothing new must be found after an execution's end.
const QUIET: u32 = 4;

/// Follows until the execution has ended and nothing more comes, or until the person stops it.
///
/// # Errors
/// Negative if the execution does not exist; unreachable if neither `serve` nor the stage answers; usage for the data folder.
pub(super) async fn follow(arguments: &Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let mut source = match &arguments.place.stage {
        Some(_) => Source::Stage { printed: BTreeSet::new(), since: None },
        None => Source::Folder(Tail::new(folder(&arguments.place.data.data)?)),
    };
    let followed = async {
        let mut quiet = 0;
        let mut tick = tokio::time::interval(source.interval());
        loop {
            tick.tick().await;
            let execution =
                connection.table.execution(&arguments.execution).await.map_err(Exit::unreachable)?;
            let execution = execution
                .ok_or_else(|| Exit::negative(format!("no execution named {}", arguments.execution)))?;
            let lines = source.new_lines(&connection, &arguments.execution).await?;
            quiet = if lines.is_empty() && execution.outcome.is_final() { quiet + 1 } else { 0 };
            print(lines, arguments.json);
            if quiet >= QUIET {
                return Ok(());
            }
        }
    };
    tokio::select! {
        result = followed => result,
        () = stop_signal() => Ok(()),
    }
}

/// Where lines come from.
enum Source {
    Folder(Tail),
    Stage { printed: BTreeSet<String>, since: Option<Timestamp> },
}

impl Source {
    fn interval(&self) -> Duration {
        match self {
            Self::Folder(_) => LOCAL,
            Self::Stage { .. } => REMOTE,
        }
    }

    async fn new_lines(&mut self, connection: &Connection, execution: &str) -> Outcome<Vec<Line>> {
        match self {
            Self::Folder(tail) => {
                let text = tail.read().map_err(Exit::usage)?;
                Ok(text.lines().filter_map(|text| Line::about(execution, text)).collect())
            }
            Self::Stage { printed, since } => {
                let mut lines = of_stage(connection, execution, *since).await?;
                lines.retain(|line| printed.insert(line.text()));
                *since = lines.iter().map(|line| line.at - OVERLAP).max().or(*since);
                Ok(lines)
            }
        }
    }
}

/// New lines in the log of `serve`, across rotation.
struct Tail {
    folder: DataFolder,
    /// How much of the newer file was read; `None` before the first time.
    read: Option<u64>,
    /// The beginning of an incomplete line.
    unfinished: Vec<u8>,
}

impl Tail {
    fn new(folder: DataFolder) -> Self {
        Self { folder, read: None, unfinished: Vec::new() }
    }

    /// The complete lines written since the last call; the first time, all of them.
    fn read(&mut self) -> std::io::Result<String> {
        let [older, newer] = self.folder.logs();
        let length = match std::fs::metadata(&newer) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let mut bytes = std::mem::take(&mut self.unfinished);
        let mut from = 0;
        match self.read {
            None => append(&older, 0, &mut bytes)?,
            Some(read) if length < read => append(&older, read, &mut bytes)?,
            Some(read) => from = read,
        }
        let before = bytes.len();
        append(&newer, from, &mut bytes)?;
        self.read = Some(from + (bytes.len() - before) as u64);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.unfinished = bytes.split_off(whole);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Appends a file's bytes from an offset; a file that does not exist has none.
fn append(path: &std::path::Path, from: u64, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_log_is_followed_across_its_rotation_and_by_whole_lines() {
        let directory = tempfile::tempdir().unwrap();
        let mut tail = Tail::new(DataFolder::existing(directory.path()).unwrap());
        assert_eq!(tail.read().unwrap(), "");
        let newer = directory.path().join("logs.jsonl");
        let add = |text: &str| {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&newer).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        add("a\nb");
        assert_eq!(tail.read().unwrap(), "a\n");
        add("c\n");
        assert_eq!(tail.read().unwrap(), "bc\n");
        assert_eq!(tail.read().unwrap(), "");
        add("d\n");
        std::fs::rename(&newer, directory.path().join("logs.jsonl.1")).unwrap();
        add("e\n");
        assert_eq!(tail.read().unwrap(), "d\ne\n");
    }
}
