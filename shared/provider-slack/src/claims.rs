//! The configuration's claims about the workspace.

use crate::slack::{Slack, answer};
use domain::{ActionError, PermissionProblem};
use provider::Claims;
use serde_json::Value;

impl Slack {
    /// Verifies people's member IDs. That needs the scope `users:read`, which nothing else does: without it, nothing is said.
    ///
    /// # Errors
    /// Those of the connection.
    pub(crate) async fn unknown_members(
        &self,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let mut problems = Vec::new();
        for (person, account) in &claims.people {
            let request = self.client.get("/users.info", &[]).query("user", account);
            match answer::<Value>("/users.info", request).await {
                Ok(_) => {}
                Err(error) if error.code == "missing_scope" => break,
                Err(error) if matches!(error.code.as_str(), "user_not_found" | "users_not_found") => {
                    problems.push(Claims::unknown_account("Slack", person, account));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(problems)
    }
}
