//! Tickets created from a plan: inspected, rewritten, taken back.

use crate::fields::Issue;
use crate::jira::{Jira, document, is_early};
use crate::limits;
use crate::tickets::{summary, unknown_ticket};
use domain::ActionError;
use domain::plugins::{InspectedTask, NewTask};
use http_client::Optional;
use provider::send_fitting;
use serde_json::json;

impl Jira {
    /// A ticket and its number of comments; `None` if it does not exist in its project.
    pub(crate) async fn inspect_ticket(&self, key: &str) -> Result<Option<InspectedTask>, ActionError> {
        let mut fields = self.custom_fields.wanted();
        fields.push("comment");
        let request = self.client.get("/rest/api/3/issue/{key}", &[key]).query("fields", fields.join(","));
        let Some(answer) = request.send_settled(is_early).await.optional()? else { return Ok(None) };
        let issue: Issue = answer.json()?;
        // A ticket that was moved to another project answers to its former key, too.
        if !issue.key.eq_ignore_ascii_case(key) {
            return Ok(None);
        }
        let comments = issue.comments();
        Ok(Some(InspectedTask { task: self.task(issue), comments, withdrawn: false }))
    }

    pub(crate) async fn rewrite_ticket(&self, key: &str, new: &NewTask) -> Result<(), ActionError> {
        let title = summary(&new.title);
        let title = &title;
        let send = async |text: String| {
            let fields = json!({"summary": title, "description": document(text).await?});
            let request = self.client.put("/rest/api/3/issue/{key}", &[key]);
            request.json(&json!({"fields": fields})).send_settled(is_early).await
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
