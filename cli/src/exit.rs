//! How a command fails.

use crate::print::on_error;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::fmt::{Debug, Display};
use std::io::Write;
use std::process::ExitCode;

/// The reason for a failure and its exit code; `--help` documents the codes.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Exit {
    code: u8,
    message: String,
}

/// The result of every command.
pub(crate) type Outcome<T = ()> = Result<T, Exit>;

impl Exit {
    /// The command ran, but the answer is no.
    pub(crate) fn negative(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// The command line, the configuration or a file is invalid.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// Something needed is not reachable.
    pub(crate) fn unreachable(message: impl Display) -> Self {
        Self { code: 3, message: message.to_string() }
    }

    /// The caller has to sign in first.
    pub(crate) fn sign_in_needed(message: impl Display) -> Self {
        Self { code: 4, message: message.to_string() }
    }

    /// The caller may not do this, or there is nothing that they may see.
    pub(crate) fn not_allowed(message: impl Display) -> Self {
        Self { code: 5, message: message.to_string() }
    }

    /// The same with more to say.
    pub(crate) fn and(self, more: impl Display) -> Self {
        Self { message: format!("{}; {more}", self.message), ..self }
    }

    /// Whether it is [`Self::not_allowed`].
    pub(crate) fn is_not_allowed(&self) -> bool {
        self.code == 5
    }

    /// It contradicts the present state.
    pub(crate) fn conflict(message: impl Display) -> Self {
        Self { code: 6, message: message.to_string() }
    }

    /// Something that was watched has come to this.
    pub(crate) fn of_outcome(outcome: domain::execution::Outcome) -> Outcome {
        use domain::execution::Outcome as Of;
        let code = match outcome {
            Of::Pending | Of::Running | Of::Succeeded => return Ok(()),
            Of::Waiting => 8,
            Of::Failed => 10,
            Of::RolledBack => 11,
            Of::Stopped => 12,
        };
        Err(Self { code, message: String::new() })
    }

    /// AWS, or its local substitute, did not carry out the request. Contains its message, or why there was no response.
    pub(crate) fn from_aws<E, R>(what: impl Display, error: &SdkError<E, R>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
        R: Debug + 'static,
    {
        let said = match (error.message(), error.code()) {
            (Some(message), Some(code)) => format!("{message} ({code})"),
            (None, Some(code)) => code.to_owned(),
            _ => {
                let causes =
                    std::iter::successors(Some(error as &dyn Error), |error: &&dyn Error| (*error).source());
                let mut causes: Vec<String> = causes.map(ToString::to_string).collect();
                causes.dedup();
                causes.join(": ")
            }
        };
        Self::unreachable(format!("{what}: {said}"))
    }

    /// Prints the reason on standard error, unless it is empty, and returns the code.
    pub(crate) fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            let reason = on_error(format_args!("ticketsmith: {}", self.message));
            // Where nobody can read the reason, the code alone tells of it.
            let _nobody_reads_it = writeln!(std::io::stderr(), "{reason}");
        }
        ExitCode::from(self.code)
    }
}
