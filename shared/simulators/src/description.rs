//! Checks requests against a service's official [OpenAPI](https://spec.openapis.org/oas/latest.html) description.
//!
//! The simulators are written by the same people as the programs that call them, so both could share a wrong idea of
//! the service. The description is nobody's idea but the service's own: path, query, headers and body of every request
//! are held against it, and what it does not list is refused.
//!
//! [`Description`] is the check; [`RequestCheck`] with [`check_requests`] puts it in front of a router.

mod layer;
mod parameter;
pub(crate) mod schema;
mod template;

use std::{
    collections::HashMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, Method, header};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::Serialize;
use serde_json::Value;

pub use layer::{RequestCheck, UnexpectedRequest, Violations, check_requests, unexpected_call};

use schema::{Openness, follow};
use template::Template;

/// One way in which a request departs from the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where: `path`, `method`, `query per_page`, `path parameter owner`, `header anthropic-version`, or `body` with a
    /// JSON pointer, such as `body/tree/0/mode`.
    pub at: String,
    /// The violation there. Values are omitted, since they may be secret.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.message)
    }
}

impl Violation {
    pub(crate) fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The file cannot be read.
    #[error("cannot read the API description {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error("the API description {path} is not JSON: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The file is JSON but no OpenAPI 3.0 or 3.1 document with paths.
    #[error("{path} is not an OpenAPI 3.0 or 3.1 description: {reason}")]
    NotOpenApi {
        /// The file.
        path: PathBuf,
        /// The missing part.
        reason: &'static str,
    },
}

/// An OpenAPI 3.0 or 3.1 description, indexed by path. Its schemas are compiled when a request first needs them.
pub struct Description {
    document: Value,
    base_path: String,
    operations: Vec<Operation>,
    compiled: Mutex<HashMap<String, Arc<Result<Validator, String>>>>,
}

impl fmt::Debug for Description {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Description")
            .field("operations", &self.operations.len())
            .finish_non_exhaustive()
    }
}

struct Operation {
    method: Method,
    template: Template,
    /// JSON pointer to the path item, and to the operation itself.
    item: String,
    pointer: String,
}

const METHODS: &[(&str, Method)] = &[
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("patch", Method::PATCH),
    ("head", Method::HEAD),
];

impl Description {
    /// Reads a description from a JSON file. Takes about a second for GitHub's 13 MB.
    ///
    /// # Errors
    ///
    /// [`DescriptionError`] if the file cannot be read, is not JSON or is not an OpenAPI 3 document.
    pub fn load(path: &Path) -> Result<Self, DescriptionError> {
        let bytes = fs::read(path).map_err(|source| DescriptionError::Read { path: path.into(), source })?;
        let document = serde_json::from_slice(&bytes)
            .map_err(|source| DescriptionError::Json { path: path.into(), source })?;
        Self::new(document).map_err(|reason| DescriptionError::NotOpenApi { path: path.into(), reason })
    }

    /// Reads a description from the text of an overlay.
    ///
    /// # Errors
    /// As [`Description::load`].
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let path = || PathBuf::from("overlay");
        let document =
            serde_json::from_str(text).map_err(|source| DescriptionError::Json { path: path(), source })?;
        Self::new(document).map_err(|reason| DescriptionError::NotOpenApi { path: path(), reason })
    }

    fn new(document: Value) -> Result<Self, &'static str> {
        let version = document.get("openapi").and_then(Value::as_str).ok_or("it has no `openapi` version")?;
        if !version.starts_with("3.") {
            return Err("its `openapi` version is not 3.0 or 3.1");
        }
        let paths = document.get("paths").and_then(Value::as_object).ok_or("it has no `paths`")?;
        let mut operations = Vec::new();
        for (path, item) in paths {
            let item_pointer = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
            for (name, method) in METHODS {
                let Some(operation) = item.get(name) else { continue };
                let spans = |parameter: &str| spans_segments(&document, item, operation, parameter);
                operations.push(Operation {
                    method: method.clone(),
                    template: Template::new(path, spans),
                    pointer: format!("{item_pointer}/{name}"),
                    item: item_pointer.clone(),
                });
            }
        }
        let base_path = base_path(&document);
        Ok(Self { document, base_path, operations, compiled: Mutex::default() })
    }

    /// Whether the description has the path, with any method. `path` is the one that was sent, without the query.
    #[must_use]
    pub fn knows(&self, path: &str) -> bool {
        self.relative(path)
            .is_some_and(|path| self.operations.iter().any(|known| known.template.matches(path).is_some()))
    }

    /// Holds a request against the description: `path` as it was sent (percent-encoded), `query` without its question
    /// mark, all headers, and the whole body.
    ///
    /// Authentication is not looked at, since most descriptions do not demand it; nor is `Accept`, since they list
    /// fewer media types than the services' own guides ask for.
    ///
    /// # Errors
    ///
    /// Every [`Violation`] found, at least one.
    pub fn check(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Vec<Violation>> {
        let Some((operation, values)) = self.find(method, path) else {
            let problem = match self.knows(path) {
                true => Violation::new("method", format!("{method} is not described for this path")),
                false => Violation::new("path", "no described path matches"),
            };
            return Err(vec![problem]);
        };
        let mut violations = Vec::new();
        self.check_parameters(operation, &values, query, headers, &mut violations);
        self.check_body(operation, headers, body, &mut violations);
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }

    /// Holds a JSON answer to a request against the description: the simulators are to answer as the service does.
    /// Properties beyond those described are allowed, and formats such as `date-time` are not looked at, since services
    /// take liberties with them: the dates of Jira are no RFC 3339.
    ///
    /// # Errors
    ///
    /// Every [`Violation`] found: the status is not described, or the body does not fit.
    pub fn check_answer(
        &self,
        method: &Method,
        path: &str,
        status: u16,
        body: &Value,
    ) -> Result<(), Vec<Violation>> {
        let Some((operation, _)) = self.find(method, path) else {
            return Err(vec![Violation::new("path", "no described path matches")]);
        };
        let responses = self.at(&operation.pointer).get("responses").unwrap_or(&Value::Null);
        let Some(response) = responses.get(status.to_string()).or_else(|| responses.get("default")) else {
            return Err(vec![Violation::new(
                "status",
                format!("{status} is not described for this operation"),
            )]);
        };
        let response = follow(&self.document, response);
        let content = response.get("content").and_then(|content| content.get("application/json"));
        let Some(schema) = content.and_then(|content| content.get("schema")) else { return Ok(()) };
        let mut violations = Vec::new();
        let key = format!("{} answer {status}", operation.pointer);
        self.check_value(&key, schema, Openness::Open, body, "body", &mut violations);
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }

    /// The path below the description's base path.
    fn relative<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.base_path.as_str()).filter(|rest| rest.starts_with('/'))
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&Operation, Vec<(String, String)>)> {
        let path = self.relative(path)?;
        let matching = self.operations.iter().filter(|operation| operation.method == *method);
        let ranked = matching.filter_map(|operation| {
            operation.template.matches(path).map(|(rank, values)| (rank, operation, values))
        });
        ranked.max_by_key(|(rank, ..)| *rank).map(|(_, operation, values)| (operation, values))
    }

    fn at(&self, pointer: &str) -> &Value {
        self.document.pointer(pointer).unwrap_or(&Value::Null)
    }

    fn check_body(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        body: &[u8],
        violations: &mut Vec<Violation>,
    ) {
        let described = self.at(&operation.pointer).get("requestBody");
        let Some(described) = described.map(|described| follow(&self.document, described)) else {
            if !body.is_empty() {
                violations.push(Violation::new("body", "the operation takes no body"));
            }
            return;
        };
        if body.is_empty() {
            if described.get("required") == Some(&Value::Bool(true)) {
                violations.push(Violation::new("body", "a body is required"));
            }
            return;
        }
        let sent =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let empty = serde_json::Map::new();
        let content = described.get("content").and_then(Value::as_object).unwrap_or(&empty);
        let Some(accepted) = content.get(&media_type).or_else(|| content.get("*/*")) else {
            let known: Vec<_> = content.keys().map(String::as_str).collect();
            violations.push(Violation::new(
                "header content-type",
                format!("`{media_type}` is not among the described {}", known.join(", ")),
            ));
            return;
        };
        if let Some(most) = accepted.get("schema").and_then(schema::most_bytes) {
            if body.len() > most {
                let message = format!("it has {} bytes, and the description allows {most}", body.len());
                violations.push(Violation::new("body", message));
            }
            return;
        }
        // Uploads and forms have no JSON to check.
        let is_json = media_type == "application/json" || media_type.ends_with("+json");
        if !(is_json || media_type.starts_with("application/x-amz-json-")) {
            return;
        }
        match (serde_json::from_slice::<Value>(body), accepted.get("schema")) {
            (Err(error), _) => violations.push(Violation::new("body", format!("not JSON: {error}"))),
            (Ok(value), Some(schema)) => {
                let key = format!("{} {media_type}", operation.pointer);
                self.check_value(&key, schema, Openness::Closed, &value, "body", violations);
            }
            (Ok(_), None) => {}
        }
    }

    fn check_value(
        &self,
        key: &str,
        schema: &Value,
        openness: Openness,
        value: &Value,
        at: &str,
        violations: &mut Vec<Violation>,
    ) {
        match self.validator(key, schema, openness).as_ref() {
            Ok(validator) => {
                violations.extend(validator.iter_errors(value).flat_map(|error| explain(&error, at)));
            }
            Err(reason) => {
                violations.push(Violation::new(at, format!("its description cannot be used: {reason}")))
            }
        }
    }

    /// The validator kept under `key`, compiled at its first use.
    fn validator(&self, key: &str, schema: &Value, openness: Openness) -> Arc<Result<Validator, String>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(key) {
            return Arc::clone(known);
        }
        let standalone = schema::standalone(&self.document, schema, openness);
        let built = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(openness == Openness::Closed)
            .should_ignore_unknown_formats(true)
            .build(&standalone)
            .map_err(|error| error.to_string());
        let built = Arc::new(built);
        compiled.insert(key.to_string(), Arc::clone(&built));
        built
    }
}

/// The path of the first server, without a slash at its end: `/wiki/api/v2` for Confluence, empty for most.
fn base_path(document: &Value) -> String {
    let server = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let after_scheme = server.split_once("//").map_or(server, |(_, rest)| rest);
    after_scheme.find('/').map_or("", |slash| &after_scheme[slash..]).trim_end_matches('/').to_string()
}

/// Whether a path parameter may hold slashes: GitHub marks those with `x-multi-segment`.
fn spans_segments(document: &Value, item: &Value, operation: &Value, name: &str) -> bool {
    [item, operation].iter().filter_map(|owner| owner.get("parameters")?.as_array()).flatten().any(
        |parameter| {
            let parameter = follow(document, parameter);
            parameter.get("name").and_then(Value::as_str) == Some(name)
                && parameter.get("in").and_then(Value::as_str) == Some("path")
                && parameter.get("x-multi-segment") == Some(&Value::Bool(true))
        },
    )
}

/// An alternative that fails says nothing of use, so the errors of its nearest branch are given with it.
fn explain(error: &ValidationError<'_>, at: &str) -> Vec<Violation> {
    let place = |error: &ValidationError<'_>| format!("{at}{}", error.instance_path());
    let mut found = vec![Violation::new(place(error), error.masked_with("the value").to_string())];
    if let ValidationErrorKind::AnyOf { context } = error.kind() {
        // The branch that matched the most of the value is the intended one.
        let nearest = context.iter().max_by_key(|branch| {
            let depth = branch.iter().map(|error| error.instance_path().as_str().len()).max();
            (depth, std::cmp::Reverse(branch.len()))
        });
        for error in nearest.into_iter().flatten() {
            found.extend(explain(error, at));
        }
    }
    found
}

#[cfg(test)]
mod tests;
