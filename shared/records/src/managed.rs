//! Items that people manage with the API, each with a revision. The file's items are in the document of the configuration; what the file has,
//! too, is the file's.

use crate::cached::Last;
use crate::configured_item::ConfiguredItem;
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, text, to_item};
use crate::keys::configured as keys;
use crate::retention;
use crate::timestamp;
use domain::PluginInstance;
use domain::configuration::{Configuration, Project, User};
use domain::reference::{ProjectReference, References};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that the API manages.
#[derive(Debug, Clone, PartialEq)]
pub struct Managed<T> {
    /// The configuration of the item.
    pub item: T,
    /// How often it was written: 1 when it is new.
    pub revision: u64,
    /// When it was written last.
    pub changed_at: Timestamp,
    /// The person who wrote it last.
    pub changed_by: String,
    /// Why it is no longer in force; `None` while it is.
    pub archived: Option<Archived>,
}

/// A project that the API manages.
pub type ManagedProject = Managed<Project>;

/// A person whom the API manages.
pub type ManagedPerson = Managed<User>;

/// A plugin instance that the API manages.
pub type ManagedPlugin = Managed<PluginInstance>;

/// Why something is archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Somebody deleted it.
    Deleted,
    /// The configuration file has its key, or one of its accounts, and wins.
    File,
}

/// What came of writing something.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<T> {
    /// It is as it was to be.
    Written(Box<Managed<T>>),
    /// It is not, or no longer, the version to be overwritten.
    Changed,
    /// Something else was written since it was checked, so that it must be checked again.
    Overtaken,
    /// The maximum number exists already.
    TooMany,
}

/// The item without its configuration: that is separate JSON, so that a version that knows fewer keys can still read it.
#[derive(Debug, Serialize, Deserialize)]
struct ManagedItem {
    revision: u64,
    #[serde(with = "timestamp")]
    changed_at: Timestamp,
    changed_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived: Option<Archived>,
}

impl<T: ConfiguredItem> Managed<T> {
    pub(crate) fn from_item(item: Item) -> Result<Self, RecordsError> {
        let place = attribute(&item, crate::keys::SK).unwrap_or_default().to_owned();
        let json = attribute(&item, T::KIND).unwrap_or_default();
        let configured = serde_json::from_str(json)
            .map_err(|error| RecordsError::Corrupt(format!("`{place}` cannot be read: {error}")))?;
        let ManagedItem { revision, changed_at, changed_by, archived } = from_item(item)?;
        Ok(Self { item: configured, revision, changed_at, changed_by, archived })
    }

    pub(crate) fn to_item(&self) -> Result<Item, RecordsError> {
        let (kind, limit) = (T::KIND, T::LIMIT);
        let json = serde_json::to_string(&self.item)
            .map_err(|error| RecordsError::Invalid(format!("a {kind} cannot be stored: {error}")))?;
        if json.len() > limit {
            let size = json.len();
            return Err(RecordsError::Invalid(format!(
                "a {kind} of {size} bytes cannot be stored; accepted: at most {limit}"
            )));
        }
        // Archived items are kept for a while, to explain why nothing starts.
        let expires_at = self.archived.map(|_| retention::expires_at(self.changed_at, retention::ARCHIVED));
        let rest = ManagedItem {
            revision: self.revision,
            changed_at: self.changed_at,
            changed_by: self.changed_by.clone(),
            archived: self.archived,
        };
        let mut item = to_item(&rest, keys::item::<T>(self.item.key()), expires_at)?;
        item.insert(kind.to_owned(), text(json));
        Ok(item)
    }

    /// Whether it is in force next to a file, which wins if both have it.
    fn is_beside(&self, file: &Configuration) -> bool {
        self.archived.is_none() && self.item.rival(file).is_none()
    }
}

/// All that the API manages, as it was at a version.
#[derive(Debug, Default)]
pub(crate) struct AllManaged {
    pub(crate) version: u64,
    pub(crate) projects: Vec<ManagedProject>,
    pub(crate) people: Vec<ManagedPerson>,
    pub(crate) plugins: Vec<ManagedPlugin>,
}

/// A configuration in force, assembled from its sources.
#[derive(Debug)]
pub(crate) struct PutTogether {
    file: Arc<Configuration>,
    references_of_file: Arc<References>,
    managed: Arc<AllManaged>,
    pub(crate) configuration: Arc<Configuration>,
    /// The ticket forms of the file, and of the projects and plugin instances that are not in it.
    pub(crate) references: Arc<References>,
    /// The projects that were in force and are archived.
    pub(crate) archived: Arc<[ManagedProject]>,
}

/// The configuration of a file with the items that the API manages; the last one is cached.
pub(crate) fn put_together(
    kept: &Last<PutTogether>,
    file: &Arc<Configuration>,
    references: &Arc<References>,
    managed: &Arc<AllManaged>,
) -> Arc<PutTogether> {
    let is_same = |known: &Arc<PutTogether>| {
        Arc::ptr_eq(&known.file, file)
            // They are read again each minute, mostly unchanged.
            && known.references_of_file == *references
            && Arc::ptr_eq(&known.managed, managed)
    };
    if let Some(known) = kept.last().filter(is_same) {
        return known;
    }
    let projects: Vec<_> = beside(&managed.projects, file).collect();
    let people: Vec<_> = beside(&managed.people, file).collect();
    let plugins: Vec<_> = beside(&managed.plugins, file).collect();
    let references_of_file = Arc::clone(references);
    let references = with_references(references, &projects, &plugins);
    let configuration = if projects.is_empty() && people.is_empty() && plugins.is_empty() {
        Arc::clone(file)
    } else {
        let mut all = Configuration::clone(file);
        all.projects.extend(projects.into_iter().cloned());
        all.users.extend(people.into_iter().cloned());
        all.plugins.extend(plugins.into_iter().map(|plugin| (plugin.name.clone(), plugin.section.clone())));
        Arc::new(all)
    };
    let gone = managed.projects.iter().filter(|managed| managed.archived.is_some());
    let archived = gone.filter(|managed| managed.item.rival(file).is_none()).cloned().collect();
    let (file, managed) = (Arc::clone(file), Arc::clone(managed));
    let all =
        Arc::new(PutTogether { file, references_of_file, managed, configuration, references, archived });
    kept.keep(Arc::clone(&all));
    all
}

/// The ticket forms of a file with those of these projects and plugin instances.
fn with_references(
    file: &Arc<References>,
    projects: &[&Project],
    plugins: &[&PluginInstance],
) -> Arc<References> {
    let trackers: Vec<_> = plugins.iter().filter_map(|plugin| plugin.references()).collect();
    // Where an earlier version stored no forms of tickets, the directory finds its own.
    let has_none = file.trackers.is_empty() && trackers.is_empty();
    if has_none || (projects.is_empty() && trackers.is_empty()) {
        return Arc::clone(file);
    }
    let mut with = References::clone(file);
    with.projects.extend(projects.iter().map(|project| ProjectReference::from(*project)));
    with.trackers.extend(trackers);
    Arc::new(with)
}

fn beside<'a, T: ConfiguredItem>(
    managed: &'a [Managed<T>],
    file: &'a Configuration,
) -> impl Iterator<Item = &'a T> {
    managed.iter().filter(move |managed| managed.is_beside(file)).map(|managed| &managed.item)
}
