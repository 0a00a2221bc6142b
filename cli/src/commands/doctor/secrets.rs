//! The secrets that a configuration names, from `serve`'s data folder or a stage's Secrets Manager.

use super::Finding;
use crate::account::{Stage, sdk_config};
use crate::place::PlaceArgument;
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::{KEY_VARIABLE, SecretFile};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::configuration::{Configuration, secret_id};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeMap;

/// The values of the secrets that are set, by name.
pub(super) struct Secrets {
    values: BTreeMap<String, SecretString>,
    /// How to set one: `--stage prod`, or nothing for a data folder.
    place: String,
}

/// A secret that a configuration names, and the alternative groups of fields, one of which it must have.
struct Expected {
    name: String,
    alternatives: Vec<Vec<&'static str>>,
}

/// The secrets that the configuration names. The signing secret has an entry for each sender of webhooks.
fn expected(configuration: &Configuration) -> Vec<Expected> {
    let signing = Expected {
        name: configuration.webhooks.secret.clone(),
        alternatives: webhooks::SENDERS.iter().map(|sender| vec![sender.name()]).collect(),
    };
    let credentials = configuration.instances().filter_map(|instance| {
        let spec = providers::find(instance.provider()).ok()?;
        let alternatives: Vec<_> = spec.secret.iter().map(|fields| fields.to_vec()).collect();
        let name = instance.secret().into_owned();
        (!alternatives.is_empty()).then_some(Expected { name, alternatives })
    });
    std::iter::once(signing).chain(credentials).collect()
}

impl Secrets {
    /// Reads the secrets that the configuration names.
    ///
    /// # Errors
    /// A message when the file cannot be opened, or Secrets Manager refuses or does not answer.
    pub(super) async fn open(configuration: &Configuration, place: &PlaceArgument) -> Result<Self, String> {
        let expected = expected(configuration);
        let names = expected.iter().map(|secret| secret_id(&secret.name));
        if let Some(stage) = &place.stage {
            return Self::of_stage(names, stage).await;
        }
        let folder = DataFolder::open(&place.data.data).map_err(|error| error.to_string())?;
        let key = std::env::var(KEY_VARIABLE).ok();
        let file = SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref())
            .map_err(|error| error.to_string())?;
        let values = names.filter_map(|name| Some((name.to_owned(), file.get(name)?.clone()))).collect();
        Ok(Self { values, place: String::new() })
    }

    async fn of_stage(names: impl Iterator<Item = &str>, stage: &Stage) -> Result<Self, String> {
        let client = Client::new(&sdk_config().await);
        let mut values = BTreeMap::new();
        for name in names {
            if values.contains_key(name) {
                continue;
            }
            match client.get_secret_value().secret_id(name).send().await {
                Ok(answer) => {
                    values
                        .extend(answer.secret_string.map(|text| (name.to_owned(), SecretString::from(text))));
                }
                Err(error) if error.code() == Some("ResourceNotFoundException") => {}
                // The whole error could contain the response, including the secret.
                Err(error) => {
                    let code = error.code().unwrap_or("Secrets Manager does not answer");
                    return Err(format!("the secret {name}: {code}"));
                }
            }
        }
        Ok(Self { values, place: format!(" --stage {}", stage.name()) })
    }

    /// The whole value of a secret, if it is set.
    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        self.values.get(secret_id(name))
    }

    /// Checks that each secret that the configuration names is set and has the required fields.
    pub(super) fn findings(&self, configuration: &Configuration) -> Vec<Finding> {
        let find = |Expected { name, alternatives }: Expected| {
            let accepted: Vec<_> = alternatives.iter().map(|fields| fields.join(" and ")).collect();
            let set = format!(
                "set it with `ticketsmith secrets set '{name}'{}`; it holds {}",
                self.place,
                accepted.join(", or ")
            );
            let result = match self.get(&name) {
                None => Err(format!("it is not set; {set}")),
                Some(secret) if has_one_of(&name, secret, &alternatives) => Ok(()),
                Some(_) => Err(format!("fields are missing; {set}")),
            };
            Finding::new(format!("secret {name}"), result)
        };
        expected(configuration).into_iter().map(find).collect()
    }
}

/// Whether the entry that the name speaks of, or the whole secret, has all fields of a group.
fn has_one_of(name: &str, secret: &SecretString, alternatives: &[Vec<&str>]) -> bool {
    let whole: Value = serde_json::from_str(secret.expose_secret()).unwrap_or_default();
    let fields = match name.split_once('#') {
        Some((_, entry)) => &whole[entry],
        None => &whole,
    };
    alternatives.iter().any(|group| group.iter().all(|field| fields.get(*field).is_some()))
}
