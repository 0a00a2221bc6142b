//! The permissions of the key.

use crate::openai::OpenAi;
use domain::{ActionError, PermissionProblem};
use http_client::{Failure, Optional};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Models {
    #[serde(default)]
    data: Option<Vec<Listed>>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
}

impl OpenAi {
    /// Asks whether the key is valid and may use `model`, by
    /// [retrieving the model](https://platform.openai.com/docs/api-reference/models/retrieve), or listing all models where only that is
    /// possible, as with vLLM and llama.cpp. It costs nothing.
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
        let is_there = found.is_some() || self.lists(model).await?;
        Ok((!is_there).then(unknown).into_iter().collect())
    }

    /// Whether the [list of models](https://platform.openai.com/docs/api-reference/models/list) names it. A server without one, and a key that may
    /// not read it, names none.
    async fn lists(&self, model: &str) -> Result<bool, ActionError> {
        let answer = match self.client.get("/models", &[]).send().await {
            Err(Failure { status: Some(400..=499), .. }) => return Ok(false),
            answer => answer?,
        };
        let listed = answer.json::<Models>()?.data.unwrap_or_default();
        Ok(listed.iter().any(|listed| listed.id == model))
    }
}
