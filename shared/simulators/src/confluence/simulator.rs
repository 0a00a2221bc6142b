//! The site as one of the services of a simulation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde_json::{Value, json};

use super::{Confluence, World, authenticate, pages, spaces};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

impl Simulator for Confluence {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "confluence";
    const TITLE: &'static str = "Confluence";
    const DESCRIPTIONS: &'static [&'static str] = &["confluence-v2.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Ok(Self::start(world, opening.secrets, opening.address, opening.clock)?)
    }

    /// All routes, with authentication.
    fn router(&self) -> Router {
        let version_2 = Router::new()
            .route("/pages", get(pages::list).post(pages::create))
            .route("/pages/{id}", get(pages::get).put(pages::update).delete(pages::delete))
            .route("/spaces", get(spaces::list))
            .route("/spaces/{id}/operations", get(spaces::operations));
        Router::new()
            .nest("/wiki/api/v2", version_2)
            .layer(from_fn_with_state(self.clone(), authenticate))
            .with_state(self.clone())
    }

    /// The current pages, in short form.
    fn state(&self) -> Value {
        let state = self.lock();
        state
            .pages
            .iter()
            .map(|page| {
                json!({"id": page.id, "space": self.0.world.spaces[page.space].key, "title": page.title,
                       "parent": page.parent, "body": page.body, "status": page.status,
                       "url": format!("{}/wiki{}", self.0.base_url, self.web_path(page))})
            })
            .collect()
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
