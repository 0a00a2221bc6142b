//! The official JSON Schema of the Atlassian Document Format, which Jira's OpenAPI description leaves out.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

/// The schema, such as `dist/json-schema/v1/full.json` of the npm package
/// [`@atlaskit/adf-schema`](https://www.npmjs.com/package/@atlaskit/adf-schema).
pub struct DocumentFormat(Validator);

/// Why the schema cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path} is not a JSON Schema of the Atlassian Document Format: {reason}")]
pub struct DocumentFormatError {
    /// The file.
    pub path: PathBuf,
    /// The mistake in it.
    pub reason: String,
}

impl DocumentFormat {
    /// Reads the schema from a file.
    ///
    /// # Errors
    /// [`DocumentFormatError`] if the file cannot be read or does not contain a JSON Schema.
    pub fn load(path: &Path) -> Result<Self, DocumentFormatError> {
        let failed = |reason: String| DocumentFormatError { path: path.to_owned(), reason };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let schema: Value = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        jsonschema::validator_for(&schema).map(Self).map_err(|error| failed(error.to_string()))
    }

    /// Checks a document against the schema; the error names the difference.
    pub(super) fn check(&self, document: &Value) -> Result<(), String> {
        self.0
            .validate(document)
            .map_err(|error| format!("INVALID_INPUT: {error} at {}", error.instance_path()))
    }
}
