//! `/executions/{name}/events`: the events of an execution, frame by frame.

use crate::api::Shared;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::problem::Problem;
use crate::query::{Given, Parameters, Query};
use crate::routes::answers::OfOne;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use control::ToldFrame;
use jiff::Timestamp;
use records::{ExecutionRecord, Frame};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// No execution has so many frames; clients hold such a number exactly.
const LAST: u64 = 999_999_999_999;

/// `/executions/{name}/events`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_events))
}

/// Something that happened in an execution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventFrame {
    /// The kind of event: `execution.started`, `execution.ended`, `workflow.step_completed`, `agent.status_update`, `approval.requested`,
    /// `approval.answered` or `budget.alert`. More may come.
    event: String,
    /// Its data, depending on the kind of event.
    #[schema(value_type = Object)]
    data: Value,
    /// The execution's name.
    execution: String,
    /// The project's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// Its number in the execution, from 1 without gaps.
    sequence: u64,
    /// When it was noticed.
    at: Timestamp,
}

impl EventFrame {
    /// A frame of an execution.
    pub(crate) fn of(execution: &ExecutionRecord, frame: Frame) -> Self {
        let ToldFrame { event, data, execution, project, sequence, at } = ToldFrame::of(execution, frame);
        Self { event, data, execution, project, sequence, at }
    }
}

/// Frames of an execution, in their order.
#[derive(Debug, Serialize, ToSchema)]
struct EventPage {
    /// At most 100.
    #[schema(max_items = 100)]
    items: Vec<EventFrame>,
    /// The number of the last returned frame, or the given `after`: send it as `after` to get the next ones.
    last: u64,
    /// Whether the execution has ended and everything was returned, so that nothing follows.
    ended: bool,
}

/// Which frames are returned.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListEvents {
    /// Those with greater numbers. Default: 0.
    #[param(minimum = 0, maximum = 999999999999_u64, required = false)]
    after: u64,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
}

impl Parameters for ListEvents {
    fn read(given: &mut Given) -> Self {
        Self { after: given.number("after", 0..=LAST).unwrap_or(0), limit: given.limit() }
    }
}

/// Returns the events of an execution, frame by frame.
///
/// A client that asks for the frames after the last one it has seen receives every frame once and in order.
#[utoipa::path(
    get, path = "/executions/{name}/events", tag = "executions",
    params(("name" = String, Path, description = "The execution's name."), ListEvents),
    responses((status = 200, description = "The frames.", body = EventPage), OfOne)
)]
async fn list_events(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    Query(ListEvents { after, limit }): Query<ListEvents>,
) -> Result<Json<EventPage>, Problem> {
    let execution = caller.execution(&api, &name).await?;
    let frames = api.table.frames(&name, after, limit).await?;
    let last = frames.last().map_or(after, |last| last.sequence);
    let ended = api.table.nothing_follows(&execution, after, &frames).await?;
    let items = frames.into_iter().map(|frame| EventFrame::of(&execution, frame));
    Ok(Json(EventPage { items: items.collect(), last, ended }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_frame_is_the_same_over_a_socket() {
        for project in [json!("SHOP"), Value::Null] {
            let execution: ExecutionRecord = serde_json::from_value(json!({
                "name": "e", "workflow": "development", "outcome": "running", "trigger": "jira.labelled", "delivery": "1",
                "project": project, "input": r#"{"inputs": {}, "event": {}}"#, "begun_at": "2026-01-01T00:00:00Z",
            }))
            .unwrap();
            let frame = Frame {
                sequence: 7,
                event: "budget.alert".into(),
                data: json!({"percent": 80}),
                at: Timestamp::UNIX_EPOCH,
            };
            let answered = serde_json::to_string(&EventFrame::of(&execution, frame.clone())).unwrap();
            assert_eq!(answered, serde_json::to_string(&ToldFrame::of(&execution, frame)).unwrap());
        }
    }
}
