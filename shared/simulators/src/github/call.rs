//! One API call: the handler's input and its answer.

use std::collections::HashMap;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    access::Caller,
    failure::Failure,
    state::{Issue, Repository, State},
};

/// A handler: every one of them is an ordinary function from a call to an answer.
pub(super) type Handler = fn(&mut Call<'_>) -> Result<Answer, Failure>;

/// An authorized call.
pub(super) struct Call<'a> {
    pub(super) state: &'a mut State,
    pub(super) caller: Caller,
    /// Index of the repository in the path; meaningless on a route without one.
    pub(super) repository: usize,
    /// Parameters of the path, decoded.
    pub(super) parameters: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    /// The `Accept` header.
    pub(super) accept: String,
    /// The address that was called, without the query, for links to further pages.
    pub(super) path: String,
    /// The JSON body; null when there was none.
    pub(super) body: Value,
}

impl Call<'_> {
    pub(super) fn repository(&self) -> &Repository {
        &self.state.repositories[self.repository]
    }

    pub(super) fn repository_mut(&mut self) -> &mut Repository {
        &mut self.state.repositories[self.repository]
    }

    /// A parameter of the path.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// A number in the path; anything else names nothing.
    pub(super) fn number(&self, name: &str) -> Result<u64, Failure> {
        self.parameter(name).parse().map_err(|_| Failure::not_found())
    }

    /// The issue or pull request that the path's `number` names.
    pub(super) fn issue(&self) -> Result<&Issue, Failure> {
        self.repository().issues.get(&self.number("number")?).ok_or_else(Failure::not_found)
    }

    pub(super) fn issue_mut(&mut self) -> Result<&mut Issue, Failure> {
        let number = self.number("number")?;
        self.repository_mut().issues.get_mut(&number).ok_or_else(Failure::not_found)
    }

    pub(super) fn login(&self) -> Result<String, Failure> {
        self.caller.login().map(String::from)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.state.now()
    }

    pub(super) fn queried(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A property of the body that must be a string.
    pub(super) fn text(&self, name: &str) -> Result<&str, Failure> {
        self.optional_text(name)?.ok_or_else(|| Failure::malformed(name, "wasn't supplied"))
    }

    /// A property of the body that may be absent or null.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::malformed(name, "is not a string")),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Failure::malformed(name, "is not a boolean")),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<&[Value], Failure> {
        match self.body.get(name) {
            Some(Value::Array(list)) => Ok(list),
            None | Some(Value::Null) => Ok(&[]),
            Some(_) => Err(Failure::malformed(name, "is not an array")),
        }
    }

    /// Whether the caller asks for another form than JSON: `raw` for files, `diff` for pull requests and comparisons.
    pub(super) fn accepts(&self, form: &str) -> bool {
        let accepts = |kind: &str| kind.contains(&format!(".{form}")) || kind.ends_with(&format!("+{form}"));
        self.accept.split(',').any(|kind| kind.trim().starts_with("application/vnd.github") && accepts(kind))
    }

    /// The part of a list for `per_page` and `page`, with links to the other parts.
    pub(super) fn page(&self, list: Vec<Value>) -> Answer {
        let (slice, link) = self.slice(list);
        Answer::ok(Value::Array(slice)).with_link(link)
    }

    /// The same of a list that GitHub puts under a name, with its length.
    pub(super) fn page_of(&self, name: &str, list: Vec<Value>) -> Answer {
        let total = list.len();
        let (slice, link) = self.slice(list);
        let mut body = serde_json::json!({ "total_count": total });
        body[name] = slice.into();
        Answer::ok(body).with_link(link)
    }

    pub(super) fn slice(&self, list: Vec<Value>) -> (Vec<Value>, String) {
        let asked = |name: &str, default: usize| {
            self.queried(name)
                .and_then(|value| value.parse().ok())
                .filter(|value| *value > 0)
                .unwrap_or(default)
        };
        let (size, page) = (asked("per_page", 30).min(100), asked("page", 1));
        let last = list.len().div_ceil(size).max(1);
        let address = |page: usize| {
            let mut query: Vec<(&str, String)> = self
                .query
                .iter()
                .filter(|(name, _)| *name != "page")
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect();
            query.push(("page", page.to_string()));
            query.sort();
            let query = serde_urlencoded::to_string(query).unwrap_or_default();
            format!("<{}{}?{query}>", self.state.address, self.path)
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(format!("{}; rel=\"prev\"", address(page - 1)));
            links.push(format!("{}; rel=\"first\"", address(1)));
        }
        if page < last {
            links.push(format!("{}; rel=\"next\"", address(page + 1)));
            links.push(format!("{}; rel=\"last\"", address(last)));
        }
        (list.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect(), links.join(", "))
    }
}

/// The answer to a call.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(HeaderName, String)>,
    content: Content,
}

enum Content {
    Json(Value),
    Other(&'static str, Vec<u8>),
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), content: Content::Json(body) }
    }

    pub(super) fn created(body: Value) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    /// The location of the requested resource.
    pub(super) fn redirect(to: String) -> Self {
        Self {
            status: 302,
            headers: vec![(header::LOCATION, to)],
            content: Content::Other("text/plain", Vec::new()),
        }
    }

    /// Bytes of another media type.
    pub(super) fn raw(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), content: Content::Other(kind, bytes) }
    }

    pub(super) fn with_link(mut self, link: String) -> Self {
        if !link.is_empty() {
            self.headers.push((header::LINK, link));
        }
        self
    }

    pub(super) fn into_response(self) -> Response {
        let (kind, bytes) = match self.content {
            Content::Json(value) => (Some("application/json; charset=utf-8"), value.to_string().into_bytes()),
            Content::Other(kind, bytes) => (Some(kind), bytes),
        };
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        set_headers(response.headers_mut(), self.headers);
        response
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        Self { status: failure.status, ..Self::ok(failure.body()) }
    }
}

/// Sets headers whose values are known to be plain text.
pub(super) fn set_headers(target: &mut HeaderMap, headers: impl IntoIterator<Item = (HeaderName, String)>) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            target.insert(name, value);
        }
    }
}
