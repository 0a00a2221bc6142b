//! The state shared by a running simulation and its control address.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::delivery::{Delivery, DeliveryError};
use crate::description::Violations;
use crate::fault::Faults;
use crate::log::ServiceLog;
use crate::service::Service;
use crate::webhook::{Outgoing, Receipt};
use crate::world::World;

/// Addresses of the services by name, as `http://127.0.0.1:PORT`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Urls(pub(crate) BTreeMap<&'static str, String>);

impl Urls {
    /// The address of a service; `None` when the world does not have it.
    #[must_use]
    pub fn get(&self, service: &str) -> Option<&str> {
        self.0.get(service).map(String::as_str)
    }

    /// All names and addresses, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, url)| (*name, url.as_str()))
    }
}

pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) urls: Urls,
    pub(crate) log: ServiceLog,
    pub(crate) violations: Violations,
    pub(crate) faults: Faults,
    pub(crate) services: BTreeMap<&'static str, Arc<dyn Service>>,
    /// The folder that the control address exports to.
    pub(crate) exports: PathBuf,
    pub(crate) client: reqwest::Client,
}

impl Shared {
    pub(crate) fn state(&self) -> Value {
        self.services.iter().map(|(name, service)| ((*name).to_owned(), service.state())).collect()
    }

    /// The world's configuration with the simulated addresses. The path of a `base_url` is kept.
    pub(crate) fn configuration(&self) -> String {
        let mut configuration = self.world.configuration.clone();
        for (service, url) in self.urls.iter() {
            if let Some(Value::Object(settings)) = configuration["plugins"].get_mut(service) {
                let present = settings.get("base_url").and_then(Value::as_str).unwrap_or_default();
                let path = present
                    .split_once("://")
                    .and_then(|(_, rest)| rest.split_once('/'))
                    .map(|(_, path)| format!("/{path}"))
                    .unwrap_or_default();
                settings.insert("base_url".to_owned(), format!("{url}{path}").into());
            }
        }
        // JSON is YAML, so a document always comes out.
        serde_saphyr::to_string(&configuration).unwrap_or_else(|_| configuration.to_string())
    }

    pub(crate) fn named(&self, trigger: &str) -> Result<&Delivery, DeliveryError> {
        self.world.deliveries.get(trigger).ok_or_else(|| DeliveryError::Unknown {
            name: trigger.to_owned(),
            known: self.world.deliveries.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    pub(crate) fn act(&self, delivery: &Delivery) -> Result<Outgoing, DeliveryError> {
        let name = delivery.service().map_err(DeliveryError::Refused)?;
        let service = self
            .services
            .get(name)
            .ok_or_else(|| DeliveryError::Refused(format!("the world has no section `{name}`")))?;
        service.act(delivery.as_value()).map_err(DeliveryError::Refused)
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery, to: &str) -> Result<Receipt, DeliveryError> {
        Ok(self.act(delivery)?.post(&self.client, to).await?)
    }

    pub(crate) fn export(&self, folder: &Path, repository: Option<&str>) -> Result<(), String> {
        let hosts = || self.services.values().map(|service| (service, service.repositories()));
        match repository {
            Some(name) => {
                let mut hosts = hosts().filter(|(_, repositories)| !repositories.is_empty()).peekable();
                let Some((first, _)) = hosts.peek().cloned() else {
                    return Err(format!("no service of the world hosts `{name}`"));
                };
                let host = hosts.find(|(_, repositories)| repositories.iter().any(|known| known == name));
                host.map_or(first, |(host, _)| host).export(name, folder)
            }
            None => hosts().try_for_each(|(host, repositories)| {
                repositories.iter().try_for_each(|name| host.export(name, &folder.join(name)))
            }),
        }
    }
}
