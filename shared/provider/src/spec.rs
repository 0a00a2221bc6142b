//! A provider, as data and a few functions.

use crate::account::AccountForm;
use crate::claims::Claims;
use crate::connect::{Connected, Connector};
use crate::settings::SettingsForm;
use crate::setup::Setup;
use crate::text_limits::TextLimits;
use domain::configuration::{Instance, Project, Rate};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, Bundle, PermissionProblem, PluginType};
use http_client::Options;
use secrecy::SecretString;
use serde_json::Value;
use std::pin::Pin;

/// A service's report about a credential: its missing and excess permissions; empty if it has the right ones.
pub type ProbeFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<PermissionProblem>, ActionError>> + Send + 'a>>;

/// Everything that the rest of Ticketsmith knows about a provider.
#[derive(Debug)]
pub struct ProviderSpec {
    /// The provider's name in the configuration: `jira`.
    pub id: &'static str,
    /// Its name for people: `Jira`.
    pub name: &'static str,
    /// The plugin types it can serve.
    pub serves: &'static [PluginType],
    /// The actions of these types that it cannot do, each with the reason.
    pub unsupported: &'static [(&'static str, &'static str)],
    /// The settings of its section under `plugins`.
    pub settings: SettingsForm,
    /// The accepted forms of its secret, each a group of required fields. Empty if it needs no credentials; then it also
    /// needs no section.
    pub secret: &'static [&'static [&'static str]],
    /// The environment variable in which people keep its API key, which `demo` reads; `None` unless the secret's only field is that key.
    pub key_variable: Option<&'static str>,
    /// Which of a stage's secrets holds its credentials; `None` if it needs none.
    pub bundle: Option<Bundle>,
    /// The rate of requests, unless the configuration sets another.
    pub rate: Rate,
    /// How it is set up.
    pub setup: Setup,
    /// The longest texts that it accepts.
    pub limits: TextLimits,
    /// The form of people's accounts there; `None` if people have no accounts there.
    pub account: Option<AccountForm>,
    /// Takes the API's address in `base_url` and returns the address that people open, without a slash at its end. [`same_site`] if both
    /// are the same.
    pub site: fn(&str) -> String,
    /// How its tickets are written, as patterns of `domain::reference`; the first one is the canonical form.
    pub references: &'static [&'static str],
    /// Where people see repositories; `None` if it is not a code host.
    pub repository_pages: Option<RepositoryPages>,
    /// Makes the clients. Nothing is sent before one is used.
    ///
    /// # Errors
    /// `Rejected` when the settings or the credentials cannot be used.
    pub connect: fn(&Connector<'_>) -> Result<Connected, ActionError>,
    /// The part of a project that needs the credential, in words: `project SHOP`; `None` if the project does not need it, and then
    /// [`probe`](Self::probe) is not called.
    pub probed: fn(&Connector<'_>, &Project) -> Option<String>,
    /// Asks the service what the credential may do there, and whether the connector's claims hold. It changes nothing and costs nothing.
    ///
    /// # Errors
    /// `Rejected` if the credential is not accepted; those of the connection.
    pub probe: for<'a> fn(&'a Connector<'a>, &'a Project) -> ProbeFuture<'a>,
}

/// Where people see repositories, as templates in which `{site}`, `{repository}` (`owner/name`) and `{branch}` are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryPages {
    /// A repository: `{site}/{repository}`.
    pub repository: &'static str,
    /// A branch: `{site}/{repository}/tree/{branch}`.
    pub branch: &'static str,
    /// Whether each is `owner/name`; where groups are in groups, a path has more parts.
    pub is_flat: bool,
    /// What people there call pull requests.
    pub pull_requests: PullRequestWords,
}

/// What people at a code host call a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullRequestWords {
    /// The term, as at the beginning of a sentence: `Pull request`.
    pub term: &'static str,
    /// The sign before its number, which makes a link of it in its repository: `#`.
    pub sign: &'static str,
}

impl PullRequestWords {
    /// The term within a sentence: `pull request`.
    pub fn name(&self) -> String {
        self.term.to_lowercase()
    }
}

impl Default for PullRequestWords {
    fn default() -> Self {
        Self { term: "Pull request", sign: "#" }
    }
}

/// For [`ProviderSpec::site`]: the address in `base_url` itself, without a slash at its end.
pub fn same_site(base_url: &str) -> String {
    base_url.trim_end_matches('/').to_owned()
}

impl ProviderSpec {
    /// What [`connect`](Self::connect) and [`probe`](Self::probe) take: an instance of this provider, how its clients send requests, the
    /// whole secret that the instance names, and the access to narrow its credentials to. Checks nothing yet.
    pub fn connector<'a>(
        &self,
        instance: Instance<'a>,
        options: Options,
        secret: SecretString,
        access: RepositoryAccess,
    ) -> Connector<'a> {
        let options = options.section(&format!("plugins.{}", instance.name));
        let (settings, secret_forms) = (self.settings, self.secret_forms());
        let claims = Claims::default();
        Connector { instance, options, secret, access, claims, settings, secret_forms }
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
