//! The secrets that a configuration names, from `serve`'s data folder or a stage's Secrets Manager.

use super::Finding;
use crate::account::sdk_config;
use crate::place::PlaceArgument;
use crate::secret_forms::{Content, SecretForm};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::configuration::{Configuration, secret_id};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeMap;

/// The values of all secrets that are set, by name.
pub(super) struct Secrets {
    values: BTreeMap<String, SecretString>,
    /// How to set one: `--stage prod`, or nothing for a data folder.
    place: String,
    /// The secrets that the configuration names.
    expected: Vec<SecretForm>,
}

impl Secrets {
    /// Reads the secrets that the configuration names.
    ///
    /// # Errors
    /// A message when the file cannot be opened, or Secrets Manager refuses or does not answer.
    pub(super) async fn open(configuration: &Configuration, place: &PlaceArgument) -> Result<Self, String> {
        let mut expected = SecretForm::of(configuration);
        expected.extend(SecretForm::of_sign_in(configuration, place));
        let names: Vec<_> = expected.iter().map(|secret| secret_id(&secret.name).to_owned()).collect();
        if let Some(stage) = &place.stage {
            let values = Self::of_stage(&names).await?;
            return Ok(Self { values, place: format!(" --stage {}", stage.name()), expected });
        }
        let file = match DataFolder::existing(&place.data.data) {
            None => None,
            Some(folder) => SecretFile::existing(&folder).map_err(|error| error.to_string())?,
        };
        let value = |name: &String| Some((name.clone(), file.as_ref()?.get(name)?.clone()));
        Ok(Self { values: names.iter().filter_map(value).collect(), place: String::new(), expected })
    }

    async fn of_stage(names: &[String]) -> Result<BTreeMap<String, SecretString>, String> {
        let client = Client::new(&sdk_config().await.map_err(|error| error.to_string())?);
        let mut values = BTreeMap::new();
        for name in names {
            if values.contains_key(name) {
                continue;
            }
            match client.get_secret_value().secret_id(name).send().await {
                Ok(answer) => {
                    values.extend(answer.secret_string.map(|text| (name.clone(), SecretString::from(text))));
                }
                Err(error) if error.code() == Some("ResourceNotFoundException") => {}
                // The whole error could contain the response, including the secret.
                Err(error) => {
                    let code = error.code().unwrap_or("Secrets Manager does not answer");
                    return Err(format!("the secret {name}: {code}"));
                }
            }
        }
        Ok(values)
    }

    /// The whole value of a secret, if it is set.
    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        self.values.get(secret_id(name))
    }

    /// Checks that each secret named in the configuration is set and meets its readers' needs.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let find = |form: &SecretForm| {
            let name = &form.name;
            let set = format!(
                "set it with `ticketsmith secrets set '{name}'{}`; it contains {}",
                self.place,
                form.accepted()
            );
            let whole = self
                .get(name)
                .map(|secret| -> Value { serde_json::from_str(secret.expose_secret()).unwrap_or_default() });
            let is_set =
                |whole: &Value| name.split_once('#').is_none_or(|(_, entry)| whole.get(entry).is_some());
            // Work does not need it: the operator signs in with a link.
            if matches!(form.content, Content::SignIn) && whole.as_ref().is_none_or(|whole| !is_set(whole)) {
                let told = format!("secret {name} is not set, so nobody signs in that way; {set}");
                return Finding::new(told, Ok(()));
            }
            let result = match whole {
                None => Err(format!("it is not set; {set}")),
                Some(whole) => {
                    form.problem(&whole).map_or(Ok(()), |problem| Err(format!("{problem}; {set}")))
                }
            };
            Finding::new(format!("secret {name}"), result)
        };
        self.expected.iter().map(find).collect()
    }
}
