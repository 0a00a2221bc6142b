//! The model service as one of the services of a simulation.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{OpenAi, World, authenticate, chat, list, responses, retrieve};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

const MOST_BYTES: usize = 64 * 1024 * 1024;

impl Simulator for OpenAi {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "openai";
    const TITLE: &'static str = "OpenAI";
    const DESCRIPTIONS: &'static [&'static str] = &["openai.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Ok(Self::start(world, opening.secrets, opening.violations, opening.clock)?)
    }

    /// All routes, with authentication.
    fn router(&self) -> Router {
        let mut routes = Router::new()
            .route("/chat/completions", post(chat::create))
            .route("/models", get(list))
            .route("/models/{id}", get(retrieve));
        if !self.0.world.compatible {
            routes = routes
                .route("/responses", post(responses::create))
                .route("/responses/input_tokens", post(responses::count));
        }
        Router::new()
            .nest("/v1", routes)
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .layer(from_fn_with_state(self.clone(), authenticate))
            .with_state(self.clone())
    }

    /// How often each reply of the script may still be used, in its order, with what it is for; and the tokens and dollars that are billed
    /// for those that were used, also where their answer was lost.
    fn state(&self) -> Value {
        let state = self.lock();
        let left = state.script.left(&self.0.world.replies);
        json!({"replies_given": state.replies, "billed": state.billed.json(), "replies": left})
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
