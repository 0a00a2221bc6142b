//! One API call: the handler's input and its answer.

use std::collections::HashMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::state::{Project, State};
use super::world::Level;
use crate::git::GitError;

/// A handler: every one of them is an ordinary function from a call to an answer.
pub(super) type Handler = fn(&mut Call<'_>) -> Result<Answer, Failure>;

/// An authenticated call.
pub(super) struct Call<'a> {
    pub(super) state: &'a mut State,
    /// Index of the project in the path; meaningless on a route without one.
    pub(super) at: usize,
    /// Parameters of the path, decoded.
    pub(super) parameters: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    /// The address that was called, without the query, for links to further pages.
    pub(super) path: String,
    /// The JSON body; null when there was none.
    pub(super) body: Value,
}

/// The answer to a call.
pub(super) struct Answer {
    status: StatusCode,
    link: String,
    content: Content,
}

enum Content {
    Json(Value),
    Text(String),
    /// Bytes of a media type.
    File(String, Vec<u8>),
}

/// An error answer: `{message}`, where the message may be a text or lists by field.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Call<'_> {
    pub(super) fn project(&self) -> &Project {
        &self.state.projects[self.at]
    }

    pub(super) fn project_mut(&mut self) -> &mut Project {
        &mut self.state.projects[self.at]
    }

    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Result<u64, Failure> {
        self.parameter(name).parse().map_err(|_| Failure::not_found(""))
    }

    pub(super) fn queried(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A required text of the body.
    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        self.optional(name).ok_or_else(|| Failure::new(400, format!("{name} is missing")))
    }

    pub(super) fn optional(&self, name: &str) -> Option<String> {
        self.body[name].as_str().map(str::to_owned)
    }

    /// A list of texts of the body.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let items = self.body[name].as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// Refuses callers without such a role in the project.
    pub(super) fn demand(&self, level: Level) -> Result<(), Failure> {
        match self.project().members.get(&self.state.bot) {
            Some(own) if *own >= level => Ok(()),
            _ => Err(Failure::new(403, "403 Forbidden")),
        }
    }

    /// The part of a list that `per_page` and `page` ask for, with a link to the next one.
    pub(super) fn page(&self, list: Vec<Value>) -> Answer {
        let asked = |name: &str, default: usize| {
            self.queried(name)
                .and_then(|value| value.parse().ok())
                .filter(|value| *value > 0)
                .unwrap_or(default)
        };
        let size = asked("per_page", 20).min(100);
        // A keyset page continues after the token's position; here the token is also the page's number.
        let (key, page) = match self.queried("pagination") {
            Some("keyset") => ("page_token", asked("page_token", 1)),
            _ => ("page", asked("page", 1)),
        };
        let more = list.len() > page.saturating_mul(size);
        let items: Vec<Value> = list.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        let mut answer = Answer::ok(Value::Array(items));
        if more {
            let mut query: Vec<(&str, String)> = self
                .query
                .iter()
                .filter(|(name, _)| *name != key)
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect();
            query.push((key, (page + 1).to_string()));
            query.sort();
            let query = serde_urlencoded::to_string(query).unwrap_or_default();
            answer.link = format!("<{}{}?{query}>; rel=\"next\"", self.state.address, self.path);
        }
        answer
    }
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, link: String::new(), content: Content::Json(body) }
    }

    pub(super) fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    pub(super) fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::plain(String::new()) }
    }

    /// A file of a media type.
    pub(super) fn file(media_type: String, bytes: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, link: String::new(), content: Content::File(media_type, bytes) }
    }

    pub(super) fn plain(text: String) -> Self {
        Self { status: StatusCode::OK, link: String::new(), content: Content::Text(text) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match self.content {
            Content::Json(body) => axum::Json(body).into_response(),
            Content::Text(text) => text.into_response(),
            Content::File(media_type, bytes) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        };
        *response.status_mut() = self.status;
        if let Ok(link) = HeaderValue::from_str(&self.link)
            && !self.link.is_empty()
        {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

impl Failure {
    pub(super) fn new(status: u16, message: impl Into<Value>) -> Self {
        Self { status, body: json!({ "message": message.into() }) }
    }

    pub(super) fn not_found(what: &str) -> Self {
        let words =
            if what.is_empty() { "404 Not found".to_owned() } else { format!("404 {what} Not Found") };
        Self::new(404, words)
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        Self::new(500, error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, axum::Json(self.body)).into_response()
    }
}
