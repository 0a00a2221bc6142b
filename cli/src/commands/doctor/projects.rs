//! Projects that people created by the API and that the configuration file has, too.

use super::{Finding, Verdict};
use crate::connection::Connection;
use crate::place::PlaceArgument;
use domain::configuration::Configuration;
use records::{Archived, ManagedProject};

/// A warning for each project that the API manages and whose key the file has: the file wins. Nothing where no `serve` is running and no stage is
/// named, because there is nobody to ask.
pub(super) async fn in_both(configuration: &Configuration, place: &PlaceArgument) -> Vec<Finding> {
    let Ok(connection) = Connection::open(place).await else { return Vec::new() };
    match connection.table.managed_projects().await {
        Ok(managed) => managed.iter().filter_map(|managed| of(configuration, managed)).collect(),
        Err(error) => vec![Finding::new("projects of the API", Err(error.to_string()))],
    }
}

fn of(configuration: &Configuration, managed: &ManagedProject) -> Option<Finding> {
    let key = &managed.project.key;
    let is_it = |project: &domain::configuration::Project| project.key.eq_ignore_ascii_case(key);
    let index = configuration.projects.iter().position(is_it)?;
    let problem = match managed.archived {
        // Whoever deleted it knows.
        Some(Archived::Deleted) => return None,
        Some(Archived::File) => format!(
            "projects[{index}] of the file has the same key and wins; the one that was created by the API is archived, and is forgotten after 90 days"
        ),
        None => format!(
            "projects[{index}] of the file has the same key and will win; the one that was created by the API is archived once the file is in force"
        ),
    };
    Some(Finding { subject: format!("project {key}"), verdict: Verdict::Warning, problem: Some(problem) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_in_both_is_said_with_its_place_in_the_file() {
        let project = |key: &str| json!({"key": key, "repository": "acme/x"});
        let file: Configuration =
            serde_json::from_value(json!({"projects": [project("SHOP"), project("GIFT")]})).unwrap();
        let check = |key: &str, archived: Option<Archived>| {
            let managed = ManagedProject {
                project: serde_json::from_value(project(key)).unwrap(),
                revision: 1,
                changed_at: "2026-11-29T12:00:00Z".parse().unwrap(),
                changed_by: "ada".into(),
                archived,
            };
            of(&file, &managed).map(|finding| (finding.subject, finding.verdict, finding.problem.unwrap()))
        };
        let (subject, verdict, problem) = check("gift", Some(Archived::File)).unwrap();
        assert_eq!((subject.as_str(), verdict), ("project gift", Verdict::Warning));
        assert!(problem.starts_with("projects[1] of the file has the same key and wins"), "{problem}");
        assert!(check("GIFT", None).unwrap().2.contains("is archived once the file is in force"));
        assert_eq!(check("GIFT", Some(Archived::Deleted)), None);
        assert_eq!(check("WEB", None), None);
    }
}
