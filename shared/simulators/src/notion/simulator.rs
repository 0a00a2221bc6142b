//! The workspace as one of the services of a simulation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{Notion, World, authenticate, pages};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

impl Simulator for Notion {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "notion";
    const TITLE: &'static str = "Notion";
    const DESCRIPTIONS: &'static [&'static str] = &["notion.json"];
    const OVERLAYS: &'static [&'static str] = &[include_str!("overlay.json")];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Self::start(world, &opening)
    }

    /// All routes, with authentication.
    fn router(&self) -> Router {
        Router::new()
            .route("/v1/blocks/{page}/children", get(pages::children))
            .route("/v1/pages", post(pages::create))
            .route("/v1/pages/{page}", get(pages::get).patch(pages::edit))
            .route("/v1/pages/{page}/markdown", get(pages::markdown).patch(pages::replace))
            .route("/v1/users/me", get(pages::myself))
            .layer(from_fn_with_state(self.clone(), authenticate))
            .with_state(self.clone())
    }

    /// The pages, in short form.
    fn state(&self) -> Value {
        let pages = self.lock();
        let shown = pages.iter().map(|page| {
            json!({"id": page.id, "title": page.title, "parent": page.parent, "markdown": page.markdown, "in_trash": page.in_trash})
        });
        shown.collect()
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
