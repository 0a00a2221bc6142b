//! `/me/notices`: the caller's direct messages in the chat.

use crate::api::Shared;
use crate::body::Body;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::problem::Problem;
use crate::query::{Nothing, Query};
use crate::routes::answers::{Signed, WithBody};
use axum::extract::State;
use axum::response::Json;
use control::NotifyResult;
use domain::configuration::Notice;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `/me/notices`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(get_notices, choose_notices))
}

/// A subject of direct messages.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NoticeKind {
    /// A question waits for their answer.
    Approval,
    /// An execution of theirs waits at a limit.
    Limit,
    /// An execution of theirs failed.
    Failed,
    /// An execution of theirs is done.
    Done,
}

impl From<NoticeKind> for Notice {
    fn from(kind: NoticeKind) -> Self {
        match kind {
            NoticeKind::Approval => Self::Approval,
            NoticeKind::Limit => Self::Limit,
            NoticeKind::Failed => Self::Failed,
            NoticeKind::Done => Self::Done,
        }
    }
}

impl From<Notice> for NoticeKind {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Approval => Self::Approval,
            Notice::Limit => Self::Limit,
            Notice::Failed => Self::Failed,
            Notice::Done => Self::Done,
        }
    }
}

/// The direct messages that somebody gets.
#[derive(Debug, Serialize, ToSchema)]
struct Notices {
    /// The subjects.
    notices: Vec<NoticeKind>,
    /// Whether they chose it; otherwise the configuration says so.
    is_chosen: bool,
}

/// A choice of direct messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoticesChoice {
    /// The subjects to get direct messages about. Absent or null, the configuration decides.
    #[serde(default)]
    #[schema(max_items = 4)]
    notices: Option<Vec<NoticeKind>>,
}

/// Returns which direct messages the caller gets in the chat.
#[utoipa::path(
    get, path = "/me/notices", tag = "people",
    responses((status = 200, description = "The choice.", body = Notices), Signed)
)]
async fn get_notices(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<Notices>, Problem> {
    shown(api.control.notices(&caller.asking()).await?)
}

/// Chooses which direct messages the caller gets in the chat.
#[utoipa::path(
    put, path = "/me/notices", tag = "people", request_body = NoticesChoice,
    responses((status = 200, description = "The new choice.", body = Notices), WithBody, Signed)
)]
async fn choose_notices(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    body: Body<NoticesChoice>,
) -> Result<Json<Notices>, Problem> {
    let notices = body.value.notices.map(|notices| notices.into_iter().map(Notice::from).collect());
    shown(api.control.choose_notices(&caller.asking(), notices).await?)
}

fn shown(result: NotifyResult) -> Result<Json<Notices>, Problem> {
    match result {
        NotifyResult::Notices { notices, is_chosen } => {
            Ok(Json(Notices { notices: notices.into_iter().map(NoticeKind::from).collect(), is_chosen }))
        }
        NotifyResult::Denied(reason) => Err(Caller::denied(reason)),
    }
}
