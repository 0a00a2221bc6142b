//! A Jira Cloud site: the part of the
//! [REST API v3](https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/) that ticket automation uses, and
//! the webhooks an administrator can register.

mod attachments;
mod comments;
mod document;
mod document_format;
mod issues;
mod jql;
mod links;
mod people;
mod projects;
mod render;
mod search;
mod simulator;
mod state;
mod transitions;
mod webhooks;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State as AxumState};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::credentials::{Secrets, is_basic};
use crate::error::WorldError;

pub use document_format::{DocumentFormat, DocumentFormatError};
pub use world::{Comment, Field, Project, Status, StatusCategory, Ticket, Transition, User, World};

/// The longest text of a comment or description, as Jira itself counts it: in wiki markup, not as a document.
const LONGEST_TEXT: usize = 32_767;

/// A running Jira site. Clones share one state.
#[derive(Clone)]
pub struct Jira(Arc<Site>);

struct Site {
    base_url: String,
    world: World,
    email: SecretString,
    api_token: SecretString,
    signing: SecretString,
    documents: Option<DocumentFormat>,
    clock: Clock,
    state: Mutex<state::State>,
}

impl Jira {
    /// Opens the site which the world describes at `base_url` (an address without a slash at its end); `signing` is
    /// the secret of its webhook. Descriptions and comments are held against `documents`, where it is given.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] when the section contradicts itself or lacks a secret.
    pub fn start(
        world: World,
        secrets: &Secrets,
        signing: SecretString,
        documents: Option<DocumentFormat>,
        base_url: String,
        clock: Clock,
    ) -> Result<Self, WorldError> {
        let invalid =
            |place: &str, problem: String| WorldError::Invalid { place: format!("jira.{place}"), problem };
        if world.account(&world.bot).is_none() {
            return Err(invalid("bot", format!("no user has the account_id `{}`", world.bot)));
        }
        for project in &world.projects {
            if project.statuses.is_empty() || project.issue_types.is_empty() {
                return Err(invalid("projects", format!("{} needs statuses and issue_types", project.key)));
            }
            for transition in &project.transitions {
                if let Some(unknown) = transition
                    .from
                    .iter()
                    .chain([&transition.to])
                    .find(|status| project.status(status) != Some(status.as_str()))
                {
                    let name = &transition.name;
                    return Err(invalid(
                        "projects",
                        format!("transition `{name}`: no status is named `{unknown}`"),
                    ));
                }
            }
        }
        let field = |name: &str| secrets.field("jira", &world.secret, name);
        Ok(Self(Arc::new(Site {
            base_url,
            email: field("email")?,
            api_token: field("api_token")?,
            signing,
            documents,
            state: Mutex::new(state::State::new(&world, clock())?),
            world,
            clock,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, state::State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses values that are not Atlassian Documents, in words.
    fn check_document(&self, document: &Value) -> Result<(), String> {
        document::check(document)?;
        if document::to_wiki(document).encode_utf16().count() > LONGEST_TEXT {
            return Err(
                "The entered text is too long. It exceeds the allowed limit of 32,767 characters.".into()
            );
        }
        self.0.documents.as_ref().map_or(Ok(()), |format| format.check(document))
    }

    /// Refuses a comment that is not a document or is empty.
    fn check_comment(&self, body: &Value) -> Result<(), Failure> {
        self.check_document(body).map_err(|reason| Failure::field("comment", reason))?;
        match document::to_wiki(body).is_empty() {
            true => Err(Failure::field("comment", "Comment body can not be empty!")),
            false => Ok(()),
        }
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    fn world(&self) -> &World {
        &self.0.world
    }
}

/// Refuses a call without the site's e-mail and API token, and adds the headers every answer carries.
async fn authenticate(AxumState(jira): AxumState<Jira>, request: Request, next: Next) -> Response {
    if !is_basic(request.headers(), jira.0.email.expose_secret(), &jira.0.api_token) {
        let body =
            json!({"message": "Client must be authenticated to access this resource.", "status-code": 401});
        let mut response = (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
        response
            .headers_mut()
            .insert("x-seraph-loginreason", HeaderValue::from_static("AUTHENTICATED_FAILED"));
        return response;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from_static("100"));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("99"));
    headers.insert(
        "x-aaccountid",
        HeaderValue::from_str(&jira.world().bot).unwrap_or(HeaderValue::from_static("")),
    );
    response
}

/// A refusal in Jira's form: `{"errorMessages": […], "errors": {field: message}}`.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    messages: Vec<String>,
    errors: Map<String, Value>,
}

impl Failure {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, messages: vec![message.into()], errors: Map::new() }
    }

    fn no_issue() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Issue does not exist or you do not have permission to see it.")
    }

    fn field(name: &str, message: impl Into<String>) -> Self {
        let errors = Map::from_iter([(name.to_owned(), Value::String(message.into()))]);
        Self { status: StatusCode::BAD_REQUEST, messages: Vec::new(), errors }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, axum::Json(json!({"errorMessages": self.messages, "errors": self.errors})))
            .into_response()
    }
}

/// The body as JSON. Jira refuses anything else before looking at it.
fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|_| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "There was an error parsing JSON. Check that your request body is valid.",
        )
    })
}
