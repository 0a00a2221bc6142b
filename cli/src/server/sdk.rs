//! AWS SDK settings that lead to the private listener.

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use runtime::Timeouts;
use secrecy::{ExposeSecret, SecretString};

/// The table's name on one machine.
pub(crate) const TABLE: &str = "ticketsmith";

/// What precedes a workflow's name in its state machine's ARN on one machine.
pub(crate) const STATE_MACHINE_ARN_PREFIX: &str =
    "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";

/// Settings for a caller of the private listener at `url`.
pub(crate) fn sdk_config(url: &str, caller: &str, token: &SecretString) -> SdkConfig {
    let credentials =
        Credentials::new(caller, "unused", Some(token.expose_secret().to_owned()), None, "ticketsmith");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(Timeouts::LOCAL.config())
        // On this machine, there is no network on which a body could stall, and monitoring each one takes time.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}
