//! The meaning of an error answer for the workflow.

use crate::retry_after::{exhausted, retry_after};
use domain::{ActionError, ErrorKind};
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;
use std::time::Duration;

/// GitHub asks for at least a minute after a secondary limit that names no time:
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
const SECONDARY_LIMIT: Duration = Duration::from_secs(60);

/// A request that did not succeed. It becomes an [`ActionError`] by `?`, unless the caller looks first.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The answer's body, if it is JSON; `Null` otherwise.
    pub body: Value,
    /// Its meaning.
    pub error: ActionError,
    /// Whether any of the request may have reached the service. It has not if the gate refused it or no connection was made.
    pub was_sent: bool,
}

impl From<Failure> for ActionError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        Self { status: None, body: Value::Null, error, was_sent: false }
    }
}

impl Failure {
    /// A failure after the request was sent, without a usable answer.
    pub(crate) fn unanswered(error: ActionError) -> Self {
        Self { was_sent: true, ..Self::from(error) }
    }

    /// Whether the answer had this status and its text holds these words, in any case.
    pub fn says(&self, status: u16, words: &str) -> bool {
        self.status == Some(status)
            && self.body.to_string().to_ascii_lowercase().contains(&words.to_ascii_lowercase())
    }

    /// The provider's own words, as errors quote them: one line, cut. Without any, the whole message.
    pub fn words(&self) -> String {
        said(&self.body).map_or_else(|| self.error.message.clone(), |said| crate::excerpt(&said))
    }

    /// The same failure with another kind, if a provider means something else by its status.
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.error.kind = kind;
        self
    }
}

/// For an object that may not exist.
pub trait Optional<T> {
    /// `None` for 404 and 410, everything else as it was.
    ///
    /// # Errors
    /// Every other failure.
    fn optional(self) -> Result<Option<T>, Failure>;
}

impl<T> Optional<T> for Result<T, Failure> {
    fn optional(self) -> Result<Option<T>, Failure> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(Failure { status: Some(404 | 410), .. }) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// The error answer to `what` (`Jira: GET /rest/api/3/issue/SHOP-1`), which has no success status.
pub(crate) fn from_status(
    what: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Value,
    text: &str,
    now: Timestamp,
) -> ActionError {
    let said = match said(body) {
        Some(said) => said,
        None if text.trim().is_empty() => "no reason was given".to_owned(),
        None => text.to_owned(),
    };
    let said = crate::excerpt(&said);
    let limited = said.to_ascii_lowercase().contains("rate limit");
    let wait = retry_after(headers, now).or_else(|| stated_in(body));
    let code = status.as_u16();
    let message = match code {
        300..=399 => {
            let host = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let host = url::Url::parse(host).ok().and_then(|url| url.host_str().map(str::to_owned));
            let host = crate::excerpt(&host.unwrap_or_else(|| "nowhere".to_owned()));
            format!("{what} was redirected to {host} ({code}), which is not followed; check base_url")
        }
        401 => format!("{what}: the credentials were not accepted (401): {said}"),
        _ => format!("{what} failed ({code}): {said}"),
    };
    let kind = match code {
        429 => ErrorKind::Throttled,
        // Services with GraphQL say so in an error's code.
        400 if body["errors"][0]["extensions"]["code"] == "RATELIMITED" => ErrorKind::Throttled,
        403 if wait.is_some() || exhausted(headers) || limited => ErrorKind::Throttled,
        409 | 412 => ErrorKind::Conflict,
        408 | 425 | 500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Rejected,
    };
    let retry_after = match kind {
        ErrorKind::Throttled if said.to_ascii_lowercase().contains("secondary rate limit") => {
            wait.or(Some(SECONDARY_LIMIT))
        }
        ErrorKind::Throttled | ErrorKind::Unavailable => wait,
        _ => None,
    };
    ActionError { kind, message, retry_after }
}

/// The wait in seconds that a body names in `retry_after`, more exactly than headers do. At most a day.
fn stated_in(body: &Value) -> Option<Duration> {
    let wait = Duration::try_from_secs_f64(body["retry_after"].as_f64()?).ok()?;
    Some(wait.min(Duration::from_secs(24 * 60 * 60)))
}

/// The provider's own words, from common shapes of error bodies: `message` and `errors` (GitHub, Confluence),
/// `errorMessages` and `errors` (Jira), `error` (Slack), `error.message` (Claude), `message` with lists by field, and `error_description`
/// (GitLab), `Message` (some of AWS's front ends).
fn said(body: &Value) -> Option<String> {
    let mut words = Vec::new();
    collect(&body["message"], &mut words);
    collect(&body["Message"], &mut words);
    collect(&body["errorMessages"], &mut words);
    collect(&body["errors"], &mut words);
    collect(&body["error"], &mut words);
    collect(&body["error_description"], &mut words);
    words.dedup();
    (!words.is_empty()).then(|| words.join("; "))
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.is_empty() => words.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            let known: Vec<_> = ["title", "message", "detail"].into_iter().filter_map(text).collect();
            if !known.is_empty() {
                words.push(known.join(": "));
            } else if let Some(code) = text("code") {
                // GitHub's validation errors have no text if their code is sufficient: `head` is `invalid`.
                words.push([text("field"), Some(code)].into_iter().flatten().collect::<Vec<_>>().join(": "));
            } else {
                // Jira maps the names of fields to their errors, and GitLab to lists of them.
                let problem = |(name, value): (&String, &Value)| {
                    let told: Vec<&str> = match value {
                        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
                        value => value.as_str().into_iter().collect(),
                    };
                    (!told.is_empty()).then(|| format!("{name}: {}", told.join(", ")))
                };
                words.extend(fields.iter().filter_map(problem));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_provider_is_quoted() {
        let check = |body: Value, expected: &str| assert_eq!(said(&body).as_deref(), Some(expected));
        check(
            json!({"errorMessages": ["Issue does not exist"], "errors": {"summary": "is required"}}),
            "Issue does not exist; summary: is required",
        );
        check(
            json!({"message": "Validation Failed", "errors": [
                {"resource": "PullRequest", "code": "custom", "message": "No commits between main and x"},
                {"resource": "PullRequest", "field": "head", "code": "invalid"}]}),
            "Validation Failed; No commits between main and x; head: invalid",
        );
        check(
            json!({"errors": [{"status": 404, "code": "NOT_FOUND", "title": "Not Found", "detail": null}]}),
            "Not Found",
        );
        check(json!({"ok": false, "error": "channel_not_found"}), "channel_not_found");
        check(
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            "Overloaded",
        );
        check(
            json!({"message": {"title": ["is too long (maximum is 255 characters)"], "base": []}}),
            "title: is too long (maximum is 255 characters)",
        );
        check(
            json!({"error": "insufficient_scope", "error_description": "It needs more."}),
            "insufficient_scope; It needs more.",
        );
        check(
            json!({"Message": "User: x is not authorized to perform: bedrock:InvokeModel"}),
            "User: x is not authorized to perform: bedrock:InvokeModel",
        );
        assert_eq!(said(&json!({"x": 1})), None);
        assert_eq!(said(&Value::Null), None);
    }
}
