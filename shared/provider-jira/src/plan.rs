//! Tickets created from a plan: inspected, rewritten, taken back.

use crate::fields::Issue;
use crate::jira::{Jira, document, is_early};
use crate::limits;
use crate::tickets::{summary, unknown_ticket};
use domain::plugins::{InspectedTask, NewTask};
use domain::{ActionError, Task};
use http_client::Optional;
use provider::send_fitting;
use serde_json::{Map, json};

impl Jira {
    /// A ticket and its number of comments; `None` if it does not exist in its project.
    pub(crate) async fn inspect_ticket(&self, key: &str) -> Result<Option<InspectedTask>, ActionError> {
        let mut fields = self.custom_fields.wanted();
        fields.extend(["comment", "attachment", "worklog"]);
        let request = self.client.get("/rest/api/3/issue/{key}", &[key]).query("fields", fields.join(","));
        let Some(answer) = request.send_settled(is_early).await.optional()? else { return Ok(None) };
        let issue: Issue = answer.json()?;
        // A ticket that was moved to another project answers to its former key, too.
        if !issue.key.eq_ignore_ascii_case(key) {
            return Ok(None);
        }
        let (comments, additions) = (issue.comments(), issue.additions());
        Ok(Some(InspectedTask { task: self.task(issue), comments, additions, withdrawn: false }))
    }

    pub(crate) async fn rewrite_ticket(&self, present: &Task, new: &NewTask) -> Result<(), ActionError> {
        let key = present.task_id.as_str();
        let (mut fields, mut update) = (Map::new(), Map::new());
        fields.insert("summary".into(), summary(&new.title));
        if new.epic != present.epic_link {
            match (&self.custom_fields.epic_link, &new.epic) {
                (Some(field), epic) => fields.insert(field.clone(), json!(epic)),
                (None, Some(epic)) => fields.insert("parent".into(), json!({"key": epic})),
                // A parent is not removed by null: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
                (None, None) => update.insert("parent".into(), json!([{"set": {"none": true}}])),
            };
        }
        if let Some(field) = &self.custom_fields.story_points
            && new.story_points != present.story_points
        {
            fields.insert(field.clone(), json!(new.story_points));
        }
        let (fields, update) = (&fields, &update);
        let send = async |text: String| {
            let mut fields = fields.clone();
            fields.insert("description".into(), document(text).await?);
            let request = self.client.put("/rest/api/3/issue/{key}", &[key]);
            request.json(&json!({"fields": fields, "update": update})).send_settled(is_early).await
        };
        let answer = send_fitting(&new.description, limits::MARKDOWN, limits::is_too_long, send).await;
        answer.optional()?.ok_or_else(|| unknown_ticket(key))?;
        Ok(())
    }

    /// Deletes a ticket. Succeeds if it is already gone.
    pub(crate) async fn delete_ticket(&self, key: &str) -> Result<(), ActionError> {
        self.client.delete("/rest/api/3/issue/{key}", &[key]).send().await.optional()?;
        Ok(())
    }
}
