//! Settings of the outside services: the section `plugins`.

use super::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of the outside services; a service left out is not used. A secret's name may end with `#` and an entry's name,
/// `ticketsmith/work#jira`: the secret then bundles several, and the credentials are its entry of that name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// Jira Cloud.
    #[serde(default)]
    pub jira: Option<JiraSettings>,
    /// GitHub.
    #[serde(default)]
    pub github: Option<GithubSettings>,
    /// Slack.
    #[serde(default)]
    pub slack: Option<SlackSettings>,
    /// Confluence Cloud.
    #[serde(default)]
    pub confluence: Option<ConfluenceSettings>,
    /// Claude.
    #[serde(default)]
    pub claude: Option<ClaudeSettings>,
}

impl Plugins {
    /// The name of the secret with a provider's credentials; `None` where the provider has no section, or needs no credentials.
    pub fn secret(&self, provider: Provider) -> Option<&str> {
        match provider {
            Provider::Jira => self.jira.as_ref().map(|settings| settings.secret.as_str()),
            Provider::Github => self.github.as_ref().map(|settings| settings.secret.as_str()),
            Provider::Slack => self.slack.as_ref().map(|settings| settings.secret.as_str()),
            Provider::Confluence => self.confluence.as_ref().map(|settings| settings.secret.as_str()),
            Provider::Claude => self.claude.as_ref().map(|settings| settings.secret.as_str()),
            Provider::Cloudwatch => None,
        }
    }
}

/// Jira Cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraSettings {
    /// The site: `https://acme.atlassian.net`.
    pub base_url: String,
    /// The secret's name; it holds `{"email": …, "api_token": …}`.
    #[serde(default = "jira_secret")]
    pub secret: String,
    /// Requests a second, `2/s`. Default: `2/s`.
    #[serde(default = "two_per_second")]
    pub rate_limit: Rate,
    /// Custom fields by our names: `story_points`, `epic_link`, `team`.
    #[serde(default)]
    pub custom_fields: BTreeMap<String, String>,
}

/// GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubSettings {
    /// The API's address. Default: `https://api.github.com`.
    #[serde(default = "github_url")]
    pub base_url: String,
    /// The secret's name; it holds `{"token": …}` or `{"app_id": …, "installation_id": …, "private_key": …}`.
    #[serde(default = "github_secret")]
    pub secret: String,
    /// Requests a second. Default: `5/s`.
    #[serde(default = "five_per_second")]
    pub rate_limit: Rate,
}

/// Slack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// The API's address. Default: `https://slack.com/api`.
    #[serde(default = "slack_url")]
    pub base_url: String,
    /// The secret's name; it holds `{"bot_token": …}`.
    #[serde(default = "slack_secret")]
    pub secret: String,
    /// Requests a second. Default: `1/s`.
    #[serde(default = "one_per_second")]
    pub rate_limit: Rate,
}

/// Confluence Cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfluenceSettings {
    /// The site: `https://acme.atlassian.net`. The API's `/wiki` is added.
    pub base_url: String,
    /// The secret's name; it holds `{"email": …, "api_token": …}`.
    #[serde(default = "confluence_secret")]
    pub secret: String,
    /// Requests a second. Default: `2/s`.
    #[serde(default = "two_per_second")]
    pub rate_limit: Rate,
}

/// Claude.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaudeSettings {
    /// The API's address. Default: `https://api.anthropic.com`.
    #[serde(default = "claude_url")]
    pub base_url: String,
    /// The model. Default: `claude-sonnet-5-5`.
    #[serde(default = "claude_model")]
    pub model: String,
    /// The secret's name; it holds `{"api_key": …}`.
    #[serde(default = "claude_secret")]
    pub secret: String,
    /// Requests a second. Default: `1/s`.
    #[serde(default = "one_per_second")]
    pub rate_limit: Rate,
    /// The most tokens one reply may have. Default: 32000.
    #[serde(default = "max_output_tokens")]
    pub max_output_tokens: u32,
}

fn jira_secret() -> String {
    "ticketsmith/jira".into()
}
fn github_secret() -> String {
    "ticketsmith/github".into()
}
fn slack_secret() -> String {
    "ticketsmith/slack".into()
}
fn confluence_secret() -> String {
    "ticketsmith/confluence".into()
}
fn claude_secret() -> String {
    "ticketsmith/claude".into()
}
fn github_url() -> String {
    "https://api.github.com".into()
}
fn slack_url() -> String {
    "https://slack.com/api".into()
}
fn claude_url() -> String {
    "https://api.anthropic.com".into()
}
fn claude_model() -> String {
    "claude-sonnet-5-5".into()
}
fn max_output_tokens() -> u32 {
    32_000
}
fn one_per_second() -> Rate {
    Rate { per_second: 1 }
}
fn two_per_second() -> Rate {
    Rate { per_second: 2 }
}
fn five_per_second() -> Rate {
    Rate { per_second: 5 }
}

/// Requests a second, written `2/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Rate {
    /// At least one.
    pub per_second: u32,
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.strip_suffix("/s")
            .and_then(|number| number.trim().parse().ok())
            .filter(|per_second| *per_second > 0)
            .map(|per_second| Self { per_second })
            .ok_or_else(|| {
                format!("`{text}` is not a rate; accepted: a whole number of requests a second, `2/s`")
            })
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        format!("{}/s", rate.per_second)
    }
}
