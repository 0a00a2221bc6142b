//! Who may sign people in to the API, in addition to the installation's own links.

use super::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How people sign in to the API. Our secrets there are entries of the secret `ticketsmith/sign-in`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// By GitHub: people are found by `github` under `users`.
    #[serde(default)]
    pub github: Option<SignInGithub>,
    /// By an OpenID Connect provider: people are found by `oidc` under `users`, which is the provider's id of them or their verified address.
    #[serde(default)]
    pub oidc: Option<SignInOidc>,
}

/// An OAuth app of GitHub, or a GitHub App.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInGithub {
    /// The app's client id.
    pub client_id: String,
    /// The website's address. Default: `https://github.com`.
    #[serde(default = "github")]
    pub url: String,
    /// The API's address. Default: `https://api.github.com`.
    #[serde(default = "github_api")]
    pub api_url: String,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInOidc {
    /// The provider's issuer, exactly as it names itself; its discovery document is below it.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
}

fn github() -> String {
    "https://github.com".to_owned()
}

fn github_api() -> String {
    "https://api.github.com".to_owned()
}

impl SignIn {
    /// The addresses of sign-in providers, each below its keys under `sign_in`. Anyone who can change their answers can impersonate anybody.
    pub fn addresses(&self) -> impl Iterator<Item = ([&'static str; 2], &str)> {
        let github = self.github.iter();
        let github = github.flat_map(|github| {
            [(["github", "url"], github.url.as_str()), (["github", "api_url"], github.api_url.as_str())]
        });
        github.chain(self.oidc.iter().map(|oidc| (["oidc", "issuer"], oidc.issuer.as_str())))
    }

    /// All problems, each at a place below `sign_in`; reachability is checked elsewhere.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let github = self.github.iter().map(|github| ("github", &github.client_id));
        let clients = github.chain(self.oidc.iter().map(|oidc| ("oidc", &oidc.client_id)));
        let empty = clients.filter(|(_, client)| client.trim().is_empty());
        empty.map(|(way, _)| Problem::new([way, "client_id"], "it is empty")).collect()
    }

    /// Every setting, with its default if any.
    pub fn example() -> Self {
        Self {
            github: Some(SignInGithub {
                client_id: "Iv23liAbCdEfGhIjKlMn".to_owned(),
                url: github(),
                api_url: github_api(),
            }),
            oidc: Some(SignInOidc {
                issuer: "https://id.example.com".to_owned(),
                client_id: "ticketsmith".to_owned(),
            }),
        }
    }

    /// Whether there are no sign-in providers.
    pub fn is_empty(&self) -> bool {
        self.github.is_none() && self.oidc.is_none()
    }
}
