//! The account's monitoring as one of the services of a simulation.

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};

use super::{CloudWatch, World, called};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

impl Simulator for CloudWatch {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "cloudwatch";
    const TITLE: &'static str = "CloudWatch";
    const DESCRIPTIONS: &'static [&'static str] = &[];
    const CHECKS_ITSELF: &'static [&'static str] = &["/"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Ok(Self::start(world, opening.descriptions, opening.violations, opening.clock)?)
    }

    fn router(&self) -> Router {
        Router::new().route("/", post(called)).with_state(self.clone())
    }

    /// Every value of every metric, and every event.
    fn state(&self) -> Value {
        let state = self.lock();
        json!({"metrics": state.metrics.json(), "events": state.events})
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
