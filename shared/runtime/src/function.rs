//! The specification of a function: data and a constructor.

use crate::services::Services;
use crate::timeouts::Timeouts;
use async_trait::async_trait;
use axum::Router;
use domain::{ActionError, PluginType};
use records::{Access, StreamedItems};
use serde_json::Value;
use std::sync::Arc;

/// A Lambda function: what packaging, infrastructure code, `serve` and the command line need to know about it.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The function's unique name. In an account, the deployment's prefix precedes it: `ticketsmith-webhooks`.
    pub name: &'static str,
    /// The crate in `functions/` whose executable it runs. Functions can share one.
    pub executable: &'static str,
    /// Lambda's handler, which selects the function in a shared executable.
    pub handler: &'static str,
    /// The memory, which also determines the share of a processor.
    pub memory_megabytes: u32,
    /// The timeout of an invocation.
    pub timeout_seconds: u32,
    /// The timeouts for its requests to AWS.
    pub requests: Timeouts,
    /// The secrets that it reads.
    pub secrets: Vec<SecretUse>,
    /// Its access to the table.
    pub access: Access,
    /// The Step Functions operations it calls, on any workflow's state machine and executions.
    pub step_functions: &'static [StepFunctionsOperation],
    /// What invokes it.
    pub sources: &'static [Source],
    /// Whether it calls services that may be reachable only in the deployment's own network. A function that calls only AWS starts
    /// faster outside it.
    pub in_network: bool,
    /// Its relation to sockets at an account's gateway.
    pub sockets: Option<SocketUse>,
    /// Creates it, with its own clients. The text is [`FunctionSpec::handler`].
    pub connect: Connect,
}

/// Creates the function that a handler names, with a deployment's services.
pub type Connect = fn(&Services, &str) -> Result<Arc<dyn Function>, ActionError>;

/// A function ready for invocations.
#[async_trait]
pub trait Function: Send + Sync {
    /// Its HTTP routes, if it has a [`Source::Http`] or a [`Source::Api`]; `None` by default.
    fn routes(self: Arc<Self>) -> Option<Router> {
        None
    }

    /// Handles an invocation with a document from AWS: for a function with any other source.
    ///
    /// # Errors
    /// The error's kind, which Lambda reports as the error's type, says whether the invocation can be repeated. `Internal` by default.
    async fn invoke(&self, _document: Value) -> Result<Value, ActionError> {
        Err(ActionError::internal("this function serves HTTP and does not accept documents"))
    }

    /// Loads what every invocation needs, before the first one. Failures are logged, and the invocation tries again.
    async fn warm_up(&self) {}
}

/// A secret that a function reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// The secrets that deliveries are signed with.
    Signing,
    /// The credentials of the providers that serve a plugin type.
    Credentials(PluginType),
    /// The keys that sign people's sessions.
    SignIn,
    /// The key that signs evidence. It is not read: KMS signs with it.
    EvidenceKey,
}

/// A function's relation to sockets at an account's gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketUse {
    /// It tells readers where to open one.
    Address,
    /// It sends to open ones, and closes them.
    Push,
}

impl SocketUse {
    /// Its name in documents: `address`, `push`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Push => "push",
        }
    }
}

/// What invokes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Requests to the deployment's public address.
    Http {
        /// The method: `POST`.
        method: &'static str,
        /// The path, with `{name}` for a variable part.
        path: &'static str,
    },
    /// Requests of people and machines to the API, with any method. At an account's public address, they have their own paths; on one
    /// machine, they have a separate listener, because strangers reach the public one.
    Api {
        /// The paths: `/api/{proxy+}`.
        path: &'static str,
    },
    /// Changes of items of the table, in order. Each such source reads the stream independently, so one does not wait for another; an
    /// account allows two.
    TableStream {
        /// Which items.
        items: &'static [StreamedItems],
        /// For how many seconds changes are collected before the function is invoked with them.
        collected_seconds: u32,
    },
    /// Starts and ends of executions.
    StatusChanges,
    /// A tick every minute.
    EveryMinute {
        /// The JSON document of the invocation.
        document: &'static str,
    },
    /// The workflows' `schedule` triggers.
    Schedules,
    /// Sockets at an account's gateway that are opened, end, or receive something. `serve` holds its sockets itself.
    Sockets,
    /// Steps of workflows that name it.
    Steps,
}

impl Source {
    /// Whether it is a route of the public address.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http { .. })
    }
}

/// A Step Functions operation.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are AWS's own")]
pub enum StepFunctionsOperation {
    DescribeExecution,
    DescribeStateMachineForExecution,
    SendTaskFailure,
    SendTaskSuccess,
    StartExecution,
    StopExecution,
}

impl StepFunctionsOperation {
    /// AWS's name for the operation: `StartExecution`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DescribeExecution => "DescribeExecution",
            Self::DescribeStateMachineForExecution => "DescribeStateMachineForExecution",
            Self::SendTaskFailure => "SendTaskFailure",
            Self::SendTaskSuccess => "SendTaskSuccess",
            Self::StartExecution => "StartExecution",
            Self::StopExecution => "StopExecution",
        }
    }

    /// Whether IAM grants it on executions; the others are granted on state machines.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>
    pub fn is_on_executions(self) -> bool {
        match self {
            Self::DescribeExecution | Self::DescribeStateMachineForExecution | Self::StopExecution => true,
            Self::SendTaskFailure | Self::SendTaskSuccess | Self::StartExecution => false,
        }
    }
}

impl FunctionSpec {
    /// Whether this source invokes it.
    pub fn is_invoked_by(&self, source: Source) -> bool {
        self.sources.contains(&source)
    }

    /// Whether strangers can reach it.
    pub fn serves_http(&self) -> bool {
        self.sources.iter().any(|source| source.is_http())
    }

    /// Whether it signs evidence.
    pub fn signs_evidence(&self) -> bool {
        self.secrets.contains(&SecretUse::EvidenceKey)
    }

    /// Whether it serves the API.
    pub fn serves_api(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Api { .. }))
    }

    /// Creates the function, with these services. Sends nothing yet; [`Function::warm_up`] does.
    ///
    /// # Errors
    /// `Internal` when a setting is missing, or TLS cannot be set up.
    pub fn connect(&self, services: &Services) -> Result<Arc<dyn Function>, ActionError> {
        (self.connect)(services, self.handler)
    }
}
