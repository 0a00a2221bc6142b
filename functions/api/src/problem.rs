//! Refusals, as RFC 9457 describes them: every unsuccessful response is one.
//! <https://www.rfc-editor.org/rfc/rfc9457>

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::text::{TextLimit, cut_line};
use records::RecordsError;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// How many invalid parts of a request are listed: a body can have a hundred thousand, and each takes more room in the response than in the body.
const MOST_ERRORS: usize = 100;

/// How much of a path the detail of a problem repeats.
const QUOTED: TextLimit = TextLimit::characters(200);

/// How long a client waits before it repeats a request that could not be served, in seconds, unless the refusal says otherwise.
const RETRY_AFTER: u32 = 5;

/// Why a request was refused: stable, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProblemCode)]
pub enum Code {
    /// The request cannot be parsed.
    Malformed,
    /// The request does not say who sends it, or its credential is not valid.
    Unauthenticated,
    /// The sender may not do this.
    Forbidden,
    /// The request is for another host, or comes from a page of another origin.
    ForeignOrigin,
    /// It does not exist, or the caller may not see it.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Timeout,
    /// The request contradicts the present state.
    Conflict,
    /// The thing has changed since it was read.
    PreconditionFailed,
    /// The request changes a thing, and does not say which state of it.
    PreconditionRequired,
    /// The body is too large.
    TooLarge,
    /// The body is not JSON by its media type.
    UnsupportedMediaType,
    /// The request was understood, but something in it is not accepted.
    Invalid,
    /// The sender sends too many requests.
    TooManyRequests,
    /// The request cannot be served now.
    Unavailable,
    /// A bug.
    Internal,
}

impl Code {
    /// The status that goes with it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be parsed",
            Self::Unauthenticated => "Sign-in needed",
            Self::Forbidden => "Not allowed",
            Self::ForeignOrigin => "Wrong host or origin",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Timeout => "The request took too long",
            Self::Conflict => "Conflict",
            Self::PreconditionFailed => "It has changed",
            Self::PreconditionRequired => "If-Match needed",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "Only JSON is accepted",
            Self::Invalid => "The request is not valid",
            Self::TooManyRequests => "Too many requests",
            Self::Unavailable => "Not available now",
            Self::Internal => "Internal error",
        }
    }
}

/// A refusal. As a response it has a body only once [`crate::frame`] has added the request's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<InvalidField>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// An invalid part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvalidField {
    /// Where it is: a JSON pointer into the body, such as `/inputs/task_id`, or the name of a parameter or header.
    pub path: String,
    /// What is wrong with it, and what is accepted.
    pub detail: String,
}

/// A refusal of a request (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Identifies the kind of problem, by its code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request, for people.
    detail: String,
    /// The kind of problem, for programs.
    code: Code,
    /// The request's id, which is also in the logs.
    request_id: String,
    /// The parts of the request that are not accepted, at most the first 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100)]
    errors: Vec<InvalidField>,
}

impl Problem {
    /// A problem with this detail, which tells people what was wrong and what is accepted.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// Parts of the request are not accepted. The first hundred are listed, beginning with what is wrong with the request as a whole.
    pub fn invalid(mut errors: Vec<InvalidField>) -> Self {
        errors.sort_by_key(|error| !error.path.is_empty());
        let detail = match errors.as_slice() {
            [only] if only.path.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", cut_line(&only.path, QUOTED), only.detail),
            several if several.len() > MOST_ERRORS => {
                format!(
                    "{} parts of the request are not accepted; the first {MOST_ERRORS} are listed",
                    several.len()
                )
            }
            several => format!("{} parts of the request are not accepted", several.len()),
        };
        errors.truncate(MOST_ERRORS);
        Self { errors, ..Self::new(Code::Invalid, detail) }
    }

    /// One part of the request is not accepted.
    pub fn invalid_field(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![InvalidField { path: path.into(), detail: detail.into() }])
    }

    /// It does not exist, or the caller may not see it: both look the same.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("the {what} does not exist, or you may not see it"))
    }

    /// The request does not say who sends it.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// The same with a header of the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The body, for the request with this id.
    pub(crate) fn body(&self, request_id: &str) -> Body {
        let body = ProblemBody {
            kind: format!("urn:ticketsmith:problem:{}", name_of(self.code)),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        };
        // Text and numbers always serialize.
        Body::from(serde_json::to_vec(&body).unwrap_or_default())
    }
}

/// The code as text, as it is serialized.
fn name_of(code: Code) -> String {
    let name = serde_json::to_value(code).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.code == Code::Unavailable {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<RecordsError> for Problem {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::Invalid(reason) => {
                tracing::warn!(reason, "something in a request cannot be recorded");
                Self::new(
                    Code::Invalid,
                    "something in the request cannot be recorded: it is empty or too long",
                )
            }
            error => {
                tracing::error!(%error, "the records could not be used");
                Self::new(Code::Unavailable, "the records are not available; send the request again later")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_not_larger_than_what_was_asked() {
        let field = |index: usize| InvalidField {
            path: format!("/labels/{index}"),
            detail: "accepted: string".into(),
        };
        let problem = Problem::invalid((0..120_000).map(field).collect());
        assert_eq!(problem.errors.len(), MOST_ERRORS);
        assert_eq!(problem.detail, "120000 parts of the request are not accepted; the first 100 are listed");
        let long = Problem::invalid_field(format!("/{}", "x".repeat(200_000)), "unknown field");
        assert!(long.detail.len() < 300 && long.detail.ends_with("xxx…: unknown field"), "{}", long.detail);
        let whole = Problem::invalid_field("", "accepted: object");
        assert_eq!(whole.detail, "accepted: object");
    }

    #[test]
    fn whatever_is_not_available_says_when_to_try_again() {
        let after = |problem: Problem| {
            let response = problem.into_response();
            response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned())
        };
        let full = Problem::new(Code::Unavailable, "full");
        assert_eq!(after(full.clone()), Some("5".to_owned()));
        assert_eq!(
            after(full.with_header(header::RETRY_AFTER, HeaderValue::from(30))),
            Some("30".to_owned())
        );
        assert_eq!(after(Problem::not_found("task")), None);
    }

    #[test]
    fn a_single_invalid_field_is_named_in_the_detail() {
        let problem = Problem::invalid_field("/workflow", "a text of 1 to 100 characters is accepted");
        assert_eq!(problem.detail, "/workflow: a text of 1 to 100 characters is accepted");
        assert_eq!(name_of(Code::ForeignOrigin), "foreign_origin");
        assert_eq!(problem.code().status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
