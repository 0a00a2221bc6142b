//! A dispatcher as a Lambda function has it.

use crate::dispatch::Dispatcher;
use crate::settings::Settings;
use aws_config::timeout::TimeoutConfig;
use domain::{ActionError, SystemClock};
use records::Table;
use std::sync::Arc;
use std::time::Duration;

impl Dispatcher {
    /// A dispatcher with the SDK's own settings from the environment, as a Lambda function has them.
    ///
    /// # Errors
    /// As [`Dispatcher::new`].
    pub async fn connect(settings: &Settings) -> Result<Self, ActionError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(20))
            .build();
        let aws =
            aws_config::defaults(aws_config::BehaviorVersion::latest()).timeout_config(timeouts).load().await;
        let table = Table::new(aws_sdk_dynamodb::Client::new(&aws), &settings.table_name);
        Self::new(table, aws_sdk_secretsmanager::Client::new(&aws), Arc::new(SystemClock))
    }
}
