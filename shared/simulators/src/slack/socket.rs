//! [Socket Mode](https://docs.slack.dev/apis/events-api/using-socket-mode/): what the app would be posted comes over a connection that the app
//! opens. The app has it where the world's secret has an `app_token`.

use axum::Json;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as AxumState};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::{Answer, Refusal, Slack, answer};
use crate::credentials::{bearer, same};
use crate::description::{UnexpectedRequest, Violation};
use crate::webhook::Outgoing;

/// What Socket Mode did so far.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Tickets that no connection has used yet.
    tickets: Vec<String>,
    open: Vec<mpsc::UnboundedSender<Value>>,
    envelopes: Vec<Envelope>,
}

/// Something that was sent.
#[derive(Debug)]
struct Envelope {
    id: String,
    kind: &'static str,
    /// The payload of its acknowledgment, if any.
    acknowledged: Option<Value>,
}

impl Sockets {
    /// The sent messages, and their acknowledgments: `null` if there was none.
    pub(super) fn shown(&self) -> Value {
        let shown = self.envelopes.iter();
        shown.map(|one| json!({"type": one.kind, "acknowledged": one.acknowledged})).collect()
    }
}

/// `apps.connections.open`: the address of a connection, good for one.
pub(super) async fn open(AxumState(slack): AxumState<Slack>, headers: HeaderMap) -> Answer {
    let Some(own) = &slack.0.app_token else { return Err(Refusal::Because("not_allowed_token_type")) };
    match bearer(&headers) {
        None => return Err(Refusal::Because("not_authed")),
        Some(token) if !same(token, own) => return Err(Refusal::Because("invalid_auth")),
        Some(_) => {}
    }
    let ticket = uuid::Uuid::new_v4().simple().to_string();
    slack.lock().socket.tickets.push(ticket.clone());
    let host = slack.0.base_url.trim_start_matches("http://");
    answer(json!({"url": format!("ws://{host}/link?ticket={ticket}&app_id={}", slack.world().app.id)}))
}

#[derive(Deserialize)]
pub(super) struct Link {
    ticket: String,
}

/// A connection, with a ticket that was not used yet.
pub(super) async fn link(
    AxumState(slack): AxumState<Slack>,
    Query(link): Query<Link>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let tickets = &mut slack.lock().socket.tickets;
    let Some(position) = tickets.iter().position(|ticket| *ticket == link.ticket) else {
        return (StatusCode::FORBIDDEN, Json(json!({"ok": false, "error": "invalid_ticket"})))
            .into_response();
    };
    tickets.remove(position);
    let connected = slack.clone();
    upgrade.on_upgrade(move |socket| serve(connected, socket))
}

async fn serve(slack: Slack, mut socket: WebSocket) {
    let hello = json!({
        "type": "hello",
        "num_connections": 1,
        "connection_info": {"app_id": slack.world().app.id},
        "debug_info": {"host": "applink-1", "approximate_connection_time": 3600},
    });
    let (sender, mut outgoing) = mpsc::unbounded_channel();
    slack.lock().socket.open.push(sender);
    if socket.send(Message::text(hello.to_string())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            envelope = outgoing.recv() => {
                let Some(envelope) = envelope else { return };
                if socket.send(Message::text(envelope.to_string())).await.is_err() {
                    return;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => slack.acknowledged(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    }
}

impl Slack {
    /// Sends events that would otherwise be posted over every open connection: Slack chooses one connection, and apps have one here.
    pub(super) fn send_over_socket(&self, outgoing: &Outgoing) {
        let Some((kind, payload)) = content(outgoing) else { return };
        let mut state = self.lock();
        state.socket.open.retain(|connection| !connection.is_closed());
        let Some(connection) = state.socket.open.last().cloned() else { return };
        let id = uuid::Uuid::new_v4().to_string();
        state.socket.envelopes.push(Envelope { id: id.clone(), kind, acknowledged: None });
        let envelope = json!({
            "envelope_id": id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        });
        // One that closes in this moment loses it, as Slack's do until it is sent again.
        let _closed = connection.send(envelope);
    }

    /// Takes an acknowledgment of a sent message, once, and with a payload only if one is accepted.
    fn acknowledged(&self, text: &str) {
        let sent: Value = serde_json::from_str(text).unwrap_or_default();
        let mut state = self.lock();
        let known = state.socket.envelopes.iter_mut().find(|one| sent["envelope_id"] == one.id.as_str());
        let problem = match known {
            None => Some("the envelope was not sent"),
            Some(one) if one.acknowledged.is_some() => Some("the envelope was acknowledged already"),
            Some(one) if one.kind == "events_api" && !sent["payload"].is_null() => {
                Some("an event accepts no payload")
            }
            Some(one) => {
                one.acknowledged =
                    Some(sent["payload"].clone()).filter(|payload| !payload.is_null()).or(Some(json!({})));
                None
            }
        };
        if let Some(problem) = problem {
            self.0.violations.record(UnexpectedRequest {
                service: "slack".to_owned(),
                method: "SOCKET".to_owned(),
                path: "/link".to_owned(),
                violations: vec![Violation { at: "message".to_owned(), message: problem.to_owned() }],
            });
        }
    }
}

/// The type and the payload of what would be posted.
fn content(outgoing: &Outgoing) -> Option<(&'static str, Value)> {
    if let Ok(event) = serde_json::from_slice(&outgoing.body) {
        return Some(("events_api", event));
    }
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&outgoing.body).ok()?;
    let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    match fields.get("payload").and_then(Value::as_str) {
        Some(payload) => Some(("interactive", serde_json::from_str(payload).ok()?)),
        None => Some(("slash_commands", fields.into())),
    }
}
