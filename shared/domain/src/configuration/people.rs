//! People: their identities in each service, and their roles. The crate `control` decides what they may do.

use super::Configuration;
use crate::event::{Actor, SourceName};
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A person and what they are called in each service.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct User {
    /// Our name for them; limits, groups and costs use it.
    pub name: String,
    /// What they may do.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// What each service calls them, by the instance or, where it is the only one, its provider: `github: ada-l`. Which providers exist is known
    /// to their list.
    #[serde(flatten)]
    pub accounts: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UserVisitor)
    }
}

/// Reads accounts as text, whatever they look like: `5e10` is an account ID, not a number.
struct UserVisitor;

impl<'de> Visitor<'de> for UserVisitor {
    type Value = User;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a person with `name`, `roles` and what each service calls them")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<User, A::Error> {
        let (mut name, mut roles, mut accounts) = (None, BTreeSet::new(), BTreeMap::new());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => name = Some(map.next_value()?),
                "roles" => roles = map.next_value()?,
                // Documents of earlier versions have `null` for an account that is not known.
                _ => accounts.extend(map.next_value::<Option<String>>()?.map(|account| (key, account))),
            }
        }
        let name = name.ok_or_else(|| serde::de::Error::missing_field("name"))?;
        Ok(User { name, roles, accounts })
    }
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Start and steer executions.
    Developer,
    /// Answer approvals.
    Approver,
    /// Change the configuration.
    Admin,
}

impl User {
    /// What they are called where accounts have one of these names; `None` where that is not known.
    pub fn account_at<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<&str> {
        names.find_map(|name| self.accounts.get(name)).map(String::as_str)
    }
}

impl Configuration {
    /// The actor with the configured person filled in, where one matches.
    pub fn identify(&self, mut actor: Actor) -> Actor {
        let is_them = |user: &&User| {
            if actor.source == SourceName::API {
                return user.name == actor.id;
            }
            let account = user.account_at(self.account_names(actor.source.as_str()));
            account.is_some_and(|id| id.eq_ignore_ascii_case(&actor.id))
        };
        actor.person = self.users.iter().find(is_them).map(|user| user.name.clone());
        actor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_has_an_account_in_each_service() {
        let user: User = serde_json::from_value(json!({
            "name": "ada", "github": "ada-l", "slack": null, "jira": "5e10", "roles": ["developer"]
        }))
        .unwrap();
        assert_eq!(user.accounts.keys().collect::<Vec<_>>(), ["github", "jira"]);
        let again: User = serde_json::from_value(serde_json::to_value(&user).unwrap()).unwrap();
        assert_eq!(again, user);
        assert!(
            serde_json::from_value::<User>(json!({"github": "x"})).unwrap_err().to_string().contains("name")
        );
    }

    #[test]
    fn an_account_at_one_instance_is_nobody_at_another() {
        let identified = |plugins: serde_json::Value, accounts: serde_json::Value, source: &str| {
            let configuration: Configuration =
                serde_json::from_value(json!({"projects": [], "plugins": plugins, "users": [accounts]}))
                    .unwrap();
            let source = source.parse().unwrap();
            let actor = Actor { source, id: "Ada-L".into(), display_name: None, person: None };
            configuration.identify(actor).person.is_some()
        };
        let two = json!({"github": {}, "ghe": {"provider": "github"}});
        let at_github = json!({"name": "ada", "github": "ada-l"});
        assert!(identified(two.clone(), at_github.clone(), "github"));
        assert!(!identified(two.clone(), at_github.clone(), "ghe"));
        assert!(identified(two, json!({"name": "ada", "ghe": "ada-l"}), "ghe"));
        let renamed = json!({"code-host": {"provider": "github"}});
        assert!(identified(renamed.clone(), at_github.clone(), "code-host"));
        assert!(identified(renamed, json!({"name": "ada", "code-host": "ada-l"}), "code-host"));
        assert!(identified(json!({}), at_github, "github"));
    }
}
