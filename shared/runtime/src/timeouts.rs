//! Timeouts for requests to AWS.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// The timeouts of an AWS client. The SDK retries failed attempts within the operation's timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For one attempt, from sending the request to the last byte of the response.
    pub attempt: Duration,
    /// For the operation, including all attempts.
    pub operation: Duration,
}

impl Timeouts {
    /// For a caller that gives up after three seconds, such as Slack.
    pub const INTERACTIVE: Self = Self::of_milliseconds(500, 1_000, 2_500);
    /// For background work, which is repeated after failures.
    pub const BACKGROUND: Self = Self::of_milliseconds(1_000, 5_000, 15_000);
    /// For a workflow step, which has a minute or more.
    pub const STEP: Self = Self::of_milliseconds(2_000, 5_000, 20_000);
    /// For a server on this machine.
    pub const LOCAL: Self = Self::of_milliseconds(1_000, 10_000, 30_000);
    /// For a command that a person runs against an AWS account.
    pub const COMMAND: Self = Self::of_milliseconds(5_000, 15_000, 60_000);
    /// For invoking a function, which Lambda lets run for at most 15 minutes.
    pub const INVOCATION: Self = Self::of_milliseconds(5_000, 900_000, 900_000);

    const fn of_milliseconds(connect: u64, attempt: u64, operation: u64) -> Self {
        Self {
            connect: Duration::from_millis(connect),
            attempt: Duration::from_millis(attempt),
            operation: Duration::from_millis(operation),
        }
    }

    /// The timeouts as the SDK's type.
    pub fn config(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }

    /// SDK settings with these timeouts; region, credentials and endpoints come from the environment and the AWS command line's
    /// files.
    pub async fn sdk_config(self) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest()).timeout_config(self.config()).load().await
    }
}
