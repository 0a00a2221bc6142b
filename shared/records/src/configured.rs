//! The configuration: the file's document, and the items that the API manages.

use crate::cached::Last;
use crate::configured_item::ConfiguredItem;
use crate::error::RecordsError;
use crate::item::{Item, is_under, number, whole_number};
use crate::keys::Key;
use crate::keys::configured as keys;
use crate::managed::{AllManaged, Archived, Managed, ManagedProject, Written, put_together};
use crate::table::Table;
use crate::update::Update;
use crate::write::{ABSENT, Refused, Write};
use domain::PluginInstance;
use domain::configuration::{Configuration, Project, User};
use domain::reference::References;
use jiff::Timestamp;
use std::sync::Arc;

/// The configuration, as of one reading of the table.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// How tickets are written.
    pub references: Arc<References>,
    /// The projects that were in force and are archived.
    pub archived: Arc<[ManagedProject]>,
    /// The version of the items managed by the API. A write that was checked against them names it.
    pub version: u64,
}

impl Table {
    /// The configuration in force: from the file, at most a minute old, and with the API's current items. These follow the
    /// file's.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when no file was ever put in force.
    pub async fn configuration(&self, now: Timestamp) -> Result<Arc<Configuration>, RecordsError> {
        Ok(self.configured(now).await?.configuration)
    }

    /// The configuration as [`Table::configuration`] returns it, and related data.
    ///
    /// # Errors
    /// As [`Table::configuration`].
    pub async fn configured(&self, now: Timestamp) -> Result<Configured, RecordsError> {
        let items = self.get_many(self.configured_keys(now)).await?;
        self.configured_in(&items, now).await
    }

    /// The configuration as it was read last, however long ago that was; none before the first time. Reads nothing.
    pub fn last_configuration(&self) -> Option<Arc<Configuration>> {
        self.put_together.last().map(|all| Arc::clone(&all.configuration))
    }

    /// A configuration file with the API's current items, as it would be in force. The file itself need not be.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn configuration_with(&self, file: &Configuration) -> Result<Arc<Configuration>, RecordsError> {
        let head = self.get(keys::head()).await?;
        let managed = self.managed_in(head.as_slice()).await?;
        let (file, references) = (Arc::new(file.clone()), Arc::default());
        Ok(Arc::clone(&put_together(&Last::default(), &file, &references, &managed).configuration))
    }

    /// The keys for reading the configuration: whether the API's items have changed, and the parts that are not in memory.
    pub(crate) fn configured_keys(&self, now: Timestamp) -> Vec<Key> {
        std::iter::once(keys::head()).chain(self.keys_of_file(now)).collect()
    }

    /// The configuration, if the items named by [`Table::configured_keys`] are among these.
    ///
    /// # Errors
    /// As [`Table::configuration`].
    pub(crate) async fn configured_in(
        &self,
        items: &[Item],
        now: Timestamp,
    ) -> Result<Configured, RecordsError> {
        self.keep_file(items, now)?;
        // Both are in memory now, if they exist.
        let (file, references) =
            (self.configuration_of_file(now).await?, self.references_of_file(now).await?);
        let managed = self.managed_in(items).await?;
        let all = put_together(&self.put_together, &file, &references, &managed);
        Ok(Configured {
            configuration: Arc::clone(&all.configuration),
            references: Arc::clone(&all.references),
            archived: Arc::clone(&all.archived),
            version: managed.version,
        })
    }
}

impl Table {
    /// The current item with this key, ignoring case, including an archived one.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn managed<T: ConfiguredItem>(&self, key: &str) -> Result<Option<Managed<T>>, RecordsError> {
        self.get(keys::item::<T>(key)).await?.map(Managed::from_item).transpose()
    }

    /// All current items of a kind that the API manages, including archived ones, by key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn all_managed<T: ConfiguredItem>(&self) -> Result<Vec<Managed<T>>, RecordsError> {
        let items = self.query(keys::partition::<T>(), &keys::prefix::<T>()).await?;
        items.into_iter().map(Managed::from_item).collect()
    }

    /// Puts something in force that does not exist, or is archived. `seen` is the version by which it was checked.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when it is over [`ConfiguredItem::LIMIT`]; [`RecordsError`] when the table does not answer.
    pub async fn create_managed<T: ConfiguredItem>(
        &self,
        item: &T,
        seen: u64,
        by: &str,
        now: Timestamp,
    ) -> Result<Written<T>, RecordsError> {
        let known = self.query_fields(keys::partition::<T>(), &keys::prefix::<T>(), &["sk"]).await?;
        let before = self.managed::<T>(item.key()).await?;
        if before.is_none() && known.len() >= T::MOST {
            return Ok(Written::TooMany);
        }
        if before.as_ref().is_some_and(|before| before.archived.is_none()) {
            return Ok(Written::Changed);
        }
        let revision = before.map_or(0, |before| before.revision);
        self.write_managed(item, revision, None, Some(seen), by, now).await
    }

    /// Puts something in the place of the same at a revision. `archived` takes it out of force; `seen` is the version by which it was checked.
    ///
    /// # Errors
    /// As [`Table::create_managed`].
    pub async fn replace_managed<T: ConfiguredItem>(
        &self,
        item: &T,
        revision: u64,
        archived: Option<Archived>,
        seen: u64,
        by: &str,
        now: Timestamp,
    ) -> Result<Written<T>, RecordsError> {
        self.write_managed(item, revision, archived, Some(seen), by, now).await
    }

    /// Archives everything of a kind over which a configuration file wins. Gives the keys.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn archive_managed_of_file<T: ConfiguredItem>(
        &self,
        file: &Configuration,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, RecordsError> {
        let mut archived = Vec::new();
        for Managed { item, revision, archived: already, .. } in self.all_managed::<T>().await? {
            if already.is_some() || item.rival(file).is_none() {
                continue;
            }
            // Somebody writing it at this moment does not put it in force either: the file wins wherever both are read.
            let written = self.write_managed(&item, revision, Some(Archived::File), None, by, now).await?;
            if matches!(written, Written::Written(_)) {
                archived.push(item.key().to_owned());
            }
        }
        Ok(archived)
    }

    /// Writes an item over its revision `before`, 0 for none. The head changes with it, so that its readers notice; if it is no
    /// longer at the version `seen`, nothing is written, because the earlier checks may no longer hold.
    async fn write_managed<T: ConfiguredItem>(
        &self,
        item: &T,
        before: u64,
        archived: Option<Archived>,
        seen: Option<u64>,
        by: &str,
        now: Timestamp,
    ) -> Result<Written<T>, RecordsError> {
        let written = Managed {
            item: item.clone(),
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
        let head = Update::new(keys::head(), "ADD #version :one").value(":one", number(1_u64));
        let head = match seen {
            None => head,
            Some(0) => head.condition("attribute_not_exists(#version)"),
            Some(seen) => head.condition("#version = :seen").value(":seen", number(seen)),
        };
        match self.transact("write what is configured", vec![put, Write::Update(head)]).await? {
            Ok(()) => Ok(Written::Written(Box::new(written))),
            Err(Refused { index: 0, .. }) => Ok(Written::Changed),
            Err(Refused { .. }) => Ok(Written::Overtaken),
        }
    }

    /// All items managed by the API, given its head among these items. They are read each time, because changes are in force at once.
    async fn managed_in(&self, items: &[Item]) -> Result<Arc<AllManaged>, RecordsError> {
        let head = items.iter().find(|item| is_under(item, &keys::head()));
        let version = head.map_or(Ok(0), |head| whole_number(head, "version"))?;
        if let Some(known) = self.managed.last().filter(|known| known.version == version) {
            return Ok(known);
        }
        let managed = match version {
            0 => AllManaged::default(),
            _ => {
                let (projects, people, plugins) = tokio::try_join!(
                    self.all_managed::<Project>(),
                    self.all_managed::<User>(),
                    self.all_managed::<PluginInstance>()
                )?;
                AllManaged { version, projects, people, plugins }
            }
        };
        let managed = Arc::new(managed);
        self.managed.keep(Arc::clone(&managed));
        Ok(managed)
    }
}
