//! Amazon CloudWatch and EventBridge as a project's monitoring: [metrics](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/) and
//! [events](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html), with the account's own credentials.

mod client;
mod monitoring;
mod permissions;
mod query;
mod settings;
mod setup;
mod spec;

pub use client::CloudWatch;
pub use settings::Settings;
pub use spec::SPEC;
