//! Requests that are sent again with the same `Idempotency-Key`: performed once, with the same response for a day.

use crate::api::Shared;
use crate::caller::Caller;
use crate::entity_tag::EntityTag;
use crate::idempotency_key::KEY;
use crate::problem::{Code, Problem};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use records::RequestClaim;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// That something was accepted and is done from now on, or was created.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Accepted {
    location: Option<String>,
    body: Value,
    /// The entity tag of the created resource; accepted requests have none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<String>,
}

impl Accepted {
    /// Accepted, with a document; the result will be at a path.
    pub(crate) fn new(location: Option<String>, body: &impl Serialize) -> Self {
        // Our own types always serialize.
        Self { location, body: serde_json::to_value(body).unwrap_or_default(), created: None }
    }

    /// Created, at a path and with an entity tag.
    pub(crate) fn created(location: String, tag: &EntityTag, body: &impl Serialize) -> Self {
        Self { created: Some(tag.to_string()), ..Self::new(Some(location), body) }
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let status = if self.created.is_some() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
        let mut response = (status, Json(self.body)).into_response();
        if let Some(tag) = self.created.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        if let Some(location) = self.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// Performs a request, unless it was performed before: then the response is the same. `operation` and `body` are what is asked
/// for. A refusal is not kept.
///
/// # Errors
/// The refusal of the request; a conflict while the same one is being performed; invalid if the key was used for another one.
pub(crate) async fn once(
    api: &Shared,
    caller: &Caller,
    operation: &str,
    body: &Value,
    perform: impl AsyncFnOnce() -> Result<Accepted, Problem>,
) -> Result<Accepted, Problem> {
    let Some(key) = caller.idempotency_key() else { return perform().await };
    // Other people's keys are other keys.
    let key = json!([caller.actor().account(), key]).to_string();
    let [mut digest, earlier] = digests(operation, body);
    let now = api.clock.now();
    let mut claim = api.table.claim_request(&key, &digest, now).await?;
    if claim == RequestClaim::Other && earlier != digest {
        claim = api.table.claim_request(&key, &earlier, now).await?;
        digest = earlier;
    }
    match claim {
        RequestClaim::New => {}
        RequestClaim::Answered(answer) => {
            return serde_json::from_str(&answer).map_err(|_| {
                Problem::new(Code::Conflict, "the answer to this Idempotency-Key can no longer be read")
            });
        }
        RequestClaim::Running => {
            let detail = "a request with this Idempotency-Key is being performed; send it again in a moment";
            return Err(Problem::new(Code::Conflict, detail));
        }
        RequestClaim::Other => {
            let detail =
                "this Idempotency-Key was used for another request; accepted: a new key, or the same request";
            return Err(Problem::invalid_field(KEY.as_str(), detail));
        }
    }
    match perform().await {
        Ok(accepted) => {
            let answer = serde_json::to_string(&accepted).unwrap_or_default();
            if let Err(error) = api.table.answer_request(&key, &answer).await {
                // Executions that it starts have the key in their name, so nothing starts twice.
                tracing::warn!(%error, "the answer to a request is not kept");
            }
            Ok(accepted)
        }
        Err(problem) => {
            if let Err(error) = api.table.forget_request(&key, &digest).await {
                tracing::warn!(%error, "a refused request is not forgotten yet");
            }
            Err(problem)
        }
    }
}

/// The digest of a request, and the one that earlier versions kept for a day: there, the order of an object's fields counted.
fn digests(operation: &str, body: &Value) -> [String; 2] {
    let as_sent = json!([operation, body]);
    // The order of an object's fields means nothing.
    let mut sorted = as_sent.clone();
    sorted.sort_all_objects();
    [sorted, as_sent].map(|request| hex::encode(Sha256::digest(request.to_string())))
}
