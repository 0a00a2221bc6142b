//! People: their accounts at each service, and their roles. The crate `control` decides what they may do.

use super::Configuration;
use crate::event::{Actor, SourceName};
use schemars::JsonSchema;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A person and their account at each service.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct User {
    /// Our name for them; limits, groups and costs use it.
    pub name: String,
    /// Their roles: everywhere (`roles: [viewer]`), or in single projects by their keys (`roles: {SHOP: [developer]}`).
    #[serde(default)]
    pub roles: Roles,
    /// Their account at each service, by the instance or, if it is the only one, its provider: `github: ada-l`. The existing providers are known
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
        formatter.write_str("a person with `name`, `roles` and their account at each service")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<User, A::Error> {
        let (mut name, mut roles, mut accounts) = (None, Roles::default(), BTreeMap::new());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => name = Some(map.next_value()?),
                "roles" => roles = map.next_value()?,
                // Documents of earlier versions have `null` for an unknown account.
                _ => accounts.extend(map.next_value::<Option<String>>()?.map(|account| (key, account))),
            }
        }
        let name = name.ok_or_else(|| serde::de::Error::missing_field("name"))?;
        Ok(User { name, roles, accounts })
    }
}

/// A person's roles.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Roles {
    /// In every project.
    Everywhere(BTreeSet<Role>),
    /// In these projects, by their keys.
    InProjects(BTreeMap<String, BTreeSet<Role>>),
}

impl Default for Roles {
    fn default() -> Self {
        Self::Everywhere(BTreeSet::new())
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        Self::Everywhere(roles.into_iter().collect())
    }
}

impl Roles {
    /// The roles in a project, whose key is compared ignoring case; without a project those that hold everywhere.
    pub fn in_project(&self, key: Option<&str>) -> impl Iterator<Item = Role> {
        let is_asked_for = |project: &str| key.is_some_and(|key| project.eq_ignore_ascii_case(key));
        let roles: BTreeSet<Role> = match self {
            Self::Everywhere(roles) => roles.clone(),
            Self::InProjects(projects) => projects
                .iter()
                .filter(|(project, _)| is_asked_for(project))
                .flat_map(|(_, roles)| roles.iter().copied())
                .collect(),
        };
        roles.into_iter()
    }

    /// Whether they hold everything everywhere.
    pub fn are_of_an_admin(&self) -> bool {
        self.in_project(None).any(|role| role == Role::Admin)
    }

    /// The keys of the named projects.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &String> {
        let projects = match self {
            Self::Everywhere(_) => None,
            Self::InProjects(projects) => Some(projects),
        };
        projects.into_iter().flat_map(BTreeMap::keys)
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RolesVisitor)
    }
}

/// Reads either form, so that a mistake in one is reported as such.
struct RolesVisitor;

impl<'de> Visitor<'de> for RolesVisitor {
    type Value = Roles;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("a list of roles, or the lists of single projects: `[viewer]`, `{SHOP: [developer]}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Roles, A::Error> {
        let mut roles = BTreeSet::new();
        while let Some(role) = list.next_element()? {
            roles.insert(role);
        }
        Ok(Roles::Everywhere(roles))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Roles, A::Error> {
        let mut projects = BTreeMap::new();
        while let Some((project, roles)) = map.next_entry()? {
            projects.insert(project, roles);
        }
        Ok(Roles::InProjects(projects))
    }
}

/// The name in the records of a holder of the installation's own credentials who gives no other: no person has it.
pub const OPERATOR: &str = "operator";

/// A role of a person. The crate `control` says which operations each role allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See executions and costs.
    Viewer,
    /// See, start, stop and undo executions.
    Developer,
    /// See executions and costs, and answer questions without named approvers.
    Approver,
    /// Everything.
    Admin,
}

impl Role {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

impl User {
    /// Their account under one of these names; `None` if unknown.
    pub fn account_at<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<&str> {
        names.find_map(|name| self.accounts.get(name)).map(String::as_str)
    }
}

impl Configuration {
    /// Another person who has one of a person's accounts: their place among `users`, if any.
    pub fn holder_of_account(&self, user: &User) -> Option<usize> {
        let accounts: BTreeSet<_> = self.folded_accounts(user).collect();
        let is_holder = |other: &User| {
            other.name != user.name && self.folded_accounts(other).any(|account| accounts.contains(&account))
        };
        self.users.iter().position(is_holder)
    }

    /// A person's accounts, each by one name for its place, as they are compared.
    pub(super) fn folded_accounts<'a>(&'a self, user: &'a User) -> impl Iterator<Item = (&'a str, String)> {
        user.accounts.iter().map(|(place, account)| (self.account_place(place), account.to_ascii_lowercase()))
    }

    /// Removes roles in projects that do not exist: people's roles outlive a project that is archived.
    pub fn forget_roles_nowhere(&mut self) {
        let keys: BTreeSet<String> =
            self.projects.iter().map(|project| project.key.to_ascii_lowercase()).collect();
        for user in &mut self.users {
            if let Roles::InProjects(projects) = &mut user.roles {
                projects.retain(|key, _| keys.contains(&key.to_ascii_lowercase()));
            }
        }
    }

    /// The actor with the configured person filled in, if one matches. A person who was filled in before, because the account was joined to
    /// them, stays while they are configured; what senders say never fills one in.
    pub fn identify(&self, mut actor: Actor) -> Actor {
        let joined = actor.person.take().filter(|person| self.users.iter().any(|user| user.name == *person));
        let is_them = |user: &&User| {
            if actor.source == SourceName::API {
                return user.name == actor.id;
            }
            let account = user.account_at(self.account_names(actor.source.as_str()));
            account.is_some_and(|id| id.eq_ignore_ascii_case(&actor.id))
        };
        actor.person = self.users.iter().find(is_them).map(|user| user.name.clone()).or(joined);
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
    fn roles_hold_everywhere_or_in_single_projects() {
        let check = |roles: serde_json::Value, shop: &[Role], web: &[Role], nowhere: &[Role]| {
            let user: User = serde_json::from_value(json!({"name": "ada", "roles": roles})).unwrap();
            let of = |key| user.roles.in_project(key).collect::<Vec<_>>();
            assert_eq!([of(Some("SHOP")), of(Some("WEB")), of(None)], [shop, web, nowhere], "{roles}");
            assert_eq!(serde_json::to_value(&user.roles).unwrap(), roles);
        };
        let viewer = [Role::Viewer];
        check(json!(["viewer"]), &viewer, &viewer, &viewer);
        check(json!({"shop": ["developer"], "X": []}), &[Role::Developer], &[], &[]);
        check(json!([]), &[], &[], &[]);
        for (roles, expected) in [
            (json!(["boss"]), "unknown variant `boss`, expected one of `viewer`"),
            (json!({"SHOP": ["boss"]}), "unknown variant `boss`, expected one of `viewer`"),
            (json!("viewer"), "a list of roles, or the lists of single projects"),
        ] {
            let refused = serde_json::from_value::<User>(json!({"name": "ada", "roles": roles})).unwrap_err();
            assert!(refused.to_string().contains(expected), "{refused}");
        }
    }

    #[test]
    fn who_has_an_account_is_found_whatever_its_case() {
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop"}],
            "plugins": {"ghe": {"provider": "github"}},
            "users": [{"name": "ada"}, {"name": "bob", "ghe": "Bob-L", "roles": {"shop": ["viewer"], "WEB": ["admin"]}}],
        }))
        .unwrap();
        let holder =
            |user: serde_json::Value| configuration.holder_of_account(&serde_json::from_value(user).unwrap());
        assert_eq!(holder(json!({"name": "eve", "github": "bob-l"})), Some(1));
        assert_eq!(holder(json!({"name": "bob", "github": "bob-l"})), None);
        assert_eq!(holder(json!({"name": "eve", "slack": "bob-l"})), None);
        let mut without = configuration.clone();
        without.forget_roles_nowhere();
        assert_eq!(serde_json::to_value(&without.users[1].roles).unwrap(), json!({"shop": ["viewer"]}));
        assert!(!configuration.users[1].roles.are_of_an_admin());
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
