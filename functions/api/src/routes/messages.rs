//! `/agents/{id}/messages`: the conversation of an agent's session.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::problem::{Code, Problem};
use crate::query::{Given, Parameters, Query};
use crate::routes::agents::agent;
use crate::routes::answers::OfOne;
use crate::routes::page::Page;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use domain::plugins::{Content, ModelMessage, Speaker, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A longer text is cut, in characters.
const MOST_OF_A_TEXT: usize = 4_000;

/// `/agents/{id}/messages`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_messages))
}

/// A message, as the session keeps it.
#[derive(Deserialize)]
struct Kept {
    message: ModelMessage,
    #[serde(default)]
    calls: Vec<ToolCall>,
    #[serde(default)]
    text: String,
}

/// A message of an agent's session, without thinking.
#[derive(Debug, Serialize, ToSchema)]
struct Message {
    /// Its number in the generation, from 0.
    sequence: u32,
    /// The generation: a span of the session with one fixed beginning, from 1.
    generation: u32,
    /// Its author.
    speaker: MessageSpeaker,
    /// The words, cut after 4,000 characters.
    text: String,
    /// The model's calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    calls: Vec<Call>,
    /// The results of the calls in the previous message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    results: Vec<CallResult>,
}

/// The author of a message.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MessageSpeaker {
    /// The model.
    Model,
    /// Ticketsmith.
    Ticketsmith,
}

/// A call of a tool.
#[derive(Debug, Serialize, ToSchema)]
struct Call {
    /// The tool's name.
    name: String,
    /// Its input, in which texts are cut after 4,000 characters.
    input: Value,
}

/// The result of a tool call.
#[derive(Debug, Serialize, ToSchema)]
struct CallResult {
    /// The text for the model, cut after 4,000 characters.
    text: String,
    /// Whether the call failed.
    is_error: bool,
}

impl Message {
    fn of(generation: u32, sequence: u32, kept: Kept) -> Self {
        let Kept { message, calls, mut text } = kept;
        let mut results = Vec::new();
        let is_model = message.speaker == Speaker::Model;
        for part in message.parts {
            match part.content {
                Content::Text(words) if !is_model => {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&words);
                }
                Content::ToolResult { text, is_error, .. } => {
                    results.push(CallResult { text: cut(text), is_error });
                }
                Content::Text(_) | Content::Image { .. } | Content::ToolCall(_) | Content::Opaque(_) => {}
            }
        }
        Self {
            sequence,
            generation,
            speaker: if is_model { MessageSpeaker::Model } else { MessageSpeaker::Ticketsmith },
            text: cut(text),
            calls: calls.into_iter().map(Call::of).collect(),
            results,
        }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_OF_A_TEXT) {
        Some((at, _)) => format!("{}… (cut)", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

impl Call {
    /// A call, without most of the files that it may contain: the answer of a function has at most 6 MB.
    fn of(ToolCall { name, input, .. }: ToolCall) -> Self {
        Self { name, input: cut_within(input) }
    }
}

fn cut_within(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut(text)),
        Value::Array(items) => items.into_iter().map(cut_within).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, cut_within(field))).collect(),
        other => other,
    }
}

/// Which messages are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListMessages {
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListMessages {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists the messages of an agent's session, in order.
///
/// Messages of a session expire with it, 90 days after its last change.
#[utoipa::path(
    get, path = "/agents/{id}/messages", tag = "agents",
    params(("id" = String, Path, description = "Its id."), ListMessages),
    responses((status = 200, description = "A page of messages.", body = Page<Message>), OfOne)
)]
async fn list_messages(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    Query(ListMessages { limit, cursor }): Query<ListMessages>,
) -> Result<Json<Page<Message>>, Problem> {
    let head = agent(&api, &caller, &id).await?;
    let query = ["messages", id.as_str()];
    let after = cursor::position(&api, &query, cursor.as_deref()).await?;
    let after = after.and_then(|after| {
        let (generation, sequence) = after.split_once('.')?;
        Some((generation.parse::<u32>().ok()?, sequence.parse::<u32>().ok()?))
    });
    let mut items = Vec::new();
    for generation in after.map_or(1, |(generation, _)| generation.max(1))..=head.generation {
        for (sequence, json) in (0..).zip(api.table.session_messages(&id, generation).await?) {
            if after.is_some_and(|after| (generation, sequence) <= after) {
                continue;
            }
            if items.len() == limit {
                let next =
                    items.last().map(|last: &Message| format!("{}.{}", last.generation, last.sequence));
                return Ok(Json(Page::new(&api, items, &query, next).await?));
            }
            let kept: Kept = serde_json::from_slice(&json).map_err(|error| {
                tracing::error!(%error, session = id, "a message cannot be read");
                Problem::new(Code::Unavailable, "a message of the session cannot be read now")
            })?;
            items.push(Message::of(generation, sequence, kept));
        }
    }
    Ok(Json(Page::new(&api, items, &query, None).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::Part;
    use serde_json::json;

    #[test]
    fn thoughts_are_not_told_and_calls_are() {
        let input = json!({"path": "a", "edits": [{"text": "x".repeat(5_000)}]});
        let call = ToolCall { id: "1".into(), name: "edit_file".into(), input };
        let kept = Kept {
            message: ModelMessage {
                speaker: Speaker::Model,
                parts: vec![
                    Part::new(Content::Opaque("{\"thinking\":\"secret\"}".into())),
                    Part::text("I look."),
                ],
            },
            calls: vec![call],
            text: "I look.".into(),
        };
        let told = serde_json::to_value(Message::of(1, 2, kept)).unwrap();
        let expected = json!({
            "sequence": 2, "generation": 1, "speaker": "model", "text": "I look.",
            "calls": [{"name": "edit_file", "input": {"path": "a", "edits": [{"text": format!("{}… (cut)", "x".repeat(4_000))}]}}],
        });
        assert_eq!(told, expected);
    }
}
