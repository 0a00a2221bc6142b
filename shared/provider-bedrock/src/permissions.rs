//! The permissions of the credentials.

use crate::bedrock::Bedrock;
use crate::models::base;
use domain::{ActionError, PermissionProblem};
use http_client::Failure;
use serde_json::json;

impl Bedrock {
    /// Asks whether the credentials are valid and the model is there, by
    /// [counting the tokens](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html) of one word, which costs
    /// nothing. A model that does not count says so, and is there.
    ///
    /// # Errors
    /// `Rejected` when the credentials are not accepted; errors of the connection.
    pub async fn permission_problems(&self, model: &str) -> Result<Vec<PermissionProblem>, ActionError> {
        let body =
            json!({"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}}});
        let request = self.client.post("/model/{modelId}/count-tokens", &[base(model)]).json(&body);
        let section = self.client.section();
        let problem = |what: String, remedy: String| {
            Ok(vec![PermissionProblem::missing(what, "no agent can ask it", remedy)])
        };
        match request.send().await {
            Err(failure @ Failure { status: Some(403), .. }) if failure.is_not_allowed() => problem(
                format!("bedrock:CountTokens and bedrock:InvokeModel on {model}"),
                "allow them for the inference profile and for its model in each region that it uses, and request access to the model"
                    .to_owned(),
            ),
            Err(Failure { status: Some(404), .. }) => problem(
                format!("the model {model}"),
                format!("set {section}.model to a model or inference profile of the region, to which the account has access"),
            ),
            Err(failure) if failure.says(400, "count") => Ok(Vec::new()),
            Err(failure) if failure.says(400, "identifier") => problem(
                format!("the model {model}"),
                format!("set {section}.model to a model or inference profile of the region"),
            ),
            Err(failure) => Err(failure.into()),
            Ok(_) => Ok(Vec::new()),
        }
    }
}

/// Whether credentials were understood and lack a permission, rather than not being accepted at all.
trait NotAllowed {
    fn is_not_allowed(&self) -> bool;
}

impl NotAllowed for Failure {
    fn is_not_allowed(&self) -> bool {
        self.says(403, "not authorized") || self.says(403, "access to the model")
    }
}
