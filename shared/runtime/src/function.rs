//! What a function is, as data and one constructor.

use crate::services::Services;
use crate::timeouts::Timeouts;
use async_trait::async_trait;
use axum::Router;
use domain::{ActionError, PluginType};
use records::{Access, Partition};
use serde_json::Value;
use std::sync::Arc;

/// One Lambda function: what packaging, infrastructure code, `serve` and the command line need to know of it.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Its name, unique among all functions. In an account it follows the deployment's prefix: `ticketsmith-webhooks`.
    pub name: &'static str,
    /// The crate in `functions/` whose executable it runs. Several functions may share one.
    pub executable: &'static str,
    /// Lambda's handler, which tells a shared executable which function it is.
    pub handler: &'static str,
    /// Its memory, and with it its share of a processor.
    pub memory_megabytes: u32,
    /// How long one invocation may take.
    pub timeout_seconds: u32,
    /// How long its requests to AWS may take.
    pub requests: Timeouts,
    /// The secrets that it reads.
    pub secrets: Vec<SecretUse>,
    /// What it touches in the table.
    pub access: Access,
    /// What it asks of Step Functions, about any workflow's state machine and executions.
    pub step_functions: &'static [StepFunctionsOperation],
    /// What invokes it.
    pub sources: &'static [Source],
    /// Whether it calls services that may be reachable only in the deployment's own network. A function that calls only AWS starts
    /// sooner outside it.
    pub in_network: bool,
    /// Makes it, with clients of its own. The text is [`FunctionSpec::handler`].
    pub connect: Connect,
}

/// Makes a function with a deployment's services, as its handler names it.
pub type Connect = fn(&Services, &str) -> Result<Arc<dyn Function>, ActionError>;

/// A function ready for invocations.
#[async_trait]
pub trait Function: Send + Sync {
    /// What it serves over HTTP: for a function with a [`Source::Http`].
    fn routes(self: Arc<Self>) -> Option<Router> {
        None
    }

    /// Answers an invocation with a document, as AWS hands it over: for a function with any other source.
    ///
    /// # Errors
    /// Whether the invocation can be repeated is told by the error's kind, which Lambda reports as the error's type.
    async fn invoke(&self, _document: Value) -> Result<Value, ActionError> {
        Err(ActionError::internal("this function serves HTTP and takes no documents"))
    }

    /// Loads what every invocation needs before the first one. What fails here is logged and tried again by that invocation.
    async fn warm_up(&self) {}
}

/// A secret that a function reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// What deliveries are signed with.
    Signing,
    /// The credentials of the providers that serve a plugin type.
    Credentials(PluginType),
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
    /// Changes of the table in these partitions.
    TableStream(&'static [Partition]),
    /// Starts and ends of executions.
    StatusChanges,
    /// The passing of every minute.
    EveryMinute {
        /// The JSON document that it is invoked with.
        document: &'static str,
    },
    /// The times of the workflows' `schedule` triggers.
    Schedules,
    /// Steps of workflows that name it.
    Steps,
}

impl Source {
    /// Whether it is a route of the public address.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http { .. })
    }
}

/// What can be asked of Step Functions.
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
    /// AWS's name of the operation: `StartExecution`.
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

    /// Whether strangers reach it.
    pub fn serves_http(&self) -> bool {
        self.sources.iter().any(|source| source.is_http())
    }

    /// Makes the function, with these services.
    ///
    /// # Errors
    /// What stands in its way: a setting is missing, or TLS cannot be set up.
    pub fn connect(&self, services: &Services) -> Result<Arc<dyn Function>, ActionError> {
        (self.connect)(services, self.handler)
    }
}
