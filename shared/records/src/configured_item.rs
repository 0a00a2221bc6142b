//! The kinds of items that the API configures in addition to the configuration file, with their names there.

use domain::configuration::{Configuration, Project, User};
use domain::folded;
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

    /// The section of the file.
    const SECTION: &'static str;

    /// The most that the API manages, archived ones included.
    const MOST: usize;

    /// The largest, in bytes as JSON.
    const LIMIT: usize;

    /// The name of one.
    fn key(&self) -> &str;

    /// All of a configuration.
    fn all(configuration: &Configuration) -> &[Self];

    /// All of a configuration, to be changed.
    fn all_mut(configuration: &mut Configuration) -> &mut Vec<Self>;

    /// Where the file has what wins over this: something of the same name, or with the same account.
    fn rival(&self, file: &Configuration) -> Option<usize> {
        Self::position(file, self.key())
    }

    /// The place of the item with this name in a configuration. Names are compared ignoring case; an exact match is found first.
    fn position(configuration: &Configuration, key: &str) -> Option<usize> {
        let all = Self::all(configuration);
        let exact = all.iter().position(|item| item.key() == key);
        exact.or_else(|| all.iter().position(|item| folded(item.key()) == folded(key)))
    }
}

impl ConfiguredItem for Project {
    const KIND: &'static str = "project";
    const KINDS: &'static str = "projects";
    const KEY: &'static str = "key";
    const SHARED: &'static str = "key";
    const SECTION: &'static str = "projects";
    const MOST: usize = MOST_PROJECTS;
    const LIMIT: usize = PROJECT_LIMIT;

    fn key(&self) -> &str {
        &self.key
    }

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
    const SECTION: &'static str = "users";
    const MOST: usize = MOST_PEOPLE;
    const LIMIT: usize = PERSON_LIMIT;

    fn key(&self) -> &str {
        &self.name
    }

    fn all(configuration: &Configuration) -> &[Self] {
        &configuration.users
    }

    fn all_mut(configuration: &mut Configuration) -> &mut Vec<Self> {
        &mut configuration.users
    }

    /// The actions of two people with one account could not be told apart.
    fn rival(&self, file: &Configuration) -> Option<usize> {
        Self::position(file, &self.name).or_else(|| file.holder_of_account(self))
    }
}
