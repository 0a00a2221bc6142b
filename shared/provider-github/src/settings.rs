//! The settings of its section under `plugins`.

use crate::author::author;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of GitHub, or a GitHub Enterprise Server, under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://api.github.com`.
    #[serde(default = "api")]
    pub base_url: String,
    /// The author of commits: `Name <address>`, or `account` for the account of the credentials. Default: `account` with a GitHub App, whose
    /// commits GitHub then signs, and `Ticketsmith <commits@ticketsmith.invalid>` with a token. The person who started the work is a co-author.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "commit_author")]
    #[schemars(example = "Ticketsmith <ticketsmith@acme.example>")]
    pub commit_author: Option<String>,
}

fn commit_author<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let setting: Option<String> = Deserialize::deserialize(deserializer)?;
    match author(setting.as_deref(), false, "it") {
        Ok(_) => Ok(setting),
        Err(error) => Err(D::Error::custom(error.message.replace("it.commit_author is ", "it is "))),
    }
}

fn api() -> String {
    "https://api.github.com".into()
}

/// The address of the website, derived from that of the API.
pub(crate) fn site(base_url: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    match base_url.strip_suffix("/api/v3") {
        Some(server) => server.to_owned(),
        // GitHub itself, and its own servers for single enterprises: `api.acme.ghe.com`.
        None => base_url.replacen("https://api.", "https://", 1),
    }
}

/// Where an Enterprise Server keeps files that people put into issues, if it has subdomains of its own:
/// <https://docs.github.com/en/enterprise-server/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation>.
pub(crate) fn media(base_url: &str) -> Option<String> {
    let server = base_url.trim_end_matches('/').strip_suffix("/api/v3")?;
    let (scheme, host) = server.split_once("://")?;
    Some(format!("{scheme}://media.{host}"))
}

/// Whether it is an Enterprise Server, whose site is on the API's own host.
pub(crate) fn is_server(base_url: &str) -> bool {
    base_url.trim_end_matches('/').ends_with("/api/v3")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_has_a_host_for_files() {
        assert_eq!(
            media("https://git.acme.example/api/v3/").as_deref(),
            Some("https://media.git.acme.example")
        );
        assert_eq!(media("https://api.github.com"), None);
        assert_eq!(media("https://api.acme.ghe.com"), None);
    }

    #[test]
    fn the_site_belongs_to_its_api() {
        for (api, expected) in [
            ("https://api.github.com", "https://github.com"),
            ("https://api.acme.ghe.com/", "https://acme.ghe.com"),
            ("https://git.acme.example/api/v3/", "https://git.acme.example"),
        ] {
            assert_eq!(site(api), expected);
        }
    }
}
