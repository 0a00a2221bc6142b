//! Why the engine refused a request. Each kind has the name of Step Functions' own exception.

use crate::definition::Diagnostic;
use crate::log::LogError;

/// Why the engine refused a request.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The definition cannot be used; here is every mistake in it.
    #[error("Invalid State Machine Definition: '{}'", join(.0))]
    InvalidDefinition(Vec<Diagnostic>),
    /// The text is not an ARN of the required kind.
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
    /// The state machine is being deleted: some of its executions still run.
    #[error("State Machine is Deleting: '{0}'")]
    StateMachineDeleting(String),
    /// The engine runs no state machines of this type.
    #[error("{0}")]
    StateMachineTypeNotSupported(String),
    /// The execution is not known.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// The name belongs to another execution.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// As many executions run as may.
    #[error("Execution Limit Exceeded: '{0} executions are running, and no more may'")]
    ExecutionLimitExceeded(u64),
    /// The execution cannot continue; here is its ARN and why.
    #[error("Execution Not Redrivable: '{0}': {1}")]
    ExecutionNotRedrivable(String, String),
    /// The execution of a task token is not known.
    #[error("Task Does Not Exist: 'Task does not exist'")]
    TaskDoesNotExist,
    /// The task of a token is over.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    /// A field of a request is missing or invalid.
    #[error("{0}")]
    Validation(String),
    /// The versions or weights of an alias do not fit together.
    #[error("{0}")]
    InvalidRouting(String),
    /// The request conflicts with what exists.
    #[error("{0}")]
    Conflict(String),
    /// The state machine, version or alias does not exist.
    #[error("Resource not found: '{0}'")]
    ResourceNotFound(String),
    /// A state machine has at most this many tags.
    #[error("Too many tags: a resource has at most {0}")]
    TooManyTags(usize),
    /// The engine does not write execution logs.
    #[error("{0}")]
    InvalidLoggingConfiguration(String),
    /// The engine does not trace.
    #[error("{0}")]
    InvalidTracingConfiguration(String),
    /// The engine encrypts nothing.
    #[error("{0}")]
    InvalidEncryptionConfiguration(String),
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
            Self::StateMachineDeleting(_) => "StateMachineDeleting",
            Self::StateMachineTypeNotSupported(_) => "StateMachineTypeNotSupported",
            Self::ExecutionDoesNotExist(_) => "ExecutionDoesNotExist",
            Self::ExecutionAlreadyExists(_) => "ExecutionAlreadyExists",
            Self::ExecutionLimitExceeded(_) => "ExecutionLimitExceeded",
            Self::ExecutionNotRedrivable(..) => "ExecutionNotRedrivable",
            Self::TaskDoesNotExist => "TaskDoesNotExist",
            Self::TaskTimedOut => "TaskTimedOut",
            Self::Validation(_) | Self::InvalidRouting(_) => "ValidationException",
            Self::Conflict(_) => "ConflictException",
            Self::ResourceNotFound(_) => "ResourceNotFound",
            Self::TooManyTags(_) => "TooManyTags",
            Self::InvalidLoggingConfiguration(_) => "InvalidLoggingConfiguration",
            Self::InvalidTracingConfiguration(_) => "InvalidTracingConfiguration",
            Self::InvalidEncryptionConfiguration(_) => "InvalidEncryptionConfiguration",
            Self::MissingRequiredParameter(_) => "MissingRequiredParameter",
            Self::UnknownOperation(..) => "UnknownOperationException",
            Self::Log(_) => "InternalServerError",
        }
    }
}

impl EngineError {
    /// AWS's reason for a `ValidationException`, if it names one.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        matches!(self, Self::InvalidRouting(_)).then_some("INVALID_ROUTING_CONFIGURATION")
    }
}

fn join(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
