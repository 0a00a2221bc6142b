//! A Confluence Cloud site: pages and spaces of the
//! [REST API v2](https://developer.atlassian.com/cloud/confluence/rest/v2/intro/), templates of version 1.

mod pages;
mod simulator;
mod spaces;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State as AxumState};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::credentials::{Secrets, is_basic};
use crate::error::WorldError;

pub use world::{Operation, Page, Space, Template, World};

const FIRST_PAGE_ID: u64 = 65_600;
const FIRST_SPACE_ID: usize = 32_800;

/// A running Confluence site. Clones share one state.
#[derive(Clone)]
pub struct Confluence(Arc<Site>);

struct Site {
    base_url: String,
    world: World,
    email: SecretString,
    api_token: SecretString,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pages: Vec<Stored>,
    last_id: u64,
}

#[derive(Debug, Clone)]
struct Stored {
    id: String,
    /// Position of its space in the world.
    space: usize,
    parent: Option<String>,
    title: String,
    /// In the storage format.
    body: String,
    status: &'static str,
    version: u64,
    created: Timestamp,
}

impl State {
    fn next_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    /// A page, unless it is in the bin.
    fn page(&self, id: &str) -> Result<&Stored, Failure> {
        self.pages.iter().find(|page| page.id == id && page.status == "current").ok_or_else(Failure::no_page)
    }

    fn page_mut(&mut self, id: &str) -> Result<&mut Stored, Failure> {
        self.pages
            .iter_mut()
            .find(|page| page.id == id && page.status == "current")
            .ok_or_else(Failure::no_page)
    }
}

impl Confluence {
    /// Opens the site which the world describes at `base_url`; like the real one it answers below `{base_url}/wiki`.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] when the section contradicts itself or lacks a secret.
    pub fn start(
        world: World,
        secrets: &Secrets,
        base_url: String,
        clock: Clock,
    ) -> Result<Self, WorldError> {
        let mut state = State { pages: Vec::new(), last_id: FIRST_PAGE_ID };
        let now = clock();
        for (index, space) in world.spaces.iter().enumerate() {
            let mut home = None;
            for page in &space.pages {
                let place = format!("confluence.spaces[{index}].pages");
                let parent = match &page.parent {
                    None => home.clone(),
                    Some(title) => Some(
                        state
                            .pages
                            .iter()
                            .find(|known| known.space == index && known.title == *title)
                            .map(|known| known.id.clone())
                            .ok_or_else(|| WorldError::Invalid {
                                place: place.clone(),
                                problem: format!("`{}`: no page above it is titled `{title}`", page.title),
                            })?,
                    ),
                };
                let id = state.next_id();
                home.get_or_insert_with(|| id.clone());
                state.pages.push(Stored {
                    id,
                    space: index,
                    parent,
                    title: page.title.clone(),
                    body: page.body.clone(),
                    status: "current",
                    version: 1,
                    created: now,
                });
            }
        }
        let field = |name: &str| secrets.field("confluence", &world.secret, name);
        Ok(Self(Arc::new(Site {
            base_url,
            email: field("email")?,
            api_token: field("api_token")?,
            state: Mutex::new(state),
            world,
            clock,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn base(&self) -> String {
        format!("{}/wiki", self.0.base_url)
    }

    /// Address of a page below the site's `base`.
    fn web_path(&self, page: &Stored) -> String {
        let title: String =
            page.title.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '+' }).collect();
        format!("/spaces/{}/pages/{}/{title}", self.0.world.spaces[page.space].key, page.id)
    }
}

/// A refusal in the form of version 2 of the API.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: &'static str,
    title: String,
}

impl Failure {
    fn invalid(title: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "INVALID_REQUEST_PARAMETER", title: title.into() }
    }

    fn not_found(title: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", title: title.into() }
    }

    fn conflict(title: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, code: "CONFLICT", title: title.into() }
    }

    fn no_page() -> Self {
        Self::not_found("Could not find a page, or you do not have permission to view it.")
    }

    fn no_space() -> Self {
        Self::not_found("Could not find a space, or you do not have permission to view it.")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error =
            json!({"status": self.status.as_u16(), "code": self.code, "title": self.title, "detail": null});
        (self.status, Json(json!({"errors": [error]}))).into_response()
    }
}

async fn authenticate(
    AxumState(confluence): AxumState<Confluence>,
    request: Request,
    next: Next,
) -> Response {
    let site = &confluence.0;
    if is_basic(request.headers(), site.email.expose_secret(), &site.api_token) {
        return next.run(request).await;
    }
    let title = "Unauthorized".to_owned();
    Failure { status: StatusCode::UNAUTHORIZED, code: "UNAUTHORIZED", title }.into_response()
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("The request body is not valid JSON: {error}")))
}
