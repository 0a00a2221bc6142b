//! Cassettes: each request to a model's provider and its reply, in a separate file and without any credential.

use crate::exit::{Exit, Outcome};
use axum::http::HeaderMap;
use http_client::redact;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The headers that a cassette contains. Any other header may contain credentials, whatever its name.
const SHOWN: [&str; 2] = ["content-type", "retry-after"];
/// The endings of the names of other headers that it contains.
const SHOWN_ENDS: [&str; 3] = ["-version", "-beta", "request-id"];

/// Creates the folder for the cassettes.
///
/// # Errors
/// Usage for a folder that is not empty or cannot be created.
pub(super) fn make(folder: &Path) -> Outcome {
    let wrong = |what: String| Exit::usage(format!("--record {}: {what}", folder.display()));
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(wrong("it is not empty; accepted: a new or empty folder".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_private(folder).map_err(|error| wrong(error.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Where cassettes are written.
pub(super) struct Cassettes {
    key: SecretString,
    folder: PathBuf,
    state: Mutex<Recorded>,
}

/// The current cassette.
#[derive(Default)]
struct Recorded {
    /// The folder of the task.
    folder: PathBuf,
    /// How many requests it has made.
    count: u32,
    /// Why the last cassette could not be written.
    problem: Option<String>,
}

impl Cassettes {
    /// Cassettes in this folder, with this key redacted.
    pub(super) fn new(folder: &Path, key: &str) -> Self {
        Self { key: key.into(), folder: folder.to_owned(), state: Mutex::default() }
    }

    /// Begins the cassettes of a task, in a folder with its name.
    ///
    /// # Errors
    /// Unreachable if the folder cannot be created.
    pub(super) fn begin(&self, task: &str) -> Outcome {
        let folder = self.folder.join(task);
        make_private(&folder).map_err(|error| Exit::unreachable(format!("{}: {error}", folder.display())))?;
        *self.state() = Recorded { folder, ..Recorded::default() };
        Ok(())
    }

    /// Why the last cassette could not be written.
    pub(super) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Recorded> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path of the next cassette.
    pub(super) fn next(&self) -> PathBuf {
        let mut state = self.state();
        state.count += 1;
        state.folder.join(format!("{:04}.json", state.count))
    }

    pub(super) fn redacted(&self, text: &str) -> String {
        redact(text, [self.key.expose_secret()])
    }

    /// The headers that are kept, by name.
    pub(super) fn shown(&self, headers: &HeaderMap) -> Value {
        let is_shown = |name: &str| SHOWN.contains(&name) || SHOWN_ENDS.iter().any(|end| name.ends_with(end));
        let shown = headers.iter().filter(|(name, _)| is_shown(name.as_str()));
        shown
            .map(|(name, value)| {
                let value = self.redacted(&String::from_utf8_lossy(value.as_bytes()));
                (name.as_str().to_owned(), value.into())
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn write(&self, path: &Path, cassette: &Value) {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(path).and_then(|mut file| writeln!(file, "{cassette:#}"));
        if let Err(error) = written {
            self.state().problem = Some(format!("{} cannot be written: {error}", path.display()));
        }
    }
}

/// One cassette. It is written before the last part of the reply is forwarded, or when the client stops reading.
pub(super) struct Tape {
    path: PathBuf,
    cassette: Value,
    reply: Vec<u8>,
    is_written: bool,
    cassettes: Arc<Cassettes>,
}

impl Tape {
    /// A new cassette for this request.
    pub(super) fn new(cassettes: Arc<Cassettes>, path: PathBuf, cassette: Value) -> Self {
        Self { path, cassette, reply: Vec::new(), is_written: false, cassettes }
    }

    /// Sets one of its fields.
    pub(super) fn note(&mut self, field: &str, value: impl Into<Value>) {
        self.cassette[field] = value.into();
    }

    /// Appends a part of the reply; returns the number of bytes so far.
    pub(super) fn take(&mut self, data: &[u8]) -> u64 {
        self.reply.extend_from_slice(data);
        self.reply.len() as u64
    }

    /// Writes it, once.
    pub(super) fn end(&mut self, is_whole: bool) {
        if std::mem::replace(&mut self.is_written, true) {
            return;
        }
        if let Some(response) = self.cassette.get_mut("response") {
            response["body"] = self.cassettes.redacted(&String::from_utf8_lossy(&self.reply)).into();
            response["is_whole"] = is_whole.into();
        }
        self.cassettes.write(&self.path, &self.cassette);
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.end(false);
    }
}
