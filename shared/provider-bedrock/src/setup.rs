//! How Bedrock is set up for us.

use provider::{Setup, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(
    |_| {
        vec![
            "In the account that pays for the models, request access to the model at https://console.aws.amazon.com/bedrock/home#/modelaccess, in the region of the endpoint."
                .to_owned(),
            "Where Ticketsmith runs on a machine of yours: give it credentials that may call `bedrock:InvokeModel`, `bedrock:InvokeModelWithResponseStream` and `bedrock:CountTokens` on the inference profile and its models, by AWS_PROFILE or the machine's role. In an AWS account, `ticketsmith deploy` grants it to the functions that ask models: give it `--context accountModels=MODEL`."
                .to_owned(),
            "Set a budget for Bedrock at https://console.aws.amazon.com/costmanagement/home#/budgets: an alarm that does not depend on Ticketsmith's own limits."
                .to_owned(),
        ]
    },
    SigningSecret::None,
);
