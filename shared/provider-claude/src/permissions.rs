//! The permissions of the key.

use crate::claude::Claude;
use domain::{ActionError, PermissionProblem};
use http_client::Optional;

impl Claude {
    /// Asks whether the key is valid and may use `model`, by
    /// [retrieving the model](https://platform.claude.com/docs/en/api/models/retrieve), which costs nothing.
    ///
    /// # Errors
    /// `Rejected` when the key is not accepted; errors of the connection.
    pub async fn permission_problems(&self, model: &str) -> Result<Vec<PermissionProblem>, ActionError> {
        let found = self.client.get("/v1/models/{model_id}", &[model]).send().await.optional()?;
        let unknown = || {
            PermissionProblem::missing(
                format!("the model {model}"),
                "no agent can ask it",
                format!("set {}.model to a model that the key's workspace may use", self.client.section()),
            )
        };
        Ok(found.is_none().then(unknown).into_iter().collect())
    }
}
