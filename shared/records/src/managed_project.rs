//! Projects that people manage by the API, each with a revision. The file's projects are in the document of the configuration; a key that the
//! file has, too, is the file's.

use crate::cached::Last;
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, to_item};
use crate::keys::configured as keys;
use crate::retention;
use crate::timestamp;
use domain::configuration::{Configuration, Project};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most projects that the API manages, archived ones included.
pub const MOST_PROJECTS: usize = 500;

/// The largest project, in bytes as JSON.
pub const PROJECT_LIMIT: usize = 16 * 1024;

/// A project that the API manages.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedProject {
    /// The project.
    pub project: Project,
    /// How often it was written: 1 when it is new.
    pub revision: u64,
    /// When it was written last.
    pub changed_at: Timestamp,
    /// Who wrote it last.
    pub changed_by: String,
    /// Why nothing starts there any longer; `None` while it is in force.
    pub archived: Option<Archived>,
}

/// Why a project is archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Somebody deleted it.
    Deleted,
    /// The configuration file has its key, and wins.
    File,
}

/// What came of writing a project.
#[derive(Debug, Clone, PartialEq)]
pub enum ProjectWritten {
    /// It is as it was to be.
    Written(Box<ManagedProject>),
    /// It is not, or no longer, what it was to be written over.
    Changed,
    /// There are [`MOST_PROJECTS`] already.
    TooMany,
}

/// The item. The project is JSON of its own, so that a version that knows fewer keys reads it all the same.
#[derive(Debug, Serialize, Deserialize)]
struct ProjectItem {
    project: String,
    revision: u64,
    #[serde(with = "timestamp")]
    changed_at: Timestamp,
    changed_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived: Option<Archived>,
}

impl ManagedProject {
    pub(crate) fn from_item(item: Item) -> Result<Self, RecordsError> {
        let place = attribute(&item, crate::keys::SK).unwrap_or_default().to_owned();
        let ProjectItem { project, revision, changed_at, changed_by, archived } = from_item(item)?;
        let project = serde_json::from_str(&project)
            .map_err(|error| RecordsError::Corrupt(format!("`{place}` cannot be read: {error}")))?;
        Ok(Self { project, revision, changed_at, changed_by, archived })
    }

    pub(crate) fn to_item(&self) -> Result<Item, RecordsError> {
        let project = serde_json::to_string(&self.project)
            .map_err(|error| RecordsError::Invalid(format!("a project cannot be stored: {error}")))?;
        if project.len() > PROJECT_LIMIT {
            let size = project.len();
            return Err(RecordsError::Invalid(format!(
                "a project of {size} bytes cannot be stored; accepted: at most {PROJECT_LIMIT}"
            )));
        }
        // What is archived is known for a while, for whoever wonders why nothing starts.
        let expires_at = self.archived.map(|_| retention::expires_at(self.changed_at, retention::ARCHIVED));
        let item = ProjectItem {
            project,
            revision: self.revision,
            changed_at: self.changed_at,
            changed_by: self.changed_by.clone(),
            archived: self.archived,
        };
        to_item(&item, keys::project(&self.project.key), expires_at)
    }
}

/// The projects that the API manages, as they were at a version.
#[derive(Debug, Default)]
pub(crate) struct Managed {
    pub(crate) version: u64,
    pub(crate) projects: Vec<ManagedProject>,
}

/// A configuration in force, put together of what it was read from.
#[derive(Debug)]
pub(crate) struct PutTogether {
    file: Arc<Configuration>,
    managed: Arc<Managed>,
    configuration: Arc<Configuration>,
}

impl Managed {
    /// Those in force beside a file, which wins where both have a key.
    pub(crate) fn beside<'a>(&'a self, file: &'a Configuration) -> impl Iterator<Item = &'a ManagedProject> {
        let is_live = |managed: &&ManagedProject| managed.archived.is_none();
        self.projects.iter().filter(is_live).filter(|managed| file.project(&managed.project.key).is_none())
    }
}

/// The configuration of a file with what the API manages beside it; the last one is kept.
pub(crate) fn put_together(
    kept: &Last<PutTogether>,
    file: Arc<Configuration>,
    managed: Arc<Managed>,
) -> Arc<Configuration> {
    if managed.beside(&file).next().is_none() {
        return file;
    }
    let is_same =
        |known: &Arc<PutTogether>| Arc::ptr_eq(&known.file, &file) && Arc::ptr_eq(&known.managed, &managed);
    if let Some(known) = kept.last().filter(is_same) {
        return Arc::clone(&known.configuration);
    }
    let mut all = Configuration::clone(&file);
    all.projects.extend(managed.beside(&file).map(|managed| managed.project.clone()));
    let configuration = Arc::new(all);
    kept.keep(Arc::new(PutTogether { file, managed, configuration: Arc::clone(&configuration) }));
    configuration
}
