//! Names of statuses: ours, the tracker's, and how people write them.

use super::Project;
use crate::folded::folded;

impl Project {
    /// The tracker's name for a status: from the project's [`statuses`](Self::statuses), or else the same.
    pub fn tracker_status<'a>(&'a self, status: &'a str) -> &'a str {
        self.statuses.iter().find(|(name, _)| same_status(name, status)).map_or(status, |(_, name)| name)
    }
}

/// Whether two names mean the same status, ignoring case (as [`folded`] does), white space, `_` and `-`.
pub fn same_status(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let kept = name.chars().filter(|c| !matches!(c, '_' | '-') && !c.is_whitespace());
        folded(&kept.collect::<String>())
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_project_translates_statuses() {
        let project: Project = serde_json::from_value(json!({
            "key": "SHOP", "repository": "acme/shop", "statuses": {"in_review": "Code Review"}
        }))
        .unwrap();
        assert_eq!(project.tracker_status("In-Review"), "Code Review");
        assert_eq!(project.tracker_status("in_progress"), "in_progress");
        assert!(same_status("In Progress", "in_progress") && !same_status("Done", "To Do"));
        assert!(same_status("ÜBERPRÜFT", "überprüft") && same_status("Großes Ja", "GROSSES_JA"));
        assert!(same_status("in_review", "In\u{a0}Review") && same_status("TO-DO", "To Do"));
    }
}
