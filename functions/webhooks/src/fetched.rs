//! Deliveries that were fetched because the service cannot deliver them. They act as if they had been delivered.

use crate::act::Acting;
use crate::endpoint::Endpoint;
use crate::receive::{Handled, Refusal, Webhooks};
use crate::senders::Verified;
use axum::body::to_bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::{ActionError, Event, EventName};
use observability::metrics;
use records::RecordsError;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;
use tracing::{Instrument, field};

/// The longest answer, in bytes. Ours are sentences.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// A delivery as the document of an invocation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetched {
    /// Where it would have arrived: the last part of the path of its webhook.
    place: String,
    /// The headers that describe it.
    headers: BTreeMap<String, String>,
    body: String,
}

impl Webhooks {
    /// Acts on a fetched delivery, and returns the response for its sender. An invalid one would stay invalid: it is
    /// logged, and answered with why.
    ///
    /// # Errors
    /// `Rejected` for another document; `Unavailable` if the delivery was not accepted and has to be handed over again.
    pub(crate) async fn take_fetched(&self, document: Value) -> Result<Value, ActionError> {
        let started = Instant::now();
        let Fetched { place, headers, body } = serde_json::from_value(document).map_err(|error| {
            ActionError::rejected(format!("not a fetched delivery: {error}; accepted: place, headers, body"))
        })?;
        let unavailable = |error: RecordsError| ActionError::unavailable(error.to_string());
        let endpoint = Endpoint::named(&self.control, &place, self.clock.now()).await.map_err(unavailable)?;
        let endpoint =
            endpoint.ok_or_else(|| ActionError::rejected(format!("nothing sends webhooks to `{place}`")))?;
        let span = tracing::info_span!("delivery", source = %endpoint.place, delivery = field::Empty);
        let acted = self.act_on_fetched(&endpoint, headers, body).instrument(span).await;
        let (answer, outcome) = match acted {
            Ok(Handled { response, outcome }) => {
                let body = to_bytes(response.into_body(), LONGEST_ANSWER).await.unwrap_or_default();
                (Ok(serde_json::from_slice(&body).unwrap_or_default()), outcome)
            }
            Err(refusal) => {
                let outcome = refusal.outcome();
                let answer = match &refusal {
                    // A delivery that always fails must not hold up later ones.
                    Refusal::Malformed(_)
                    | Refusal::Records(
                        RecordsError::Invalid(_) | RecordsError::Corrupt(_) | RecordsError::Missing(_),
                    ) => {
                        tracing::error!(error = %refusal, "a fetched delivery cannot be handled and is left out");
                        Ok(json!({ "error": refusal.to_string() }))
                    }
                    _ => Err(ActionError::unavailable(refusal.to_string())),
                };
                (answer, outcome)
            }
        };
        metrics::delivery(endpoint.sender.name(), outcome, started.elapsed());
        answer
    }

    async fn act_on_fetched(
        &self,
        endpoint: &Endpoint,
        headers: BTreeMap<String, String>,
        body: String,
    ) -> Result<Handled, Refusal> {
        let header = |(name, value): (String, String)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        };
        let headers: HeaderMap = headers.into_iter().filter_map(header).collect();
        let directory = endpoint.directory(&self.control, self.clock.now()).await?;
        self.act_on(endpoint, &headers, &Verified::fetched(body), &directory).await
    }
}

impl Acting<'_> {
    /// The id under which another road brought the same event, if it led to an execution then.
    pub(crate) async fn known_as(
        &self,
        event: &Event,
        also_as: Vec<String>,
    ) -> Result<Option<String>, RecordsError> {
        for id in also_as {
            // A request for a revision is recorded as such.
            for source in [event.kind.source(), EventName::REVISION_REQUESTED.source()] {
                if self.table.delivery(&source, &id).await?.is_some() {
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }
}
