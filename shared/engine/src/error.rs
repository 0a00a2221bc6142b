//! Why the engine refused a request. Each kind has the name of Step Functions' own exception.

use crate::definition::Diagnostic;
use crate::log::LogError;

/// Why the engine refused a request.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The definition cannot be used; here is everything that is wrong with it.
    #[error("Invalid State Machine Definition: '{}'", join(.0))]
    InvalidDefinition(Vec<Diagnostic>),
    /// The text is no ARN of the kind that is needed.
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    /// The name is too long, empty, or has characters that names may not have.
    #[error(
        "Invalid Name: '{0}'; a name has 1 to 80 characters, without spaces, brackets, wildcards or special characters"
    )]
    InvalidName(String),
    /// The input of an execution is not JSON, or too large.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// The output handed back with a task token is not JSON, or too large.
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    /// A task token or page token was never issued.
    #[error("Invalid Token: '{0}'")]
    InvalidToken(String),
    /// The state machine is not known.
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    /// The name belongs to a state machine with another definition.
    #[error("State Machine Already Exists: '{0}'")]
    StateMachineAlreadyExists(String),
    /// The execution is not known.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// The name belongs to another execution.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// The task of a token is over.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    /// A field of a request is missing or has no legal value.
    #[error("{0}")]
    Validation(String),
    /// An update names nothing to update.
    #[error("{0}")]
    MissingRequiredParameter(String),
    /// The engine does not offer this.
    #[error("The operation '{0}' is not supported; {1}")]
    UnknownOperation(String, &'static str),
    /// The engine's log failed.
    #[error("{0}")]
    Log(#[from] LogError),
}

impl EngineError {
    /// The name of the exception, as clients of Step Functions know it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidDefinition(_) => "InvalidDefinition",
            Self::InvalidArn(_) => "InvalidArn",
            Self::InvalidName(_) => "InvalidName",
            Self::InvalidExecutionInput(_) => "InvalidExecutionInput",
            Self::InvalidOutput(_) => "InvalidOutput",
            Self::InvalidToken(_) => "InvalidToken",
            Self::StateMachineDoesNotExist(_) => "StateMachineDoesNotExist",
            Self::StateMachineAlreadyExists(_) => "StateMachineAlreadyExists",
            Self::ExecutionDoesNotExist(_) => "ExecutionDoesNotExist",
            Self::ExecutionAlreadyExists(_) => "ExecutionAlreadyExists",
            Self::TaskTimedOut => "TaskTimedOut",
            Self::Validation(_) => "ValidationException",
            Self::MissingRequiredParameter(_) => "MissingRequiredParameter",
            Self::UnknownOperation(..) => "UnknownOperationException",
            Self::Log(_) => "InternalServerError",
        }
    }
}

fn join(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
