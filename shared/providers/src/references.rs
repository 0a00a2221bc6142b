//! How the tickets of a configuration's trackers are written.

use crate::list::{find, known};
use domain::PluginInstance;
use domain::configuration::{Configuration, Instance, Project, User};
use domain::reference::{Pattern, ProjectReference, References, TrackerReferences};
use jiff::Timestamp;
use records::{ConfiguredItem, RecordsError, Table};

/// The ticket forms of all providers in use, with each one's site filled in.
pub fn references(configuration: &Configuration) -> References {
    let trackers = configuration.instances().filter_map(tracker_references).collect();
    let projects = configuration.projects.iter().map(ProjectReference::from).collect();
    References { trackers, projects, providers: known() }
}

/// The ticket forms of one provider; `None` if it has no tickets.
pub(crate) fn tracker_references(instance: Instance<'_>) -> Option<TrackerReferences> {
    let spec = find(instance.provider()).ok().filter(|spec| !spec.references.is_empty())?;
    let site = spec.site_of(instance);
    let patterns = spec.references.iter().filter_map(|pattern| pattern.parse::<Pattern>().ok());
    let patterns = patterns.map(|pattern| pattern.at(&site)).collect();
    Some(TrackerReferences { instance: instance.name.clone(), patterns })
}

/// A configuration file that was put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The configuration's version.
    pub version: u64,
    /// Items of the API that are archived now because the file has them.
    pub archived: Vec<Overruled>,
}

/// An item of the API that is also in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overruled {
    /// Its kind: `project`.
    pub kind: &'static str,
    /// Its key.
    pub key: String,
    /// The part that the file also has: its key.
    pub shared: &'static str,
}

/// Puts a configuration file in force, with its ticket forms. Items of the API stay, except those that are also in the file: the file
/// wins, and it is archived in the name of `by`.
///
/// # Errors
/// As [`Table::put_configuration`].
pub async fn put_in_force(
    table: &Table,
    configuration: &Configuration,
    by: &str,
    now: Timestamp,
) -> Result<InForce, RecordsError> {
    table.put_references(&references(configuration)).await?;
    let version = table.put_configuration(configuration).await?;
    let mut archived = overruled::<Project>(table, configuration, by, now).await?;
    archived.extend(overruled::<User>(table, configuration, by, now).await?);
    archived.extend(overruled::<PluginInstance>(table, configuration, by, now).await?);
    Ok(InForce { version, archived })
}

async fn overruled<T: ConfiguredItem>(
    table: &Table,
    file: &Configuration,
    by: &str,
    now: Timestamp,
) -> Result<Vec<Overruled>, RecordsError> {
    let keys = table.archive_managed_of_file::<T>(file, by, now).await?.into_iter();
    Ok(keys.map(|key| Overruled { kind: T::KIND, key, shared: T::SHARED }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configuration() -> Configuration {
        serde_json::from_value(json!({
            "projects": [
                {"key": "SHOP", "repository": "acme/shop", "providers": {"task_management": "jira", "version_control": "github"}},
                {"key": "OLD", "repository": "acme/old", "providers": {"task_management": "old-jira", "version_control": "ghe"}},
            ],
            "plugins": {
                "jira": {"base_url": "https://acme.atlassian.net"},
                "old-jira": {"provider": "jira", "base_url": "https://jira.acme.example"},
                "github": {},
                "ghe": {"provider": "github", "base_url": "https://git.acme.example/api/v3"},
                "slack": {},
            },
        }))
        .unwrap()
    }

    #[test]
    fn each_instance_reads_the_links_of_its_site() {
        let references = references(&configuration());
        let check = |typed: &str, task_id: &str, instance: &str| {
            let ticket = references.read(typed).unwrap();
            assert_eq!((ticket.task_id.as_str(), ticket.instance.as_str()), (task_id, instance), "{typed}");
        };
        check("shop-1", "SHOP-1", "jira");
        check("old-1", "OLD-1", "old-jira");
        check("https://acme.atlassian.net/browse/SHOP-1?x=1", "SHOP-1", "jira");
        check("https://jira.acme.example/browse/OLD-2", "OLD-2", "old-jira");
        check("https://github.com/acme/shop/issues/7#issuecomment-1", "acme/shop#7", "github");
        check("https://git.acme.example/Acme/Old/issues/7", "acme/old#7", "ghe");
        assert_eq!(references.read("https://gitlab.com/acme/shop/issues/7"), None);
    }
}
