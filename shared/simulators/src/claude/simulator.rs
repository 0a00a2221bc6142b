//! The model service as one of the services of a simulation.

use axum::Router;
use serde_json::Value;

use super::{Claude, World};
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

    fn router(&self) -> Router {
        Self::router(self)
    }

    fn state(&self) -> Value {
        Self::state(self)
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
