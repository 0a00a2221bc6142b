//! Checking definitions without creating anything.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::definition::{self, Severity};
use crate::error::EngineError;

/// Most diagnostics that one answer holds.
const MOST: i64 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ValidateStateMachineDefinition {
    definition: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn validate(request: ValidateStateMachineDefinition) -> Result<Value, EngineError> {
    super::state_machines::check_type(request.kind.as_deref())?;
    let warnings = match request.severity.as_deref() {
        None | Some("ERROR") => false,
        Some("WARNING") => true,
        Some(other) => {
            let message = format!("'{other}' is not a severity; accepted: ERROR and WARNING");
            return Err(EngineError::Validation(message));
        }
    };
    let limit = match request.max_results.unwrap_or(0) {
        0 => MOST,
        asked @ 1..=MOST => asked,
        other => {
            let message = format!("maxResults must be from 0 to {MOST}, and not {other}");
            return Err(EngineError::Validation(message));
        }
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = definition::validate(&request.definition);
    let failed = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    found.retain(|diagnostic| warnings || diagnostic.severity == Severity::Error);
    let truncated = found.len() > limit;
    found.truncate(limit);
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": found,
        "truncated": truncated,
    }))
}
