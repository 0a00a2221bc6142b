//! What providers can serve and the form of accounts there, as data, so that functions that link none can check a configuration.

use super::{Configuration, Instance, InstanceName, Project};
use crate::action::{PluginType, UnknownName};
use crate::nearest::nearest;
use crate::repository::RepositoryName;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An existing provider, as far as choosing it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownProvider {
    /// Its name: `jira`.
    pub id: String,
    /// The plugin types it can serve.
    pub serves: BTreeSet<PluginType>,
    /// Whether it needs a section under `plugins`, because it has credentials.
    pub needs_section: bool,
    /// The form of people's accounts there; absent if people have none there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<KnownAccount>,
    /// Whether all of its repositories are `owner/name`: it has no groups in groups.
    #[serde(default)]
    pub is_flat: bool,
    /// What people there call a pull request, within a sentence: `merge request`. Absent if it is no code host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<String>,
}

/// How people's accounts at a provider are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAccount {
    /// The name of such an account, for people: `GitHub login`.
    pub name: String,
    /// An account that could exist: `ada-lovelace`.
    pub example: String,
    /// The regular expression that the whole account matches.
    pub pattern: String,
}

impl KnownAccount {
    /// Whether a text could be an account; the service is not asked.
    pub fn accepts(&self, account: &str) -> bool {
        let whole = Regex::new(&format!("^(?:{})$", self.pattern));
        whole.is_ok_and(|whole| whole.is_match(account))
    }
}

/// Why a plugin type is not served by the provider that a project names; `None` if it is.
pub fn server_problem(
    configuration: &Configuration,
    known: &[KnownProvider],
    plugin: PluginType,
    name: &InstanceName,
) -> Option<String> {
    let instance = configuration.instance(name.as_str());
    let id = instance.map_or(name.as_str(), Instance::provider);
    let Some(provider) = known.iter().find(|provider| provider.id == id) else {
        // The section says it already.
        let ids = known.iter().map(|provider| provider.id.as_str());
        return instance
            .is_none()
            .then(|| format!("`{name}` is not under plugins; {}", unknown_provider(id, ids)));
    };
    if !provider.serves.contains(&plugin) {
        let able = known.iter().filter(|candidate| candidate.serves.contains(&plugin));
        let able: Vec<_> = able.map(|candidate| candidate.id.as_str()).collect();
        return Some(format!("`{name}` cannot serve {plugin}; accepted: {}", able.join(", ")));
    }
    let lacks_section = instance.is_none() && provider.needs_section;
    lacks_section.then(|| format!("`{name}` serves it, but there is no section plugins.{name}"))
}

/// Why a project's repository cannot be at its code host; `None` where it can.
pub fn repository_problem(
    configuration: &Configuration,
    known: &[KnownProvider],
    project: &Project,
) -> Option<String> {
    let name = project.providers.get(&PluginType::VersionControl)?;
    let id = configuration.instance(name.as_str()).map_or(name.as_str(), Instance::provider);
    let is_flat = known.iter().any(|provider| provider.id == id && provider.is_flat);
    let repository = configuration.repository_of(project);
    (is_flat && repository.is_nested()).then(|| {
        format!("`{repository}` has too many parts for `{name}`; accepted: `owner/name`, or its URL")
    })
}

impl Configuration {
    /// A project's repository at its code host. One that is given as a link to a server below a path begins with that path, which is not a group:
    /// `https://git.acme.example/gitlab/acme/shop`.
    pub fn repository_of(&self, project: &Project) -> RepositoryName {
        let host = project.providers.get(&PluginType::VersionControl);
        let instance = host.and_then(|name| self.instance(name.as_str()));
        let base = instance.and_then(|instance| base_path(&instance.section.settings));
        base.and_then(|base| project.repository.below(&base)).unwrap_or_else(|| project.repository.clone())
    }
}

/// The path in the address of a server, without slashes around it, and without the API's below it, such as `/api/v4`; `None` if it has none.
fn base_path(settings: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    let address = settings.get("base_url")?.as_str()?;
    let (_, server) = address.split_once("://")?;
    let server = server.split_once("/api/").map_or(server, |(server, _)| server);
    let (_, path) = server.split_once('/')?;
    Some(path.trim_matches('/').to_owned()).filter(|path| !path.is_empty())
}

/// That no provider has this name, with the nearest one and those that exist.
pub fn unknown_provider<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> UnknownName {
    let known: Vec<_> = known.collect();
    let meant = nearest(id, known.iter().copied()).map(|name| format!("{name} (did you mean that?); all: "));
    let accepted = format!("{}{}", meant.unwrap_or_default(), known.join(", "));
    UnknownName { name: id.to_owned(), kind: "a provider", accepted }
}
