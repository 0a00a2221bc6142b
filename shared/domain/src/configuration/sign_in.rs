//! Who may sign people in to the API, in addition to the installation's own links.

use super::{Configuration, Problem};
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

impl SignInGithub {
    /// The problem if it is another service than the one where people have their accounts under `github`: there, somebody else may have the same
    /// login. That is the instance of this name, else the only instance of GitHub.
    fn problem(&self, configuration: &Configuration) -> Option<Problem> {
        let mut of_github = configuration.instances().filter(|instance| instance.provider() == "github");
        let only = of_github.next().filter(|_| of_github.next().is_none());
        let instance = configuration.instance("github").or(only)?;
        if instance.provider() != "github" {
            let message = format!(
                "people's accounts under `github` are at {}, and who signs in here signs in at GitHub; give the section plugins.github another name",
                instance.provider()
            );
            return Some(Problem::new(["github"], message));
        }
        let usual = github_api();
        let base_url = instance.section.settings.get("base_url").and_then(|url| url.as_str());
        let base_url = base_url.unwrap_or(&usual).trim_end_matches('/');
        let is_same = self.api_url.trim_end_matches('/').eq_ignore_ascii_case(base_url);
        // Only a service on this machine is reached without encryption: a simulated one, whose accounts are nobody's.
        let is_simulated = base_url.starts_with("http://");
        (!is_same && !is_simulated).then(|| {
            let message = format!(
                "people have their accounts under `github` at {base_url}, and somebody else may have the same login at another GitHub; \
                 accepted: {base_url}, and its website as `url`"
            );
            Problem::new(["github", "api_url"], message)
        })
    }
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
    pub(super) fn problems(&self, configuration: &Configuration) -> Vec<Problem> {
        let another = self.github.as_ref().and_then(|github| github.problem(configuration));
        let github = self.github.iter().map(|github| ("github", &github.client_id));
        let clients = github.chain(self.oidc.iter().map(|oidc| ("oidc", &oidc.client_id)));
        let empty = clients.filter(|(_, client)| client.trim().is_empty());
        empty.map(|(way, _)| Problem::new([way, "client_id"], "it is empty")).chain(another).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_sign_in_at_the_github_that_their_accounts_are_at() {
        let found = |base_url: Option<&str>, api_url: Option<&str>| {
            let (mut instance, mut sign_in) = (json!({}), json!({"client_id": "c"}));
            instance.as_object_mut().unwrap().extend(base_url.map(|url| ("base_url".to_owned(), json!(url))));
            sign_in.as_object_mut().unwrap().extend(api_url.map(|url| ("api_url".to_owned(), json!(url))));
            let configuration: Configuration = serde_json::from_value(
                json!({"projects": [], "plugins": {"github": instance}, "sign_in": {"github": sign_in}}),
            )
            .unwrap();
            configuration.problems().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let (usual, own) = (Some("https://api.github.com/"), Some("https://git.acme.example/api/v3"));
        for (base_url, api_url) in [(None, None), (usual, None), (own, own)] {
            assert_eq!(found(base_url, api_url), Vec::<String>::new(), "{base_url:?}");
        }
        assert_eq!(found(Some("http://127.0.0.1:3000"), None), Vec::<String>::new(), "it is simulated");
        for other in [found(own, None), found(None, own)] {
            let expected = "sign_in.github.api_url: people have their accounts under `github` at https://";
            assert!(other.len() == 1 && other[0].starts_with(expected), "{other:#?}");
        }
        let signing_in = |plugins: serde_json::Value| {
            let configuration: Configuration = serde_json::from_value(json!(
                {"projects": [], "plugins": plugins, "sign_in": {"github": {"client_id": "c"}}}
            ))
            .unwrap();
            configuration.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let own = json!({"provider": "github", "base_url": "https://git.acme.example/api/v3"});
        let only = signing_in(json!({"ghe": own}));
        assert!(only.contains("under `github` at https://git.acme.example/api/v3"), "{only}");
        let both = signing_in(json!({"ghe": own, "github": {}}));
        assert!(!both.contains("sign_in"), "{both}");
        let other = signing_in(json!({"github": {"provider": "gitlab"}}));
        assert!(other.contains("accounts under `github` are at gitlab"), "{other}");
    }
}
