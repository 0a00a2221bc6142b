//! What is configured: the file's document, and beside it the projects that the API manages.

use crate::error::RecordsError;
use crate::item::{Item, is_under, number, whole_number};
use crate::keys::Key;
use crate::keys::configured as keys;
use crate::managed_project::{
    Archived, MOST_PROJECTS, Managed, ManagedProject, ProjectWritten, put_together,
};
use crate::table::Table;
use crate::update::Update;
use crate::write::{ABSENT, Refused, Write};
use domain::configuration::{Configuration, Project};
use domain::reference::{ProjectReference, References};
use jiff::Timestamp;
use std::sync::Arc;

/// What is configured, as one reading of the table gives it.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// How tickets are written.
    pub references: Arc<References>,
    /// The projects that were in force and are archived.
    pub archived: Arc<[ManagedProject]>,
}

impl Table {
    /// The configuration in force: of the file, at most a minute old, and with the projects that the API manages, as they are now. They come
    /// behind the file's.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when no file was ever put in force.
    pub async fn configuration(&self, now: Timestamp) -> Result<Arc<Configuration>, RecordsError> {
        Ok(self.configured(now).await?.configuration)
    }

    /// What is configured: the configuration as [`Table::configuration`] gives it, and what belongs to it.
    ///
    /// # Errors
    /// As [`Table::configuration`].
    pub async fn configured(&self, now: Timestamp) -> Result<Configured, RecordsError> {
        let items = self.get_many(self.configured_keys(now)).await?;
        self.configured_in(&items, now).await
    }

    /// The keys of what a reading of the configuration takes: whether what the API manages has changed, and what is not in memory.
    pub(crate) fn configured_keys(&self, now: Timestamp) -> Vec<Key> {
        std::iter::once(keys::projects_head()).chain(self.keys_of_file(now)).collect()
    }

    /// What is configured, where what [`Table::configured_keys`] names is among these items.
    ///
    /// # Errors
    /// As [`Table::configuration`].
    pub(crate) async fn configured_in(
        &self,
        items: &[Item],
        now: Timestamp,
    ) -> Result<Configured, RecordsError> {
        self.keep_file(items, now)?;
        // Both are in memory now, where they exist.
        let (file, references) =
            (self.configuration_of_file(now).await?, self.references_of_file(now).await?);
        let managed = self.managed_in(items).await?;
        let archived = managed.projects.iter().filter(|managed| managed.archived.is_some());
        let archived = archived.filter(|managed| file.project(&managed.project.key).is_none()).cloned();
        let archived = archived.collect();
        let beside: Vec<_> =
            managed.beside(&file).map(|managed| ProjectReference::from(&managed.project)).collect();
        // Where an earlier version stored no forms of tickets, the directory finds its own.
        let references = match beside.is_empty() || references.trackers.is_empty() {
            true => references,
            false => {
                let mut all = References::clone(&references);
                all.projects.extend(beside);
                Arc::new(all)
            }
        };
        let configuration = put_together(&self.put_together, file, managed);
        Ok(Configured { configuration, references, archived })
    }
}

impl Table {
    /// The project with this key, ignoring case, as it is now: one that is archived, too.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn managed_project(&self, key: &str) -> Result<Option<ManagedProject>, RecordsError> {
        self.get(keys::project(key)).await?.map(ManagedProject::from_item).transpose()
    }

    /// All projects that the API manages as they are now, those that are archived included, by their keys.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn managed_projects(&self) -> Result<Vec<ManagedProject>, RecordsError> {
        let items = self.query(keys::projects_partition(), keys::PROJECT).await?;
        items.into_iter().map(ManagedProject::from_item).collect()
    }

    /// Puts a project in force that does not exist, or is archived.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when it is over [`PROJECT_LIMIT`]; [`RecordsError`] when the table does not answer.
    pub async fn create_project(
        &self,
        project: &Project,
        by: &str,
        now: Timestamp,
    ) -> Result<ProjectWritten, RecordsError> {
        let known = self.query_fields(keys::projects_partition(), keys::PROJECT, &["sk"]).await?;
        let before = self.managed_project(&project.key).await?;
        if before.is_none() && known.len() >= MOST_PROJECTS {
            return Ok(ProjectWritten::TooMany);
        }
        if before.as_ref().is_some_and(|before| before.archived.is_none()) {
            return Ok(ProjectWritten::Changed);
        }
        let revision = before.map_or(0, |before| before.revision);
        self.write_project(project, revision, None, by, now).await
    }

    /// Puts a project in the place of the same project at a revision. `archived` takes it out of force.
    ///
    /// # Errors
    /// As [`Table::create_project`].
    pub async fn replace_project(
        &self,
        project: &Project,
        revision: u64,
        archived: Option<Archived>,
        by: &str,
        now: Timestamp,
    ) -> Result<ProjectWritten, RecordsError> {
        self.write_project(project, revision, archived, by, now).await
    }

    /// Archives every project whose key a configuration file has. Gives their keys.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn archive_projects_of_file(
        &self,
        file: &Configuration,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, RecordsError> {
        let mut archived = Vec::new();
        for known in self.managed_projects().await? {
            let ManagedProject { project, revision, archived: already, .. } = known;
            if already.is_some() || file.project(&project.key).is_none() {
                continue;
            }
            // Whoever writes it at this moment does not put it in force either: the file wins wherever both are read.
            let written = self.write_project(&project, revision, Some(Archived::File), by, now).await?;
            if matches!(written, ProjectWritten::Written(_)) {
                archived.push(project.key);
            }
        }
        Ok(archived)
    }

    /// Writes a project over its revision `before`, 0 for none. The head changes with it, so that whoever has read it sees that.
    async fn write_project(
        &self,
        project: &Project,
        before: u64,
        archived: Option<Archived>,
        by: &str,
        now: Timestamp,
    ) -> Result<ProjectWritten, RecordsError> {
        let written = ManagedProject {
            project: project.clone(),
            revision: before + 1,
            changed_at: now,
            changed_by: by.to_owned(),
            archived,
        };
        let item = written.to_item()?;
        let put = match before {
            0 => Write::Put { item, condition: Some(ABSENT) },
            _ => {
                Write::Replace { item, condition: "#revision = :before", value: (":before", number(before)) }
            }
        };
        let head = Update::new(keys::projects_head(), "ADD #version :one").value(":one", number(1_u64));
        match self.transact("write a project", vec![put, Write::Update(head)]).await? {
            Ok(()) => Ok(ProjectWritten::Written(Box::new(written))),
            Err(Refused { .. }) => Ok(ProjectWritten::Changed),
        }
    }

    /// The projects that the API manages, by their head among these items. It is read each time, because a project is in force as soon as it
    /// is written.
    async fn managed_in(&self, items: &[Item]) -> Result<Arc<Managed>, RecordsError> {
        let head = items.iter().find(|item| is_under(item, &keys::projects_head()));
        let version = head.map_or(Ok(0), |head| whole_number(head, "version"))?;
        if let Some(known) = self.managed.last().filter(|known| known.version == version) {
            return Ok(known);
        }
        let projects = if version == 0 { Vec::new() } else { self.managed_projects().await? };
        let managed = Arc::new(Managed { version, projects });
        self.managed.keep(Arc::clone(&managed));
        Ok(managed)
    }
}
