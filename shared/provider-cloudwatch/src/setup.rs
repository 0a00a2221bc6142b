//! How CloudWatch is set up for us.

use provider::{Setup, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(
    |_| {
        vec![
            "Where Ticketsmith runs on a machine of yours: give it credentials that may call `cloudwatch:PutMetricData` for the namespace, `cloudwatch:GetMetricData`, and `events:PutEvents` on the event bus, by AWS_PROFILE or the machine's role. In an AWS account, `ticketsmith deploy` grants it to the functions that need it: give it `--context accountMonitoring=NAMESPACE`."
                .to_owned(),
            "If steps emit events: create a rule on the event bus at https://console.aws.amazon.com/events/home#/rules that says where events from the source `ticketsmith` go."
                .to_owned(),
        ]
    },
    SigningSecret::None,
);
