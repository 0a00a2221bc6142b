//! Connecting a provider.

use crate::claims::Claims;
use crate::pull::Pull;
use crate::settings::SettingsForm;
use domain::ActionError;
use domain::configuration::{Instance, InstanceName};
use domain::plugins::{
    AiProvider, Communication, Documentation, Monitoring, RepositoryAccess, TaskManagement, VersionControl,
};
use http_client::{Options, read_credentials};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The inputs for connecting a provider. Created by `ProviderSpec::connector`.
#[derive(Debug)]
pub struct Connector<'a> {
    /// Its name in the configuration and its section.
    pub instance: Instance<'a>,
    /// How its clients send: clock, timeouts, and what lets requests pass.
    pub options: Options,
    /// The secret, whole.
    pub secret: SecretString,
    /// The access that credentials are narrowed to, if possible.
    pub access: RepositoryAccess,
    /// The configuration's other claims about the service, for a probe; empty by default.
    pub claims: Claims,
    /// The form of the provider's settings.
    pub(crate) settings: SettingsForm,
    /// The accepted forms of the secret, for errors.
    pub(crate) secret_forms: String,
}

impl Connector<'_> {
    /// The section's own settings as the provider's type, which [`ProviderSpec::settings`](crate::ProviderSpec::settings) describes.
    ///
    /// # Errors
    /// `Rejected` with every problem of the section, each naming its key.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        let problems = self.settings.problems(self.instance);
        if !problems.is_empty() {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            return Err(ActionError::rejected(problems.join("; ")));
        }
        serde_json::from_value(self.instance.section.settings.clone().into())
            .map_err(|error| ActionError::rejected(format!("plugins.{}: {error}", self.instance.name)))
    }

    /// The credentials in the secret, as a type that accepts each of the forms in [`ProviderSpec::secret`](crate::ProviderSpec::secret).
    ///
    /// # Errors
    /// `Rejected`, naming the secret and what is missing but never a value.
    pub fn credentials<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        read_credentials(&self.instance.secret(), &self.secret, &self.secret_forms)
    }
}

/// A provider's clients: one for each plugin type that it serves, `None` for the others.
#[derive(Clone, Default)]
pub struct Connected {
    /// As a tracker.
    pub tracker: Option<Arc<dyn TaskManagement>>,
    /// As a code host.
    pub code_host: Option<Arc<dyn VersionControl>>,
    /// As a wiki.
    pub wiki: Option<Arc<dyn Documentation>>,
    /// As a chat.
    pub chat: Option<Arc<dyn Communication>>,
    /// As a language model.
    pub model: Option<Model>,
    /// As a service whose events can be fetched, with [`RepositoryAccess::ReadConversations`]; it serves no plugin type by that.
    pub pull: Option<Arc<dyn Pull>>,
    /// As monitoring.
    pub monitoring: Option<Arc<dyn Monitoring>>,
}

/// The model to ask and how much it may say.
#[derive(Clone)]
pub struct Model {
    /// The provider.
    pub provider: Arc<dyn AiProvider>,
    /// The provider's name in the configuration.
    pub instance: InstanceName,
    /// The model's id.
    pub name: String,
    /// The most tokens one reply may have.
    pub max_output_tokens: u32,
    /// The most tokens that a prompt and its reply may have together, if the configuration says so.
    pub context_window: Option<u64>,
}
