//! Whole documents that functions read again and again: the configuration, how tickets are written, the routes, the prompt templates and the
//! agents. Each is kept with its newest versions, for people who look back from the audit log, and read from memory for a minute.

use crate::cached::Cached;
use crate::error::RecordsError;
use crate::item::{Item, is_under, number, text, whole_number};
use crate::keys;
use crate::stored::{compress, decompress};
use crate::table::Table;
use crate::write::{ABSENT, Refused, Write};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::AgentDefinition;
use domain::configuration::Configuration;
use domain::reference::References;
use domain::routes::Routes;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The largest document, in bytes after compression: it is one item.
pub const DOCUMENT_LIMIT: usize = 350 * 1024;

/// As many versions of each document are kept: `serve --watch` makes one whenever a file is saved.
const VERSIONS: u64 = 100;
/// As many older ones are removed at a time.
const AT_A_TIME: usize = 10;

const CONFIGURATION: &str = "configuration";
const REFERENCES: &str = "references";
const ROUTES: &str = "routes";
const PROMPTS: &str = "prompts";
const AGENTS: &str = "agents";

impl Table {
    /// Puts the configuration in force, as a new version unless it is the present one. Gives the version's number. Other
    /// functions see it within a minute.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when it is over [`DOCUMENT_LIMIT`]; [`RecordsError::Conflict`] when somebody else put
    /// another one at the same moment.
    pub async fn put_configuration(&self, configuration: &Configuration) -> Result<u64, RecordsError> {
        self.configuration.set(None);
        self.put_document(CONFIGURATION, configuration).await
    }

    /// The configuration file in force, at most a minute old, without the items managed by the API.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when none was ever put.
    pub async fn configuration_of_file(&self, now: Timestamp) -> Result<Arc<Configuration>, RecordsError> {
        self.document(CONFIGURATION, &self.configuration, now).await
    }

    /// Clears the cached configuration and ticket forms, for callers that change something that depends on them.
    pub fn forget_configuration(&self) {
        self.configuration.set(None);
        self.references.set(None);
    }

    /// Puts in force how tickets are written, as [`Table::put_configuration`] does. They are derived from the configuration by the list
    /// of providers, for functions that link none.
    ///
    /// # Errors
    /// As [`Table::put_configuration`].
    pub async fn put_references(&self, references: &References) -> Result<u64, RecordsError> {
        self.references.set(None);
        self.put_document(REFERENCES, references).await
    }

    /// How tickets of the file's projects are written, at most a minute old. Where the configuration was put by an earlier version there are
    /// none, and every ticket is taken as it was typed.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn references_of_file(&self, now: Timestamp) -> Result<Arc<References>, RecordsError> {
        match self.document(REFERENCES, &self.references, now).await {
            Err(RecordsError::Missing(_)) => Ok(Arc::default()),
            read => read,
        }
    }

    /// Puts the routes in force, as [`Table::put_configuration`] does.
    ///
    /// # Errors
    /// As [`Table::put_configuration`].
    pub async fn put_routes(&self, routes: &Routes) -> Result<u64, RecordsError> {
        self.routes.set(None);
        self.put_document(ROUTES, routes).await
    }

    /// The routes in force, at most a minute old.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when none were ever put.
    pub async fn routes(&self, now: Timestamp) -> Result<Arc<Routes>, RecordsError> {
        self.document(ROUTES, &self.routes, now).await
    }

    /// Puts the prompt templates in force, by their paths relative to the folder of `ticketsmith.yaml`, as
    /// [`Table::put_configuration`] does.
    ///
    /// # Errors
    /// As [`Table::put_configuration`].
    pub async fn put_prompts(&self, prompts: &BTreeMap<String, String>) -> Result<u64, RecordsError> {
        self.prompts.set(None);
        self.put_document(PROMPTS, prompts).await
    }

    /// The prompt templates in force by their paths, at most a minute old.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when none were ever put.
    pub async fn prompts(&self, now: Timestamp) -> Result<Arc<BTreeMap<String, String>>, RecordsError> {
        self.document(PROMPTS, &self.prompts, now).await
    }

    /// Puts the agents in force, by their names, as [`Table::put_configuration`] does.
    ///
    /// # Errors
    /// As [`Table::put_configuration`].
    pub async fn put_agents(&self, agents: &BTreeMap<String, AgentDefinition>) -> Result<u64, RecordsError> {
        self.agents.set(None);
        self.put_document(AGENTS, agents).await
    }

    /// The agents in force by their names, at most a minute old: the shipped ones, and the project's own in their place.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when none were ever put.
    pub async fn agents(
        &self,
        now: Timestamp,
    ) -> Result<Arc<BTreeMap<String, AgentDefinition>>, RecordsError> {
        self.document(AGENTS, &self.agents, now).await
    }

    async fn put_document<T: Serialize>(&self, name: &str, document: &T) -> Result<u64, RecordsError> {
        let json = serde_json::to_vec(document)
            .map_err(|error| RecordsError::Invalid(format!("the {name} cannot be stored: {error}")))?;
        let compressed = compress(&json)?;
        if compressed.len() > DOCUMENT_LIMIT {
            return Err(RecordsError::Invalid(format!(
                "the {name} has {} bytes after compression; at most {DOCUMENT_LIMIT} are accepted",
                compressed.len()
            )));
        }
        let present = self.get(keys::document(name)).await?;
        let version = match &present {
            None => 0,
            Some(item) if read_json(item, name)? == json => return whole_number(item, "version"),
            Some(item) => whole_number(item, "version")?,
        };
        let item = |key: keys::Key| -> Item {
            HashMap::from([
                (keys::PK.to_owned(), text(key.pk)),
                (keys::SK.to_owned(), text(key.sk)),
                ("version".to_owned(), number(version + 1)),
                ("size".to_owned(), number(json.len() as u64)),
                ("gzip".to_owned(), AttributeValue::B(Blob::new(compressed.clone()))),
            ])
        };
        // The new version's number is free only if no other writer got there first, so one condition guards both items.
        let writes = vec![
            Write::Put { item: item(keys::document_version(name, version + 1)), condition: Some(ABSENT) },
            Write::Put { item: item(keys::document(name)), condition: None },
        ];
        match self.transact("put a document", writes).await? {
            Ok(()) => {
                if let Err(error) = self.remove_old_versions(name, version + 1).await {
                    tracing::warn!(%error, name, "old versions were not removed; the next version put removes them");
                }
                Ok(version + 1)
            }
            Err(Refused { .. }) => {
                Err(RecordsError::Conflict(format!("somebody else put another {name} at the same moment")))
            }
        }
    }

    /// Removes versions before the newest [`VERSIONS`], the oldest first. Of many, the next calls remove the rest.
    async fn remove_old_versions(&self, name: &str, newest: u64) -> Result<(), RecordsError> {
        let Some(last) = newest.checked_sub(VERSIONS).filter(|last| *last > 0) else { return Ok(()) };
        let (first, last) = (keys::document_version(name, 0), keys::document_version(name, last));
        let old = self.query_between(last.pk, first.sk, last.sk, true, AT_A_TIME).await?;
        let numbers = old.iter().map(|item| whole_number(item, "version")).collect::<Result<Vec<_>, _>>()?;
        let removals =
            numbers.into_iter().map(|number| Write::Delete { key: keys::document_version(name, number) });
        let removals: Vec<Write> = removals.collect();
        if !removals.is_empty() {
            let _ = self.transact("remove old versions of a document", removals).await?;
        }
        Ok(())
    }

    async fn document<T: DeserializeOwned>(
        &self,
        name: &str,
        cached: &Cached<T>,
        now: Timestamp,
    ) -> Result<Arc<T>, RecordsError> {
        if let Some(document) = cached.fresh(now) {
            return Ok(document);
        }
        let item = self.get(keys::document(name)).await?.ok_or_else(|| {
            RecordsError::Missing(format!("{name} in the table; apply the configuration first"))
        })?;
        read_document(&item, name, cached, now)
    }

    /// The keys of the configuration and of the ticket forms, as far as they are not in memory.
    pub(crate) fn keys_of_file(&self, now: Timestamp) -> impl Iterator<Item = keys::Key> {
        let configuration = self.configuration.fresh(now).is_none().then(|| keys::document(CONFIGURATION));
        let references = self.references.fresh(now).is_none().then(|| keys::document(REFERENCES));
        configuration.into_iter().chain(references)
    }

    /// Caches the configuration and the ticket forms, if they are among these items.
    pub(crate) fn keep_file(&self, items: &[Item], now: Timestamp) -> Result<(), RecordsError> {
        let of = |name| items.iter().find(|item| is_under(item, &keys::document(name)));
        if let Some(item) = of(CONFIGURATION) {
            read_document(item, CONFIGURATION, &self.configuration, now)?;
        }
        if let Some(item) = of(REFERENCES) {
            read_document(item, REFERENCES, &self.references, now)?;
        }
        Ok(())
    }
}

impl Table {
    /// Stored documents in force; `None` if one was never put in force.
    pub(crate) async fn documents_json(
        &self,
        names: [&str; 3],
    ) -> Result<[Option<Vec<u8>>; 3], RecordsError> {
        let [first, second, third] = self.get_each(names.map(keys::document)).await?;
        let json = |item: Option<Item>, name| item.map(|item| read_json(&item, name)).transpose();
        Ok([json(first, names[0])?, json(second, names[1])?, json(third, names[2])?])
    }

    /// The numbers of the versions in force, by the names of the documents.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn document_versions(&self) -> Result<BTreeMap<&'static str, u64>, RecordsError> {
        let mut versions = BTreeMap::new();
        for name in [AGENTS, CONFIGURATION, PROMPTS, REFERENCES, ROUTES] {
            if let Some(item) = self.get(keys::document(name)).await? {
                versions.insert(name, whole_number(&item, "version")?);
            }
        }
        Ok(versions)
    }
}

/// A document in an item, which is in memory from now on.
fn read_document<T: DeserializeOwned>(
    item: &Item,
    name: &str,
    cached: &Cached<T>,
    now: Timestamp,
) -> Result<Arc<T>, RecordsError> {
    let document = serde_json::from_slice(&read_json(item, name)?)
        .map_err(|error| RecordsError::Corrupt(format!("the {name} cannot be read: {error}")))?;
    let document = Arc::new(document);
    cached.set(Some((now, Arc::clone(&document))));
    Ok(document)
}

fn read_json(item: &Item, name: &str) -> Result<Vec<u8>, RecordsError> {
    let size = whole_number(item, "size")?;
    item.get("gzip")
        .and_then(|bytes| bytes.as_b().ok())
        .and_then(|bytes| decompress(bytes.as_ref(), size))
        .ok_or_else(|| RecordsError::Corrupt(format!("the {name} cannot be decompressed to its size")))
}
