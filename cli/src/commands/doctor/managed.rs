//! Items that the API manages, in addition to the configuration file or in conflict with it.

use super::{Finding, Verdict};
use crate::connection::Connection;
use crate::place::PlaceArgument;
use domain::PluginInstance;
use domain::configuration::{Configuration, Project, User};
use records::{Archived, ConfiguredItem, Managed, Table};
use std::sync::Arc;

/// The file's configuration with what the API manages, as `serve` and a stage use it, and a warning for each project, person and plugin instance that
/// is in both: the file wins. If no `serve` is running and no stage is named, there is nothing to ask, and only the file counts.
pub(super) async fn with_api(
    file: &Configuration,
    place: &PlaceArgument,
) -> (Arc<Configuration>, Vec<Finding>) {
    let alone = || Arc::new(file.clone());
    let Ok(connection) = Connection::open(place).await else { return (alone(), Vec::new()) };
    let mut findings = in_both_of::<Project>(file, &connection.table).await;
    findings.extend(in_both_of::<User>(file, &connection.table).await);
    findings.extend(in_both_of::<PluginInstance>(file, &connection.table).await);
    match connection.table.configuration_with(file).await {
        Ok(configuration) => (configuration, findings),
        // A table that does not answer has just been reported.
        Err(error) => {
            tracing::debug!(%error, "only the file is checked");
            (alone(), findings)
        }
    }
}

async fn in_both_of<T: ConfiguredItem>(configuration: &Configuration, table: &Table) -> Vec<Finding> {
    match table.all_managed::<T>().await {
        Ok(managed) => managed.iter().filter_map(|managed| of(configuration, managed)).collect(),
        Err(error) => vec![Finding::new(format!("{} of the API", T::KINDS), Err(error.to_string()))],
    }
}

fn of<T: ConfiguredItem>(configuration: &Configuration, managed: &Managed<T>) -> Option<Finding> {
    let place = managed.item.rival(configuration)?;
    let shared = T::SHARED;
    let problem = match managed.archived {
        // An item that was deleted on purpose needs no warning.
        Some(Archived::Deleted) => return None,
        Some(Archived::File) => format!(
            "{place} of the file has the same {shared} and wins; the one created with the API is archived, and is removed after 90 days"
        ),
        None => format!(
            "{place} of the file has the same {shared} and will win; the one created with the API is archived once the file is in force"
        ),
    };
    let subject = format!("{} {}", T::KIND, managed.item.key());
    Some(Finding { subject, verdict: Verdict::Warning, problem: Some(problem) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said<T: ConfiguredItem>(item: Value, archived: Option<Archived>) -> Option<(String, Verdict, String)> {
        let project = |key: &str| json!({"key": key, "repository": "acme/x"});
        let file: Configuration = serde_json::from_value(json!({
            "projects": [project("SHOP"), project("GIFT")],
            "users": [{"name": "ada", "github": "ada-l"}],
            "plugins": {"ghe": {"provider": "github"}},
        }))
        .unwrap();
        let managed = Managed {
            item: serde_json::from_value::<T>(item).unwrap(),
            revision: 1,
            changed_at: "2026-11-29T12:00:00Z".parse().unwrap(),
            changed_by: "ada".into(),
            archived,
        };
        of(&file, &managed).map(|finding| (finding.subject, finding.verdict, finding.problem.unwrap()))
    }

    #[test]
    fn a_key_in_both_is_said_with_its_place_in_the_file() {
        let check =
            |key: &str, archived| said::<Project>(json!({"key": key, "repository": "acme/x"}), archived);
        let (subject, verdict, problem) = check("gift", Some(Archived::File)).unwrap();
        assert_eq!((subject.as_str(), verdict), ("project gift", Verdict::Warning));
        assert!(problem.starts_with("projects[1] of the file has the same key and wins"), "{problem}");
        assert!(check("GIFT", None).unwrap().2.contains("is archived once the file is in force"));
        assert_eq!(check("GIFT", Some(Archived::Deleted)), None);
        assert_eq!(check("WEB", None), None);
    }

    #[test]
    fn a_person_whose_account_the_file_has_is_said() {
        let (subject, _, problem) = said::<User>(json!({"name": "eve", "github": "Ada-L"}), None).unwrap();
        assert_eq!(subject, "person eve");
        assert!(
            problem.starts_with("users[0] of the file has the same name or account and will win"),
            "{problem}"
        );
        assert_eq!(said::<User>(json!({"name": "eve", "github": "eve"}), None), None);
    }

    #[test]
    fn a_plugin_instance_that_the_file_has_is_said() {
        let plugin = |name: &str| json!({"name": name, "section": {"provider": "slack"}});
        let (subject, _, problem) = said::<PluginInstance>(plugin("ghe"), None).unwrap();
        assert_eq!(subject, "plugin ghe");
        assert!(problem.starts_with("plugins.ghe of the file has the same name and will win"), "{problem}");
        assert_eq!(said::<PluginInstance>(plugin("chat"), None), None);
    }
}
