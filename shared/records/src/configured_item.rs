//! The kinds of items that the API configures in addition to the configuration file, with their names there.

use domain::configuration::{Configuration, Project, User};
use domain::{PluginInstance, folded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// The most projects that the API manages, archived ones included.
pub const MOST_PROJECTS: usize = 500;

/// The largest project, in bytes as JSON.
pub const PROJECT_LIMIT: usize = 16 * 1024;

/// The most people whom the API manages, archived ones included.
pub const MOST_PEOPLE: usize = 2_000;

/// The largest person, in bytes as JSON.
pub const PERSON_LIMIT: usize = 4 * 1024;

/// The most plugin instances that the API manages, archived ones included.
pub const MOST_PLUGINS: usize = 200;

/// The largest plugin instance, in bytes as JSON.
pub const PLUGIN_LIMIT: usize = 16 * 1024;

/// Something that people configure in the file, or by the API.
pub trait ConfiguredItem:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The singular name: `project`. It is also the attribute that holds it.
    const KIND: &'static str;

    /// What several are called.
    const KINDS: &'static str;

    /// The name of its key: `key`.
    const KEY: &'static str;

    /// The parts that may also be in the file, which then wins.
    const SHARED: &'static str;

    /// The most that the API manages, archived ones included.
    const MOST: usize;

    /// The largest, in bytes as JSON.
    const LIMIT: usize;

    /// The name of one.
    fn key(&self) -> &str;

    /// Where a configuration has the item with this name: `projects[0]`, `plugins.jira`.
    fn place(configuration: &Configuration, key: &str) -> Option<String>;

    /// Where the file has what wins over this: something of the same name, or with the same account.
    fn rival(&self, file: &Configuration) -> Option<String> {
        Self::place(file, self.key())
    }
}

/// Something that is in a list of the file.
pub trait ListedItem: ConfiguredItem {
    /// The section of the file.
    const SECTION: &'static str;

    /// All of a configuration.
    fn all(configuration: &Configuration) -> &[Self];

    /// All of a configuration, to be changed.
    fn all_mut(configuration: &mut Configuration) -> &mut Vec<Self>;

    /// The place of the item with this name in a configuration. Names are compared ignoring case; an exact match is found first.
    fn position(configuration: &Configuration, key: &str) -> Option<usize> {
        let all = Self::all(configuration);
        let exact = all.iter().position(|item| item.key() == key);
        exact.or_else(|| all.iter().position(|item| folded(item.key()) == folded(key)))
    }
}

/// The place of an index in a list of the file: `projects[0]`.
fn in_list<T: ListedItem>(index: usize) -> String {
    format!("{}[{index}]", T::SECTION)
}

impl ConfiguredItem for Project {
    const KIND: &'static str = "project";
    const KINDS: &'static str = "projects";
    const KEY: &'static str = "key";
    const SHARED: &'static str = "key";
    const MOST: usize = MOST_PROJECTS;
    const LIMIT: usize = PROJECT_LIMIT;

    fn key(&self) -> &str {
        &self.key
    }

    fn place(configuration: &Configuration, key: &str) -> Option<String> {
        Self::position(configuration, key).map(in_list::<Self>)
    }
}

impl ListedItem for Project {
    const SECTION: &'static str = "projects";

    fn all(configuration: &Configuration) -> &[Self] {
        &configuration.projects
    }

    fn all_mut(configuration: &mut Configuration) -> &mut Vec<Self> {
        &mut configuration.projects
    }
}

impl ConfiguredItem for User {
    const KIND: &'static str = "person";
    const KINDS: &'static str = "people";
    const KEY: &'static str = "name";
    const SHARED: &'static str = "name or account";
    const MOST: usize = MOST_PEOPLE;
    const LIMIT: usize = PERSON_LIMIT;

    fn key(&self) -> &str {
        &self.name
    }

    fn place(configuration: &Configuration, key: &str) -> Option<String> {
        Self::position(configuration, key).map(in_list::<Self>)
    }

    /// The actions of two people with one account could not be told apart.
    fn rival(&self, file: &Configuration) -> Option<String> {
        let index = Self::position(file, &self.name).or_else(|| file.holder_of_account(self));
        index.map(in_list::<Self>)
    }
}

impl ListedItem for User {
    const SECTION: &'static str = "users";

    fn all(configuration: &Configuration) -> &[Self] {
        &configuration.users
    }

    fn all_mut(configuration: &mut Configuration) -> &mut Vec<Self> {
        &mut configuration.users
    }
}

impl ConfiguredItem for PluginInstance {
    const KIND: &'static str = "plugin";
    const KINDS: &'static str = "plugins";
    const KEY: &'static str = "name";
    const SHARED: &'static str = "name";
    const MOST: usize = MOST_PLUGINS;
    const LIMIT: usize = PLUGIN_LIMIT;

    fn key(&self) -> &str {
        self.name.as_str()
    }

    /// Names under `plugins` have no upper case.
    fn place(configuration: &Configuration, key: &str) -> Option<String> {
        configuration.instance(key).map(|instance| format!("plugins.{}", instance.name))
    }
}
