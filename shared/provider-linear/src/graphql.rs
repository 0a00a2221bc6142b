//! Requests to the API, and the meaning of its errors.

use crate::linear::Linear;
use domain::{ActionError, ErrorKind};
use http_client::{Answer, Failure, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What Linear said no to.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Linear's code for it: `INPUT_ERROR`. Empty if there was none.
    code: String,
    failure: Failure,
}

impl Refusal {
    /// Whether something in the request was wrong, such as a name or an ID that Linear does not know.
    pub(crate) fn is_invalid_input(&self) -> bool {
        matches!(self.code.as_str(), "INPUT_ERROR" | "INVALID_INPUT" | "BAD_USER_INPUT")
    }

    /// Whether Linear knows nothing by the ID that was given, or does not show it to us.
    pub(crate) fn is_unknown(&self) -> bool {
        self.code == "ENTITY_NOT_FOUND" || self.is_invalid_input() && self.says("entity not found")
    }

    /// Whether Linear's words hold these, in any case.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.failure.body.to_string().to_lowercase().contains(words)
    }
}

impl From<Refusal> for ActionError {
    fn from(refusal: Refusal) -> Self {
        refusal.failure.error
    }
}

impl From<http_client::PagesError> for Refusal {
    fn from(error: http_client::PagesError) -> Self {
        Self::other(ActionError::from(error))
    }
}

impl Refusal {
    pub(crate) fn other(error: ActionError) -> Self {
        Self { code: String::new(), failure: error.into() }
    }
}

impl Linear {
    /// Asks one of our documents, which errors name as `what`, and gives the answer's `data` and its size in bytes.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        what: &str,
        document: &str,
        variables: Value,
    ) -> Result<(T, usize), Refusal> {
        self.ask_by(self.client.post("/graphql", &[]), what, document, variables).await
    }

    /// The same, and the addresses of files in the answer are keys by themselves for five minutes
    /// (<https://linear.app/developers/file-storage-authentication>).
    pub(crate) async fn ask_with_keys<T: DeserializeOwned>(
        &self,
        what: &str,
        document: &str,
        variables: Value,
    ) -> Result<(T, usize), Refusal> {
        let request = self.client.post("/graphql", &[]).header("public-file-urls-expire-in", "300");
        self.ask_by(request, what, document, variables).await
    }

    async fn ask_by<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
        what: &str,
        document: &str,
        variables: Value,
    ) -> Result<(T, usize), Refusal> {
        let body = json!({"query": document, "variables": variables});
        let answer = match request.json(&body).send().await {
            Ok(answer) => answer,
            Err(failure) => return Err(refused(what, failure)),
        };
        let data = data(what, &answer)?;
        let size = answer.size();
        match serde_json::from_value(data) {
            Ok(data) => Ok((data, size)),
            Err(error) => {
                let problem = answer.quote(&error.to_string());
                let message = format!("Linear: the answer to {what} has an unexpected form: {problem}");
                Err(Refusal::other(ActionError::internal(message)))
            }
        }
    }
}

/// The `data` of an answer without errors.
fn data(what: &str, answer: &Answer) -> Result<Value, Refusal> {
    let mut body: Value = answer.json().map_err(Refusal::other)?;
    if body["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
        let error = ActionError::rejected(format!("Linear: {what} failed: {}", answer.quote(&words(&body))));
        return Err(refused_with(answer.failure(body, error)));
    }
    match body.get_mut("data").map(Value::take) {
        Some(data @ Value::Object(_)) => Ok(data),
        _ => {
            let message = format!("Linear: the answer to {what} has neither `data` nor `errors`");
            Err(Refusal::other(ActionError::internal(message)))
        }
    }
}

/// A failure by its status, whose body may say more.
fn refused(what: &str, mut failure: Failure) -> Refusal {
    if failure.body["errors"].is_array() {
        let said = http_client::excerpt(&words(&failure.body));
        failure.error.message = format!("Linear: {what} failed: {said}");
    }
    refused_with(failure)
}

fn refused_with(mut failure: Failure) -> Refusal {
    let code = failure.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    if let Some(kind) = kind(&code) {
        failure.error.kind = kind;
    }
    if let Some(advice) = advice(&code) {
        failure.error.message = format!("{}; {advice}", failure.error.message);
    }
    Refusal { code, failure }
}

/// Linear's message for people if there is one, and its message.
fn words(body: &Value) -> String {
    let errors = body["errors"].as_array().into_iter().flatten();
    let said = errors.map(|error| {
        let message = error["message"].as_str().unwrap_or("no reason was given");
        match error["extensions"]["userPresentableMessage"].as_str() {
            Some(shown) if shown != message => format!("{message}: {shown}"),
            _ => message.to_owned(),
        }
    });
    said.collect::<Vec<_>>().join("; ")
}

/// The meaning of a code; `None` if the status says it. <https://linear.app/developers/rate-limiting> and the errors of Linear's SDK.
fn kind(code: &str) -> Option<ErrorKind> {
    match code {
        "RATELIMITED" => Some(ErrorKind::Throttled),
        "INTERNAL_SERVER_ERROR" | "INTERNAL_ERROR" | "LOCK_TIMEOUT" | "NETWORK_ERROR" => {
            Some(ErrorKind::Unavailable)
        }
        "CONFLICT" => Some(ErrorKind::Conflict),
        "" => None,
        _ => Some(ErrorKind::Rejected),
    }
}

fn advice(code: &str) -> Option<&'static str> {
    match code {
        "AUTHENTICATION_ERROR" => Some("store a valid API key in the configured secret"),
        "FORBIDDEN" | "FEATURE_NOT_ACCESSIBLE" => {
            Some("the API key's account may not do that, or the key is restricted to other teams or rights")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_to_do_next() {
        assert_eq!(kind("RATELIMITED"), Some(ErrorKind::Throttled));
        assert_eq!(kind("LOCK_TIMEOUT"), Some(ErrorKind::Unavailable));
        assert_eq!(kind("INPUT_ERROR"), Some(ErrorKind::Rejected));
        assert_eq!(kind(""), None);
    }

    #[test]
    fn both_forms_of_words_are_quoted_once() {
        let error = |message: &str, shown: &str| json!({"errors": [{"message": message, "extensions": {"userPresentableMessage": shown}}]});
        assert_eq!(
            words(&error("Entity not found", "Could not find it.")),
            "Entity not found: Could not find it."
        );
        assert_eq!(words(&error("same", "same")), "same");
        assert_eq!(words(&json!({"errors": [{}]})), "no reason was given");
    }
}
