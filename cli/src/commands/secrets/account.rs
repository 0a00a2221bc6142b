//! Secrets of a stage in an AWS account.

use crate::account::{Stage, sdk_config};
use crate::exit::{Exit, Outcome};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use secrecy::{ExposeSecret, SecretString};

/// Secrets Manager in the environment's account.
pub(crate) struct Account(Client);

impl Account {
    /// Connects with the environment's settings.
    ///
    /// # Errors
    /// Unreachable when the environment names no account.
    pub(crate) async fn connect() -> Outcome<Self> {
        Ok(Self(Client::new(&sdk_config().await?)))
    }

    /// The secret's text; `None` if it has no value yet.
    ///
    /// # Errors
    /// Unreachable if there is no such secret, or Secrets Manager refuses or does not answer.
    pub(crate) async fn get(&self, id: &str) -> Outcome<Option<SecretString>> {
        match self.0.get_secret_value().secret_id(id).send().await {
            Ok(answer) => Ok(answer.secret_string.map(SecretString::from)),
            Err(error) => Err(refused(id, error.code())),
        }
    }

    /// Replaces the secret's text.
    ///
    /// # Errors
    /// Unreachable when Secrets Manager refuses or does not answer.
    pub(crate) async fn put(&self, id: &str, text: &SecretString) -> Outcome {
        let put = self.0.put_secret_value().secret_id(id).secret_string(text.expose_secret());
        put.send().await.map_err(|error| refused(id, error.code()))?;
        Ok(())
    }

    /// The names of the stage's secrets, in order.
    ///
    /// # Errors
    /// Unreachable when Secrets Manager refuses or does not answer.
    pub(crate) async fn names(&self, stage: &Stage) -> Outcome<Vec<String>> {
        let prefix = format!("{}/", stage.prefix());
        let filter = Filter::builder().key(FilterNameStringType::Name).values(&prefix).build();
        let mut pages = self.0.list_secrets().filters(filter).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                Exit::unreachable(error.code().unwrap_or("Secrets Manager does not answer").to_owned())
            })?;
            names.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| secret.name));
        }
        names.retain(|name| name.starts_with(&prefix));
        names.sort();
        Ok(names)
    }
}

/// Whole errors could contain the response or the request, including the secret.
fn refused(id: &str, code: Option<&str>) -> Exit {
    Exit::unreachable(format!("the secret {id}: {}", code.unwrap_or("Secrets Manager does not answer")))
}
