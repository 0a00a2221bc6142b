//! Links by which one ticket waits for another: Jira's [issue links](https://developer.atlassian.com/cloud/jira/platform/issue-linking-model/),
//! of the type that the settings name.

use crate::jira::{Jira, is_early};
use crate::tickets::unknown_ticket;
use domain::ActionError;
use domain::plugins::{LinkedTask, TaskLink};
use http_client::{Failure, Optional};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Linked {
    key: String,
    fields: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    /// Absent where linking is switched off.
    #[serde(default)]
    issuelinks: Vec<Link>,
}

/// A link as one of its two tickets shows it: the other ticket, and which end that is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    id: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    inward_issue: Option<Other>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Other {
    key: String,
}

impl Jira {
    /// The tickets that block a ticket; `None` if it does not exist in its project.
    pub(crate) async fn blocking_tickets(&self, key: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        let request = self.client.get("/rest/api/3/issue/{key}", &[key]).query("fields", "issuelinks");
        let Some(answer) = request.send_settled(is_early).await.optional()? else { return Ok(None) };
        let linked: Linked = answer.json()?;
        if !linked.key.eq_ignore_ascii_case(key) {
            return Ok(None);
        }
        let ours = linked.fields.issuelinks.into_iter().filter(|link| self.is_link_type(&link.kind.name));
        // "blocks" applies to the inward end: the ticket "is blocked by" it.
        let blockers =
            ours.filter_map(|link| Some(TaskLink { blocker: link.inward_issue?.key, id: link.id }));
        Ok(Some(blockers.collect()))
    }

    /// An existing link is not made twice: Jira answers as if it had made it.
    pub(crate) async fn block_ticket(&self, key: &str, blocker: &str) -> Result<LinkedTask, ActionError> {
        let body = json!({
            "type": {"name": self.link_type},
            "inwardIssue": {"key": blocker},
            "outwardIssue": {"key": key},
        });
        let request = self.client.post("/rest/api/3/issueLink", &[]).json(&body);
        let is_early = |failure: &Failure| is_early(failure) && !is_about_type(failure);
        match request.send_settled(is_early).await {
            Err(failure) if is_about_type(&failure) => Err(ActionError::rejected(format!(
                "Jira has no issue link type `{}`, or issue linking is switched off. It says: {}. Name a type of the site in {}.link_type, as its \
                 administrators see them under Settings > Issues > Issue linking",
                self.link_type,
                failure.words().trim_end_matches(['.', ' ']),
                self.client.section()
            ))),
            answer => {
                answer.optional()?.ok_or_else(|| unknown_ticket(&format!("{key}` or `{blocker}")))?;
                Ok(LinkedTask::default())
            }
        }
    }

    pub(crate) async fn remove_link(&self, link: &TaskLink) -> Result<(), ActionError> {
        self.client.delete("/rest/api/3/issueLink/{linkId}", &[&link.id]).send().await.optional()?;
        Ok(())
    }

    fn is_link_type(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.link_type)
    }
}

/// Whether Jira knows no link type by that name, or no links at all. An unknown ticket has the same status.
fn is_about_type(failure: &Failure) -> bool {
    ["link type", "linking is"].iter().any(|words| failure.says(404, words) || failure.says(400, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tickets_at_the_inward_end_are_waited_for() {
        let links = json!({"key": "A-1", "fields": {"issuelinks": [
            {"id": "1", "type": {"id": "9", "name": "Blocks"}, "inwardIssue": {"key": "A-2"}},
            {"id": "2", "type": {"id": "9", "name": "Blocks"}, "outwardIssue": {"key": "A-3"}},
        ]}});
        let linked: Linked = serde_json::from_value(links).unwrap();
        let inward: Vec<_> = linked
            .fields
            .issuelinks
            .iter()
            .map(|link| link.inward_issue.as_ref().map(|other| &other.key))
            .collect();
        assert_eq!(inward, [Some(&"A-2".to_owned()), None]);
        let hidden: Linked = serde_json::from_value(json!({"key": "A-1", "fields": {}})).unwrap();
        assert!(hidden.fields.issuelinks.is_empty());
    }
}
