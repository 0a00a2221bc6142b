//! How a command ends when it does not end well.

use std::fmt::Display;
use std::process::ExitCode;

/// The reason and the exit code that go with it; `--help` documents the codes.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Exit {
    code: u8,
    message: String,
}

/// What every command gives.
pub(crate) type Outcome<T = ()> = Result<T, Exit>;

impl Exit {
    /// Done, but the answer is no.
    pub(crate) fn negative(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// The command line, the configuration or a file is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// Something needed is not reachable.
    pub(crate) fn unreachable(message: impl Display) -> Self {
        Self { code: 3, message: message.to_string() }
    }

    /// Prints the reason on standard error, nothing when there is none to print, and gives the code.
    pub(crate) fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("ticketsmith: {}", self.message);
        }
        ExitCode::from(self.code)
    }
}
