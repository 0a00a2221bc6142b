//! The integration's permissions.

use crate::notion::Notion;
use domain::{ActionError, ErrorKind, PermissionProblem};

impl Notion {
    /// Asks whether the token is accepted and whether the integration sees the page `space`. Which capabilities it has cannot be asked.
    ///
    /// # Errors
    /// `Rejected` when the token is not accepted; errors of the connection.
    pub async fn permission_problems(&self, space: &str) -> Result<Vec<PermissionProblem>, ActionError> {
        self.client.get("/v1/users/me", &[]).send().await?;
        let problem = |remedy: String| {
            PermissionProblem::missing(
                format!("the page {space}"),
                "pages cannot be read or made there",
                remedy,
            )
        };
        match self.sees(space).await {
            Ok(true) => Ok(Vec::new()),
            Ok(false) => {
                let remedy = "share it with the integration: in the page's menu under Connections";
                Ok(vec![problem(remedy.to_owned())])
            }
            Err(error) if error.kind == ErrorKind::Rejected => Ok(vec![problem(error.message)]),
            Err(error) => Err(error),
        }
    }
}
