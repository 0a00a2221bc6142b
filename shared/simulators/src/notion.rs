//! A Notion workspace: the part of the [API](https://developers.notion.com/reference/intro) that makes, reads, changes and finds pages.

mod pages;
mod simulator;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State as AxumState};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use crate::clock::Clock;
use crate::credentials::{bearer, same};
use crate::error::{SimulationError, WorldError};
use crate::service::Opening;

pub use world::{Page, World};

/// The simulated version of the API.
const VERSION: &str = "2026-03-11";

/// A running workspace. Clones share one state.
#[derive(Clone)]
pub struct Notion(Arc<Workspace>);

struct Workspace {
    base_url: String,
    bot: String,
    token: SecretString,
    clock: Clock,
    state: Mutex<Vec<Stored>>,
}

#[derive(Debug, Clone)]
struct Stored {
    id: String,
    title: String,
    parent: Option<String>,
    markdown: String,
    in_trash: bool,
    shared: bool,
    created: Timestamp,
    edited: Timestamp,
}

impl Notion {
    fn start(world: World, opening: &Opening<'_>) -> Result<Self, SimulationError> {
        let now = (opening.clock)();
        let mut pages: Vec<Stored> = Vec::new();
        for (index, page) in world.pages.iter().enumerate() {
            let invalid = |field: &str, problem: &str| WorldError::Invalid {
                place: format!("notion.pages[{index}].{field}"),
                problem: problem.to_owned(),
            };
            uuid::Uuid::parse_str(&page.id).map_err(|_| invalid("id", "it is not a UUID"))?;
            if page.parent.as_ref().is_some_and(|parent| !pages.iter().any(|known| known.id == *parent)) {
                return Err(invalid("parent", "no page before it has this ID").into());
            }
            pages.push(Stored {
                id: page.id.clone(),
                title: page.title.clone(),
                parent: page.parent.clone(),
                markdown: page.markdown.clone(),
                in_trash: false,
                shared: page.shared,
                created: now,
                edited: now,
            });
        }
        Ok(Self(Arc::new(Workspace {
            base_url: opening.address.clone(),
            token: opening.secrets.field("notion", &world.secret, "token")?,
            bot: world.bot,
            clock: opening.clock.clone(),
            state: Mutex::new(pages),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Stored>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }
}

/// A refusal in Notion's form: <https://developers.notion.com/reference/status-codes>.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Failure {
    fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "validation_error", message: message.into() }
    }

    fn unknown(id: &str) -> Self {
        let message = format!(
            "Could not find page with ID: {id}. Make sure the relevant pages and databases are shared with your integration."
        );
        Self { status: StatusCode::NOT_FOUND, code: "object_not_found", message }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({"object": "error", "status": self.status.as_u16(), "code": self.code, "message": self.message,
                          "request_id": uuid::Uuid::new_v4().to_string()});
        (self.status, Json(body)).into_response()
    }
}

/// Refuses a call without the integration's token or the version.
async fn authenticate(AxumState(notion): AxumState<Notion>, request: Request, next: Next) -> Response {
    if !bearer(request.headers()).is_some_and(|token| same(token, &notion.0.token)) {
        let message = "API token is invalid.".to_owned();
        return Failure { status: StatusCode::UNAUTHORIZED, code: "unauthorized", message }.into_response();
    }
    if request.headers().get("notion-version").is_none_or(|version| version != VERSION) {
        let message = format!("Notion-Version header failed validation: it should be `{VERSION}`.");
        return Failure { status: StatusCode::BAD_REQUEST, code: "missing_version", message }.into_response();
    }
    next.run(request).await
}
