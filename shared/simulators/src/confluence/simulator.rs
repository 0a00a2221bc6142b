//! The site as one of the services of a simulation.

use axum::Router;
use serde_json::Value;

use super::{Confluence, World};
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
