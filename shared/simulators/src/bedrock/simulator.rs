//! The model service as one of the services of a simulation.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use serde_json::{Value, json};

use super::{Bedrock, MOST_BYTES, World, authenticate, converse};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

impl Simulator for Bedrock {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "bedrock";
    const TITLE: &'static str = "Bedrock";
    const DESCRIPTIONS: &'static [&'static str] = &["bedrock-runtime.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Ok(Self::start(world, opening.violations, opening.clock))
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/model/{modelId}/converse", post(converse::converse))
            .route("/model/{modelId}/converse-stream", post(converse::converse_stream))
            .route("/model/{modelId}/count-tokens", post(converse::count))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .layer(from_fn_with_state(self.clone(), authenticate))
            .with_state(self.clone())
    }

    /// How often each reply of the script may still be used, and the tokens and dollars that are billed for those that were used, also where
    /// their answer was lost.
    fn state(&self) -> Value {
        let state = self.lock();
        let left = state.script.left(&self.0.world.replies);
        json!({"replies_given": state.replies, "billed": state.billed.json(), "replies": left})
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
