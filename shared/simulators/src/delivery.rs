//! People's actions in a world, as data that the service understands.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::service::ServiceSpec;
use crate::services;
use crate::webhook::Unreachable;

/// Something a person does in a service that the service reports by a webhook: `{"kind": "SERVICE-…", …}`. The kind starts with the
/// service's name; the service's own folder defines the rest.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Delivery(Value);

impl Delivery {
    /// Reads a delivery.
    ///
    /// # Errors
    /// The mistake and what is accepted: no service has this kind, or the service does not accept it.
    pub fn new(delivery: Value) -> Result<Self, String> {
        let service = service_of(&delivery)?;
        (service.check_delivery)(&delivery)?;
        Ok(Self(delivery))
    }

    /// The name of the service in which it happens.
    pub(crate) fn service(&self) -> Result<&'static str, String> {
        service_of(&self.0).map(|service| service.name)
    }

    pub(crate) fn as_value(&self) -> &Value {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Delivery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn service_of(delivery: &Value) -> Result<&'static ServiceSpec, String> {
    let kind =
        delivery["kind"].as_str().ok_or("a delivery needs a `kind`, which starts with a service's name")?;
    let service = kind.split_once('-').map(|(service, _)| service);
    services::ALL.iter().find(|known| Some(known.name) == service).ok_or_else(|| {
        let known: Vec<_> = services::ALL.iter().map(|service| service.name).collect();
        format!("the kind `{kind}` does not start with a service's name; accepted: {}", known.join(", "))
    })
}

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// No delivery of the world has this name.
    #[error("no delivery is named `{name}`; the world has: {known}")]
    Unknown {
        /// The requested secret.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The person could not do it: a ticket, person or status does not exist.
    #[error("this cannot be done in the simulated world: {0}")]
    Refused(String),
    /// The receiver did not answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}
