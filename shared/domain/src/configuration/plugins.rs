//! The section `plugins`: the providers in use, each with its own name.

use super::{Configuration, InstanceName, ProviderId, Rate};
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Settings of a provider in use. The common keys of all providers are fields; the others are the provider's own and are
/// checked by its settings' type, which this crate does not know.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Section {
    /// The provider. Default: the one that the section is named after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderId>,
    /// The name of the secret with the credentials. Default: `ticketsmith/` and the section's name. A name may end with `#` and an entry's
    /// name, `ticketsmith/work#jira`: the secret then bundles several, and the credentials are its entry of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Requests in a second, a minute or an hour: `2/s`, `5000/h`. Default: the provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<Rate>,
    /// The provider's own settings.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// The keys of a section that every provider has.
pub const SECTION_KEYS: [&str; 3] = ["provider", "secret", "rate_limit"];

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionVisitor)
    }
}

/// Reads the common keys with their own types, so that errors name their location in the file.
struct SectionVisitor;

impl<'de> Visitor<'de> for SectionVisitor {
    type Value = Section;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("settings of a provider")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Section, A::Error> {
        let mut section = Section::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "provider" => section.provider = map.next_value()?,
                "secret" => section.secret = map.next_value()?,
                "rate_limit" => section.rate_limit = map.next_value()?,
                _ => {
                    let value: Value = map.next_value()?;
                    if section.settings.insert(key.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("duplicate key `{key}`")));
                    }
                }
            }
        }
        Ok(section)
    }
}

/// Reads the sections, ignoring `null` ones, which documents of earlier versions contain.
pub(super) fn sections<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<InstanceName, Section>, D::Error> {
    let sections: BTreeMap<InstanceName, Option<Section>> = Deserialize::deserialize(deserializer)?;
    Ok(sections.into_iter().filter_map(|(name, section)| Some((name, section?))).collect())
}

/// One provider that a configuration uses: its name there and its section.
#[derive(Debug, Clone, Copy)]
pub struct Instance<'a> {
    /// The name of its section.
    pub name: &'a InstanceName,
    /// Its section.
    pub section: &'a Section,
}

impl<'a> Instance<'a> {
    /// The provider's name.
    pub fn provider(self) -> &'a str {
        self.section.provider.as_ref().map_or(self.name.as_str(), ProviderId::as_str)
    }

    /// The name of the secret with the credentials.
    pub fn secret(self) -> Cow<'a, str> {
        match &self.section.secret {
            Some(secret) => secret.into(),
            None => format!("ticketsmith/{}", self.name).into(),
        }
    }
}

impl Configuration {
    /// Every provider in use, in the order of their names.
    pub fn instances(&self) -> impl Iterator<Item = Instance<'_>> {
        self.plugins.iter().map(|(name, section)| Instance { name, section })
    }

    /// The names under which people's accounts at a place are kept: its own and, if it is the only instance of its provider, the provider's.
    /// Accounts at two instances are never mixed up.
    pub fn account_names<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a str> {
        let provider = self.instance(place).map(Instance::provider);
        let is_only =
            |provider: &&str| self.instances().filter(|other| other.provider() == *provider).count() == 1;
        std::iter::once(place).chain(provider.filter(is_only))
    }

    /// The provider with this name in the configuration.
    pub fn instance(&self, name: &str) -> Option<Instance<'_>> {
        self.plugins.get_key_value(name).map(|(name, section)| Instance { name, section })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configuration(plugins: Value) -> Configuration {
        serde_json::from_value(json!({"projects": [], "plugins": plugins})).unwrap()
    }

    #[test]
    fn a_section_is_an_instance_of_the_provider_it_is_named_for_or_names() {
        let configuration = configuration(json!({
            "jira": {"base_url": "https://acme.atlassian.net"},
            "old-jira": {"provider": "jira", "secret": "ticketsmith/work#old-jira", "rate_limit": "1/s"}
        }));
        let seen: Vec<_> = configuration
            .instances()
            .map(|instance| (instance.name.as_str(), instance.provider(), instance.secret().into_owned()))
            .collect();
        let expected = [
            ("jira", "jira", "ticketsmith/jira".to_owned()),
            ("old-jira", "jira", "ticketsmith/work#old-jira".to_owned()),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn documents_of_earlier_versions_have_sections_that_are_null() {
        let read = configuration(
            json!({"jira": null, "slack": {"base_url": "https://slack.com/api", "secret": "s"}}),
        );
        assert_eq!(read.plugins.len(), 1);
        let again: Configuration = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
        assert_eq!(
            serde_json::to_value(&read.plugins).unwrap(),
            json!({"slack": {"secret": "s", "base_url": "https://slack.com/api"}})
        );
    }
}
