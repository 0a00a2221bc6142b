//! How long requests to AWS may take.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// The timeouts of a client of AWS. The SDK repeats a failed attempt within the operation's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For one attempt, from sending it to the last byte of its answer.
    pub attempt: Duration,
    /// For the operation with all its attempts.
    pub operation: Duration,
}

impl Timeouts {
    /// Somebody waits for the answer and gives up after three seconds, as Slack does.
    pub const INTERACTIVE: Self = Self::of_milliseconds(500, 1_000, 2_500);
    /// Nobody waits: work in the background that is repeated when it fails.
    pub const BACKGROUND: Self = Self::of_milliseconds(1_000, 5_000, 15_000);
    /// A step of a workflow, which has a minute or more.
    pub const STEP: Self = Self::of_milliseconds(2_000, 5_000, 20_000);
    /// The other end is on this machine.
    pub const LOCAL: Self = Self::of_milliseconds(1_000, 10_000, 30_000);
    /// A command that a person runs against an AWS account.
    pub const COMMAND: Self = Self::of_milliseconds(5_000, 15_000, 60_000);
    /// The call of a function, which Lambda lets run for 15 minutes at most.
    pub const INVOCATION: Self = Self::of_milliseconds(5_000, 900_000, 900_000);

    const fn of_milliseconds(connect: u64, attempt: u64, operation: u64) -> Self {
        Self {
            connect: Duration::from_millis(connect),
            attempt: Duration::from_millis(attempt),
            operation: Duration::from_millis(operation),
        }
    }

    /// The same for the SDK.
    pub fn config(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }

    /// The SDK's settings with these timeouts; region, credentials and endpoints come from the environment and from the files of the
    /// AWS command line.
    pub async fn sdk_config(self) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest()).timeout_config(self.config()).load().await
    }
}
