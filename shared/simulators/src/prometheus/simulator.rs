//! Prometheus as one of the services of a simulation.

use axum::Router;
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::{Prometheus, World, push, query};
use crate::error::SimulationError;
use crate::service::{NoDelivery, Opening, Simulator};
use crate::webhook::Outgoing;

impl Simulator for Prometheus {
    type World = World;
    type Delivery = NoDelivery;

    const NAME: &'static str = "prometheus";
    const TITLE: &'static str = "Prometheus";
    /// Its APIs are described only in words.
    const DESCRIPTIONS: &'static [&'static str] = &[];

    fn open(_: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Ok(Self::start(opening.violations, opening.clock))
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/metrics/job/{job}/series/{series}", put(push::put))
            .route("/api/v1/query", get(query::query))
            .with_state(self.clone())
    }

    /// The content of each group of the Pushgateway, and everything that was scraped.
    fn state(&self) -> Value {
        let state = self.lock();
        let groups = state.groups.iter().map(|(group, values)| {
            let values: Vec<_> = values
                .iter()
                .map(|((name, labels), value)| json!({"name": name, "labels": labels, "value": value}))
                .collect();
            (group.clone(), Value::from(values))
        });
        let scraped: usize = state.scraped.values().map(Vec::len).sum();
        json!({"groups": groups.collect::<serde_json::Map<_, _>>(), "scraped": scraped})
    }

    fn act(&self, delivery: NoDelivery) -> Result<Outgoing, String> {
        match delivery {}
    }
}
