//! [What was delivered](https://docs.github.com/rest/apps/webhooks) to the App's webhook, or would have been: kept for three days.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Answer, Call, Failure, app::authenticated};
use crate::github::{shapes::moment, state::Delivered};

/// How long deliveries are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);

/// `GET /app/hook/deliveries`, the newest first. The cursor is opaque: the id after which the page begins.
pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    authenticated(call)?;
    let size = call.queried("per_page").and_then(|text| text.parse().ok()).unwrap_or(30).clamp(1, 100);
    let before: Option<u64> = match call.queried("cursor") {
        None => None,
        Some(cursor) => {
            let id = cursor.strip_prefix("v1_").and_then(|id| id.parse().ok());
            Some(id.ok_or_else(|| Failure::new(400, "Invalid cursor"))?)
        }
    };
    let oldest = call.now() - KEPT;
    let kept = call.state.deliveries.iter().rev().filter(|delivery| delivery.at >= oldest);
    let mut page: Vec<&Delivered> =
        kept.filter(|delivery| before.is_none_or(|before| delivery.id < before)).take(size + 1).collect();
    let has_more = page.len() > size;
    page.truncate(size);
    let next = page.last().filter(|_| has_more).map(|last| {
        let address = format!("{}{}", call.state.address, call.path);
        format!("<{address}?per_page={size}&cursor=v1_{}>; rel=\"next\"", last.id)
    });
    let shown = page.into_iter().map(|delivery| summary(call, delivery)).collect::<Result<_, _>>()?;
    Ok(Answer::ok(Value::Array(shown)).with_link(next.unwrap_or_default()))
}

/// `GET /app/hook/deliveries/{delivery}`, with the payload.
pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    authenticated(call)?;
    let id = call.number("delivery")?;
    let delivery = call.state.deliveries.iter().find(|delivery| delivery.id == id);
    let delivery = delivery.ok_or_else(Failure::not_found)?;
    let headers: Map<String, Value> =
        delivery.headers.iter().map(|(name, value)| ((*name).to_string(), json!(value))).collect();
    let mut shown = summary(call, delivery)?;
    shown["url"] = json!(call.state.app_hook.url);
    shown["request"] = json!({ "headers": headers, "payload": delivery.payload });
    shown["response"] = json!({ "headers": null, "payload": null });
    Ok(Answer::ok(shown))
}

/// Whether a delivery arrived is not known here, so that all of them are shown as failed.
fn summary(call: &Call<'_>, delivery: &Delivered) -> Result<Value, Failure> {
    let app = authenticated(call)?;
    Ok(json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": moment(delivery.at),
        "redelivery": false,
        "duration": 0.01,
        "status": "failed to connect",
        "status_code": 502,
        "event": delivery.event,
        "action": delivery.payload["action"],
        "installation_id": app.installation,
        "repository_id": delivery.payload["repository"]["id"],
        "throttled_at": null,
    }))
}
