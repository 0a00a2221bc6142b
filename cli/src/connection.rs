//! Connects the command line to the records, state machines and functions of a running `serve` or a stage in an AWS account.

use crate::account::{self, Stage};
use crate::environment;
use crate::exit::{Exit, Outcome};
use crate::place::{DataArgument, PlaceArgument};
use crate::server::data_folder::DataFolder;
use crate::server::functions::FUNCTION_PREFIX;
use crate::server::sdk::{STATE_MACHINE_ARN_PREFIX, TABLE, sdk_config};
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use control::Control;
use domain::SystemClock;
use records::Table;
use runtime::Timeouts;
use secrecy::SecretString;
use std::sync::Arc;

/// The records, the state machines and the functions.
pub(crate) struct Connection {
    /// The table.
    pub(crate) table: Table,
    /// Step Functions, or the engine's compatible API.
    pub(crate) step_functions: aws_sdk_sfn::Client,
    /// Lambda, or the compatible API of `serve`.
    pub(crate) lambda: aws_sdk_lambda::Client,
    /// KMS.
    pub(crate) key_management: aws_sdk_kms::Client,
    /// The part of a state machine's ARN before the workflow's name.
    pub(crate) state_machine_arn_prefix: String,
    /// The part of a function's name before the action's name.
    pub(crate) function_prefix: String,
}

/// A client that waits as long as a function may run and never retries: an action's journal handles repeated effects.
fn lambda(config: &SdkConfig) -> aws_sdk_lambda::Client {
    let config = aws_sdk_lambda::config::Builder::from(config)
        .timeout_config(Timeouts::INVOCATION.config())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_lambda::Client::from_conf(config)
}

impl Connection {
    /// The operations that people can request.
    pub(crate) fn control(&self) -> Control {
        let (table, step_functions) = (self.table.clone(), self.step_functions.clone());
        Control::new(table, step_functions, &self.state_machine_arn_prefix, Arc::new(SystemClock))
    }

    /// Connects to the given stage, or else to the `serve` that the environment names or that uses the data folder.
    ///
    /// # Errors
    /// Unreachable when there is none; the message says how to start one.
    pub(crate) async fn open(place: &PlaceArgument) -> Outcome<Self> {
        if let Some(stage) = &place.stage {
            return Self::of_stage(stage).await;
        }
        let data = &place.data;
        let (url, token) = match environment::SERVE.read(Exit::usage)? {
            Some(elsewhere) => elsewhere,
            None => {
                let running = Self::announced(data)?;
                (running.private_url, running.token.into())
            }
        };
        let connection = Self::to(&url, &token);
        connection.table.recent_executions(jiff::Timestamp::now(), 1).await.map_err(|error| {
            Exit::unreachable(format!(
                "`ticketsmith serve` does not respond at {url}: {error}; is it still running?"
            ))
        })?;
        Ok(connection)
    }

    /// A connection to a private listener. Does not send anything yet.
    pub(crate) fn to(url: &str, token: &SecretString) -> Self {
        let config = sdk_config(url, "command-line", token);
        Self {
            table: Table::new(aws_sdk_dynamodb::Client::new(&config), TABLE),
            step_functions: aws_sdk_sfn::Client::new(&config),
            lambda: lambda(&config),
            key_management: aws_sdk_kms::Client::new(&config),
            state_machine_arn_prefix: STATE_MACHINE_ARN_PREFIX.to_owned(),
            function_prefix: FUNCTION_PREFIX.to_owned(),
        }
    }

    /// A connection to a stage in the account that the environment names.
    ///
    /// # Errors
    /// Unreachable when the stage's table cannot be seen.
    pub(crate) async fn of_stage(stage: &Stage) -> Outcome<Self> {
        let config = account::sdk_config().await?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let state_machine_arn_prefix = account::state_machine_arn_prefix(stage, &dynamodb).await?;
        Ok(Self {
            table: Table::new(dynamodb, stage.prefix()),
            step_functions: aws_sdk_sfn::Client::new(&config),
            lambda: lambda(&config),
            key_management: aws_sdk_kms::Client::new(&config),
            state_machine_arn_prefix,
            function_prefix: format!("{}-", stage.prefix()),
        })
    }

    /// The addresses and token that the `serve` using the data folder announced.
    ///
    /// # Errors
    /// Unreachable when none has announced itself.
    pub(crate) fn announced(data: &DataArgument) -> Outcome<crate::server::data_folder::Running> {
        let none = || {
            Exit::unreachable(format!(
                "no running `ticketsmith serve` uses {}; start one, pass its --data, or set {}",
                data.data.display(),
                environment::SERVE.url
            ))
        };
        // Whoever only looks changes nothing, not even the permissions of a folder that was meant to be another one.
        let folder = DataFolder::existing(&data.data).ok_or_else(none)?;
        folder.running().map_err(Exit::unreachable)?.ok_or_else(none)
    }
}
