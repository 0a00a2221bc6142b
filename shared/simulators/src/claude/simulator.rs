//! The model service as one of the services of a simulation.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::request::MOST_BYTES;
use super::{Claude, World, authenticate, messages, model};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

impl Simulator for Claude {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "claude";
    const TITLE: &'static str = "Claude";
    const DESCRIPTIONS: &'static [&'static str] = &["anthropic.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Ok(Self::start(world, opening.secrets, opening.violations, opening.clock)?)
    }

    /// All routes, with authentication.
    fn router(&self) -> Router {
        Router::new()
            .route("/v1/messages", post(messages::create))
            .route("/v1/messages/count_tokens", post(messages::count))
            .route("/v1/models/{id}", get(model))
            .layer(DefaultBodyLimit::max(2 * MOST_BYTES))
            .layer(from_fn_with_state(self.clone(), authenticate))
            .with_state(self.clone())
    }

    /// How often each reply of the script may still be used, in its order, with what it is for; and the tokens and dollars that are billed
    /// for those that were used, also where their answer was lost.
    fn state(&self) -> Value {
        let state = self.lock();
        let left = state.script.left(&self.0.world.replies);
        json!({"messages": state.messages, "billed": state.billed.json(), "replies": left})
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
