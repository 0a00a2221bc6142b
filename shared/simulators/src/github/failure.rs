//! GitHub's error answers.

use serde_json::{Value, json};

use crate::git::GitError;

/// An error answer: `{message, documentation_url, status, errors}`.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) errors: Vec<Value>,
}

impl Failure {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 422 with GitHub's list of what is wrong: `code` is `missing`, `missing_field`, `invalid`, `already_exists`.
    pub(super) fn invalid(resource: &str, field: &str, code: &str) -> Self {
        let error = json!({ "resource": resource, "field": field, "code": code });
        Self { status: 422, message: "Validation Failed".into(), errors: vec![error] }
    }

    /// 422 with a single message in the list.
    pub(super) fn custom(resource: &str, message: impl Into<String>) -> Self {
        let error = json!({ "resource": resource, "code": "custom", "message": message.into() });
        Self { status: 422, message: "Validation Failed".into(), errors: vec![error] }
    }

    /// 422 for a body that lacks a property or has it in another type.
    pub(super) fn malformed(name: &str, problem: &str) -> Self {
        Self::new(422, format!("Invalid request.\n\n\"{name}\" {problem}."))
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if !self.errors.is_empty() {
            body["errors"] = Value::from(self.errors.clone());
        }
        body
    }
}

/// An unexpected refusal by git is the simulator's own fault.
impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        tracing::error!(%error, "the simulated repository's git failed");
        Self::new(500, format!("Server Error: {error}"))
    }
}
