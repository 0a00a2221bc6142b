//! Prints log lines as they are written.

use super::subject::Subject;
use super::{Arguments, Client, Line, client, folder, of_stage, print};
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::stop_signal::stop_signal;
use jiff::{SignedDuration, Timestamp};
use records::ExecutionRecord;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
/// How many lines about other executions are kept: a ticket's new execution logs before the records name it.
const OTHERS: usize = 1000;

/// Follows until every execution has ended and nothing more comes, or until the person stops it.
///
/// # Errors
/// A negative answer if there is no such execution or ticket; unreachable if `serve` or the stage does not answer; a usage error if the data
/// folder does not exist or its log cannot be read.
pub(super) async fn follow(arguments: &Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let subject = Subject::find(&connection, &arguments.named).await?;
    let mut source = match &arguments.place.stage {
        Some(_) => {
            Source::Stage { client: client().await?, printed: BTreeSet::new(), since: BTreeMap::new() }
        }
        None => {
            let tail = Tail::new(folder(&arguments.place.data.data)?);
            Source::Folder { tail, others: VecDeque::new() }
        }
    };
    let followed = async {
        let mut quiet: BTreeMap<String, u32> = BTreeMap::new();
        let mut tick = tokio::time::interval(source.interval());
        loop {
            tick.tick().await;
            let executions = subject.executions(&connection).await?;
            let is_quiet = |name: &str| quiet.get(name).is_some_and(|times| *times >= QUIET);
            let open = executions.iter().map(|execution| execution.name.as_str());
            let open: BTreeSet<&str> = open.filter(|name| !is_quiet(name)).collect();
            if open.is_empty() {
                return Ok(());
            }
            let lines = source.new_lines(&connection, &open).await?;
            count(&mut quiet, &executions, &lines);
            print(lines, subject.is_ticket(), arguments.json);
        }
    };
    tokio::select! {
        result = followed => result,
        () = stop_signal() => Ok(()),
    }
}

/// Counts how many times in a row each execution that has ended had no new line.
fn count(quiet: &mut BTreeMap<String, u32>, executions: &[ExecutionRecord], lines: &[Line]) {
    for execution in executions {
        let is_over = execution.outcome.is_final();
        let is_silent = lines.iter().all(|line| line.execution() != execution.name);
        let times = quiet.entry(execution.name.clone()).or_default();
        *times = if is_over && is_silent { times.saturating_add(1) } else { 0 };
    }
}

/// Where lines come from.
enum Source {
    Folder { tail: Tail, others: VecDeque<Line> },
    Stage { client: Client, printed: BTreeSet<String>, since: BTreeMap<String, Timestamp> },
}

impl Source {
    fn interval(&self) -> Duration {
        match self {
            Self::Folder { .. } => LOCAL,
            Self::Stage { .. } => REMOTE,
        }
    }

    async fn new_lines(
        &mut self,
        connection: &Connection,
        executions: &BTreeSet<&str>,
    ) -> Outcome<Vec<Line>> {
        match self {
            Self::Folder { tail, others } => {
                let text = tail.read().map_err(Exit::usage)?;
                Ok(take_about(others, text.lines().filter_map(Line::read), executions))
            }
            Self::Stage { client, printed, since } => {
                let wanted = executions.iter().map(|name| (*name, since.get(*name).copied()));
                let mut lines = of_stage(client, connection, wanted).await?;
                lines.retain(|line| printed.insert(line.text(true)));
                for line in &lines {
                    let from = since.entry(line.execution().to_owned()).or_insert(Timestamp::MIN);
                    *from = (*from).max(line.at - OVERLAP);
                }
                Ok(lines)
            }
        }
    }
}

/// The lines about these executions, including lines kept earlier; keeps the latest of the others.
fn take_about(
    others: &mut VecDeque<Line>,
    read: impl Iterator<Item = Line>,
    executions: &BTreeSet<&str>,
) -> Vec<Line> {
    let kept = std::mem::take(others);
    let mut wanted = Vec::new();
    for line in kept.into_iter().chain(read) {
        match executions.contains(line.execution()) {
            true => wanted.push(line),
            false => others.push_back(line),
        }
    }
    others.drain(..others.len().saturating_sub(OTHERS));
    wanted
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

    fn line(execution: &str, message: &str) -> Line {
        let fields = serde_json::json!({
            "timestamp": "2026-05-06T07:08:09Z", "execution": execution, "message": message,
        });
        Line::read(&fields.to_string()).unwrap()
    }

    #[test]
    fn what_a_new_execution_logged_before_it_was_known_is_printed() {
        let mut others = VecDeque::new();
        let mut messages = |read: &[Line], executions: &[&str]| {
            let executions = executions.iter().copied().collect();
            let wanted = take_about(&mut others, read.iter().cloned(), &executions);
            assert!(others.len() <= OTHERS);
            wanted.iter().map(|line| line.fields["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let read = [line("a", "1"), line("b", "2"), line("c", "3")];
        assert_eq!(messages(&read, &["a"]), ["1"]);
        assert_eq!(messages(&[line("b", "4")], &["a", "b"]), ["2", "4"]);
        assert_eq!(messages(&[], &["a", "b"]), Vec::<String>::new());
        // The oldest of the others is forgotten.
        let many: Vec<_> = (0..OTHERS).map(|_| line("d", "5")).collect();
        assert_eq!(messages(&many, &["a"]), Vec::<String>::new());
        assert_eq!(messages(&[], &["c"]), Vec::<String>::new());
    }

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
