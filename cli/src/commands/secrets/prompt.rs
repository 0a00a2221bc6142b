//! Asks for a secret's fields on a terminal, without echo.

use crate::exit::{Exit, Outcome};
use crate::secret_forms::{CLIENT_SECRET, Content};
use crate::server::source_file::text_at;
use crate::stop_signal::stop_signal;
use serde_json::{Map, Value};
use std::io::{BufRead, Write};
use std::path::Path;
use tokio::sync::oneshot;

/// Asks for the required fields and returns them as JSON. A text that begins with `@` is read from the file it names.
///
/// # Errors
/// Usage errors when nothing is typed or a file cannot be read; negative when the person stops.
pub(in crate::commands) async fn ask(content: Option<&Content>) -> Outcome<Value> {
    let (sender, answer) = oneshot::channel();
    let questions = Questions::of(content);
    let hidden = hidden::Hidden::start().map_err(Exit::usage)?;
    // A separate thread, because the process may end while it still waits for a line.
    std::thread::spawn(move || sender.send(questions.ask()));
    let answered = tokio::select! {
        answered = answer => answered.unwrap_or_else(|_| Err(Exit::negative("nothing was set"))),
        () = stop_signal() => Err(Exit::negative("nothing was set")),
    };
    drop(hidden);
    answered
}

/// What to ask for.
enum Questions {
    /// Fields of an object: groups of which one must be filled.
    Fields(Vec<Vec<String>>),
    /// Fields that are all optional.
    Optional(Vec<String>),
    /// A whole JSON document.
    Document,
}

impl Questions {
    fn of(content: Option<&Content>) -> Self {
        match content {
            None => Self::Document,
            Some(Content::Signing(endpoints)) => Self::Optional(endpoints.clone()),
            Some(Content::SignIn) => Self::Fields(vec![vec![CLIENT_SECRET.to_owned()]]),
            Some(Content::Credentials { spec, .. }) => {
                let texts = |group: &&[&str]| group.iter().map(|field| (*field).to_owned()).collect();
                Self::Fields(spec.secret.iter().map(texts).collect())
            }
        }
    }

    fn ask(self) -> Outcome<Value> {
        match self {
            Self::Document => {
                let text = line("the JSON document, in one line")?;
                serde_json::from_str(&text).map_err(|_| Exit::usage("this is not a JSON document"))
            }
            Self::Optional(fields) => {
                eprintln!("Press Enter to skip a field.");
                object(&fields, |value| !value.is_empty())
            }
            Self::Fields(groups) => {
                let group = match groups.as_slice() {
                    [only] => only,
                    several => chosen(several)?,
                };
                object(group, |_| true)
            }
        }
    }
}

fn object(fields: &[String], takes: impl Fn(&str) -> bool) -> Outcome<Value> {
    let mut object = Map::new();
    for field in fields {
        let value = line(field)?;
        if takes(&value) {
            object.insert(field.clone(), Value::String(value));
        }
    }
    Ok(Value::Object(object))
}

fn chosen(groups: &[Vec<String>]) -> Outcome<&Vec<String>> {
    for (number, group) in (1..).zip(groups) {
        eprintln!("  {number}: {}", group.join(", "));
    }
    let answer = line("which of these")?;
    let number = answer.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    number
        .and_then(|number| groups.get(number))
        .ok_or_else(|| Exit::usage(format!("type a number from 1 to {}", groups.len())))
}

/// Asks for one line, which may name a file with `@`.
fn line(what: &str) -> Outcome<String> {
    eprint!("{what}: ");
    std::io::stderr().flush().map_err(Exit::usage)?;
    let mut text = String::new();
    let read = std::io::stdin().lock().read_line(&mut text).map_err(Exit::usage)?;
    eprintln!();
    if read == 0 {
        return Err(Exit::negative("nothing was set"));
    }
    let text = text.trim_end_matches(['\r', '\n']);
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(path) => file(path),
    }
}

/// A file's text without the line end that editors and `echo` add, which no token has.
fn file(path: &str) -> Outcome<String> {
    let text = text_at(Path::new(path))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(unix)]
mod hidden {
    //! The terminal's echo.

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use std::io;

    /// Turns off the terminal's echo until it is dropped.
    pub(super) struct Hidden {
        before: Termios,
    }

    impl Hidden {
        pub(super) fn start() -> io::Result<Self> {
            let input = io::stdin();
            let before = tcgetattr(&input)?;
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&input, OptionalActions::Flush, &hidden)?;
            Ok(Self { before })
        }
    }

    impl Drop for Hidden {
        fn drop(&mut self) {
            if let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, &self.before) {
                tracing::warn!(%error, "the terminal still hides typed text; `stty echo` shows it again");
            }
        }
    }
}

#[cfg(not(unix))]
mod hidden {
    //! On this system, the terminal's echo is not controlled.

    use std::io;

    pub(super) struct Hidden;

    impl Hidden {
        pub(super) fn start() -> io::Result<Self> {
            Err(io::Error::other(
                "cannot hide typed text here; pass the JSON on standard input: `… < secret.json`",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_file_ends_before_the_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first\nsecond \r\n").unwrap();
        assert_eq!(file(path.to_str().unwrap()).unwrap(), "first\nsecond ");
    }
}
