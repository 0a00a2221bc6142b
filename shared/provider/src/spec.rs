//! A provider, as data and two functions.

use crate::connect::{Connected, Connector};
use crate::settings::SettingsForm;
use crate::text_limits::TextLimits;
use domain::configuration::{Instance, Project, Rate};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, Bundle, PermissionProblem, PluginType};
use http_client::Options;
use secrecy::SecretString;
use serde_json::Value;
use std::pin::Pin;

/// What a service says of a credential.
pub type ProbeFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<PermissionProblem>, ActionError>> + Send + 'a>>;

/// Everything that the rest of Ticketsmith knows of a provider.
#[derive(Debug)]
pub struct ProviderSpec {
    /// The provider's name in the configuration: `jira`.
    pub id: &'static str,
    /// What people call it: `Jira`.
    pub name: &'static str,
    /// The plugin types it can serve.
    pub serves: &'static [PluginType],
    /// The settings of its section under `plugins`.
    pub settings: SettingsForm,
    /// The forms of its secret: groups of fields, of which the secret has one. Empty where it needs no credentials, and then no section.
    pub secret: &'static [&'static [&'static str]],
    /// The variable of the environment that people keep its key in, where the secret's one field is a key: what `demo` reads.
    pub key_variable: Option<&'static str>,
    /// Which of a stage's secrets holds its credentials.
    pub bundle: Option<Bundle>,
    /// Requests a second where the configuration says nothing.
    pub rate: Rate,
    /// The longest texts that it accepts.
    pub limits: TextLimits,
    /// What a person's account there is called: `GitHub login`; `None` where it knows no people.
    pub account: Option<&'static str>,
    /// The address that people open, from the API's address in `base_url`. [`same_site`] where they are one.
    pub site: fn(&str) -> String,
    /// How its tickets are written, as patterns of `domain::reference`; the first one is the canonical form.
    pub references: &'static [&'static str],
    /// Where people see repositories; `None` where it is no code host.
    pub repository_pages: Option<RepositoryPages>,
    /// Makes the clients. Nothing is sent before one is used.
    ///
    /// # Errors
    /// `Rejected` when the settings or the credentials cannot be used.
    pub connect: fn(&Connector<'_>) -> Result<Connected, ActionError>,
    /// What of a project the credential is needed for, in words: `project SHOP`; `None` where nothing of it is.
    pub probed: fn(&Connector<'_>, &Project) -> Option<String>,
    /// Asks the service what the credential may do there. Nothing is changed, and nothing costs anything.
    ///
    /// # Errors
    /// `Rejected` when the credential is not accepted; those of the connection.
    pub probe: for<'a> fn(&'a Connector<'a>, &'a Project) -> ProbeFuture<'a>,
}

/// Where people see repositories, as text with `{site}`, `{repository}` and `{branch}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryPages {
    /// A repository: `{site}/{repository}`.
    pub repository: &'static str,
    /// A branch: `{site}/{repository}/tree/{branch}`.
    pub branch: &'static str,
}

/// The site of a provider whose API is where people go.
pub fn same_site(base_url: &str) -> String {
    base_url.trim_end_matches('/').to_owned()
}

impl ProviderSpec {
    /// What [`connect`](Self::connect) and [`probe`](Self::probe) take, for an instance of this provider with its whole secret.
    pub fn connector<'a>(
        &self,
        instance: Instance<'a>,
        options: Options,
        secret: SecretString,
        access: RepositoryAccess,
    ) -> Connector<'a> {
        let (settings, secret_forms) = (self.settings, self.secret_forms());
        Connector { instance, options, secret, access, settings, secret_forms }
    }

    /// The address that people open for an instance of this provider.
    pub fn site_of(&self, instance: Instance<'_>) -> String {
        let settings = self.settings.filled(&instance.section.settings);
        (self.site)(settings.get("base_url").and_then(Value::as_str).unwrap_or_default())
    }

    /// The accepted forms of its secret, for errors: `{"token": …} or {"app_id": …}`.
    pub fn secret_forms(&self) -> String {
        let form = |fields: &&[&str]| {
            let fields: Vec<_> = fields.iter().map(|field| format!("\"{field}\": …")).collect();
            format!("{{{}}}", fields.join(", "))
        };
        self.secret.iter().map(form).collect::<Vec<_>>().join(" or ")
    }
}
