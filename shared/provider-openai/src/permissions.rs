//! The permissions of the key.

use crate::openai::OpenAi;
use domain::{ActionError, PermissionProblem};
use http_client::Optional;

impl OpenAi {
    /// Asks whether the key is valid and may use `model`, by
    /// [retrieving the model](https://platform.openai.com/docs/api-reference/models/retrieve), which costs nothing.
    ///
    /// # Errors
    /// `Rejected` when the key is not accepted; errors of the connection.
    pub async fn permission_problems(&self, model: &str) -> Result<Vec<PermissionProblem>, ActionError> {
        let found = self.client.get("/models/{+model}", &[model]).send().await.optional()?;
        let unknown = || {
            PermissionProblem::missing(
                format!("the model {model}"),
                "no agent can ask it",
                format!("set {}.model to a model that the key's project may use", self.client.section()),
            )
        };
        Ok(found.is_none().then(unknown).into_iter().collect())
    }
}
