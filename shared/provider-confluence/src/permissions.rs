//! The account's permissions in a space.

use crate::confluence::Confluence;
use domain::{ActionError, PermissionProblem};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Permitted {
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation: String,
    target_type: String,
}

impl Confluence {
    /// Asks what the account may do in the space with this key and compares it with what actions do there:
    /// [permitted operations](https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-operation/).
    ///
    /// # Errors
    /// `Rejected` when the token is not accepted or the space cannot be seen; errors of the connection.
    pub async fn permission_problems(&self, space: &str) -> Result<Vec<PermissionProblem>, ActionError> {
        let id = self.space_id(space).await?;
        let request = self.client.get("/wiki/api/v2/spaces/{id}/operations", &[&id]);
        let permitted: Permitted = request.send().await?.json()?;
        let may = |operation: &str, target: &str| {
            permitted.operations.iter().any(|may| may.operation == operation && may.target_type == target)
        };
        let settings = format!("in the settings of the space {space} under Space permissions");
        let mut problems = Vec::new();
        for (operation, consequence) in [
            ("create", "`create_page_from_template` fails"),
            ("delete", "pages cannot be taken back: `delete_page` fails"),
        ] {
            if !may(operation, "page") {
                let remedy = format!("allow the token's account to {operation} pages {settings}");
                problems.push(PermissionProblem::missing(format!("{operation} page"), consequence, remedy));
            }
        }
        if may("administer", "space") {
            problems.push(PermissionProblem::excessive(
                "administer space",
                "anyone with the token can change who sees the space, and delete it",
                format!("take it from the token's account {settings}"),
            ));
        }
        Ok(problems)
    }
}
