//! The arguments of a method: query, form or JSON, which Slack treats alike.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde_json::{Map, Value};

use super::Refusal;
use crate::log::MAXIMUM_BODY_BYTES;

/// The arguments of one call, by name.
#[derive(Debug)]
pub(super) struct Arguments {
    fields: Map<String, Value>,
    /// Slack warns about JSON without a charset; a client that logs warnings should meet one.
    pub(super) missing_charset: bool,
}

impl<S: Send + Sync> FromRequest<S> for Arguments {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let mut fields = form(request.uri().query().unwrap_or_default().as_bytes());
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        let bytes = axum::body::to_bytes(request.into_body(), MAXIMUM_BODY_BYTES)
            .await
            .map_err(|_| Refusal::Because("request_timeout"))?;
        let json = kind.starts_with("application/json");
        if json {
            match serde_json::from_slice(&bytes) {
                Ok(Value::Object(body)) => fields.extend(body),
                Ok(_) => return Err(Refusal::Because("json_not_object")),
                Err(_) => return Err(Refusal::Because("invalid_json")),
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            fields.extend(form(&bytes));
        } else if !bytes.is_empty() {
            return Err(Refusal::Because("invalid_post_type"));
        }
        Ok(Self { fields, missing_charset: json && !kind.contains("charset") })
    }
}

fn form(bytes: &[u8]) -> Map<String, Value> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

impl Arguments {
    /// A text argument; absent and empty are one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text argument that must be there; `missing` is the error otherwise.
    pub(super) fn required(&self, name: &str, missing: &'static str) -> Result<&str, Refusal> {
        self.text(name).ok_or(Refusal::Because(missing))
    }

    /// A whole number, which a form carries as text.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        let value = self.fields.get(name)?;
        value.as_u64().and_then(|number| number.try_into().ok()).or_else(|| value.as_str()?.parse().ok())
    }

    /// A flag: `true`, `"true"`, `1` or `"1"`.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.fields.get(name), Some(Value::Bool(true)))
            || matches!(self.text(name), Some("true" | "1"))
            || self.number(name) == Some(1)
    }

    /// A structure, which a form carries as JSON text; `null` when absent, `invalid` when it cannot be read.
    pub(super) fn structure(&self, name: &str, invalid: &'static str) -> Result<Value, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Value::Null),
            Some(Value::String(text)) if text.is_empty() => Ok(Value::Null),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| Refusal::Because(invalid)),
            Some(value) => Ok(value.clone()),
        }
    }
}
