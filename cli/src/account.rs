//! A stage of Ticketsmith in an AWS account, with the resource names of `infra/cdk`. Region and credentials come from the AWS SDK's
//! usual settings: `AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL` and the AWS command line's files.

use crate::exit::{Exit, Outcome};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::ProvideCredentials;
use domain::Bundle;
use runtime::Timeouts;
use std::str::FromStr;

/// The name of a deployment; an account can hold several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage(String);

impl FromStr for Stage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let accepted = name.len() <= 16
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
        accepted
            .then(|| Self(name.to_owned()))
            .ok_or_else(|| "a stage name is a letter followed by up to 15 of a-z, 0-9 and -".to_owned())
    }
}

impl Stage {
    /// The stage's name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// The prefix of its resources' names; also its table's name.
    pub(crate) fn prefix(&self) -> String {
        if self.0 == "prod" { "ticketsmith".to_owned() } else { format!("ticketsmith-{}", self.0) }
    }

    /// The secret from which functions may read credentials of this kind.
    pub(crate) fn secret(&self, bundle: Bundle) -> String {
        format!("{}/{}", self.prefix(), bundle.as_str())
    }
}

/// SDK settings for the account that the environment names.
///
/// # Errors
/// Unreachable, in one sentence, when the environment names no region or has no credentials.
pub(crate) async fn sdk_config() -> Outcome<SdkConfig> {
    let config = Timeouts::COMMAND.sdk_config().await;
    if config.region().is_none() {
        return Err(Exit::unreachable(
            "no AWS region is set; set AWS_REGION, or AWS_PROFILE to a profile with one",
        ));
    }
    // With -v, the log says what happened at each place that was searched.
    let credentials = match config.credentials_provider() {
        Some(provider) => {
            provider.provide_credentials().await.map_err(|error| tracing::info!(%error, "no credentials"))
        }
        None => Err(()),
    };
    match credentials {
        Ok(_) => Ok(config),
        Err(()) => Err(Exit::unreachable(
            "no AWS credentials were found; set AWS_PROFILE, log in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )),
    }
}

/// The part of a state machine's ARN before the workflow's name, derived from the table's ARN.
///
/// # Errors
/// Unreachable when the stage's table is not accessible.
pub(crate) async fn state_machine_arn_prefix(
    stage: &Stage,
    dynamodb: &aws_sdk_dynamodb::Client,
) -> Outcome<String> {
    let described = dynamodb.describe_table().table_name(stage.prefix()).send().await.map_err(|error| {
        let what = format!(
            "cannot find the table of the stage {} (deploy it with `ticketsmith deploy --stage {0}`, or check AWS_REGION and AWS_PROFILE)",
            stage.name()
        );
        Exit::from_aws(what, &error)
    })?;
    let arn = described.table.and_then(|table| table.table_arn).unwrap_or_default();
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, "dynamodb", region, account, _] => {
            Ok(format!("arn:{partition}:states:{region}:{account}:stateMachine:{}-", stage.prefix()))
        }
        _ => Err(Exit::unreachable(format!("`{arn}` is not a table ARN"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_separate_prefixes() {
        let prefix = |name: &str| name.parse::<Stage>().map(|stage| stage.prefix());
        assert_eq!(prefix("prod").unwrap(), "ticketsmith");
        assert_eq!(prefix("dev").unwrap(), "ticketsmith-dev");
        for wrong in ["", "Dev", "1st", "a_b", "a-name-of-seventeen"] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }
}
