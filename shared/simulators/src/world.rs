//! World files: everything a simulation knows, as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::credentials::Secrets;
use crate::delivery::Delivery;
use crate::error::WorldError;
use crate::fault::Fault;
use crate::reading::from_yaml;
use crate::service::Section;
use crate::services;
use crate::stack;

/// Everything a [`Simulation`](crate::Simulation) knows when it starts, read from a YAML file. Beside the keys below, the file has a
/// section for each service of the world, under the service's name. Other keys are refused. Paths are relative to the file.
#[derive(Debug, Clone)]
pub struct World {
    /// When the simulation begins, as `2026-03-02T09:00:00Z`; now when absent. Signatures carry this time, so a
    /// program that uses the real clock refuses deliveries from another day.
    pub now: Option<Timestamp>,
    /// Secrets by name, each a map of fields. The simulators require them of callers, and
    /// [`Simulation::secrets`](crate::Simulation::secrets) returns them for the secret store.
    pub secrets: Secrets,
    /// Name of the secret with a field for each service: its signing secret.
    pub signing: String,
    /// Faults that wait for the first requests that match them.
    pub faults: Vec<Fault>,
    /// A `ticketsmith.yaml` as data. The simulation sets the `base_url` of each simulated service's entry under
    /// `plugins`, and leaves the rest as it is.
    pub configuration: Value,
    /// Things that people do, by name.
    pub deliveries: BTreeMap<String, Delivery>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    pub(crate) sections: BTreeMap<&'static str, Section>,
}

impl World {
    /// Reads a world file.
    ///
    /// # Errors
    /// [`WorldError::Unreadable`], or [`WorldError::Malformed`] with line and column. That the parts fit together is
    /// checked by [`Simulation::start`](crate::Simulation::start).
    pub fn load(path: &Path) -> Result<Self, WorldError> {
        Self::load_stack(path, stack::DEFAULT)
    }

    /// Reads a world file as one of its [stacks](stack).
    ///
    /// # Errors
    /// Like [`World::load`], and if the file has no such stack.
    pub fn load_stack(path: &Path, stack: &str) -> Result<Self, WorldError> {
        let malformed = |reason| WorldError::Malformed { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path)
            .map_err(|error| WorldError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let text = stack::of_stack(&text, stack).map_err(malformed)?;
        Self::parse(&text, folder).map_err(malformed)
    }

    /// Reads a world from YAML text whose relative paths start from `folder`.
    ///
    /// # Errors
    /// The mistake, its place, and what is accepted.
    pub fn parse(yaml: &str, folder: PathBuf) -> Result<Self, String> {
        let mut sections = BTreeMap::new();
        for service in services::ALL {
            if let Some(section) = (service.read)(yaml)? {
                sections.insert(service.name, section);
            }
        }
        let core: Core = from_yaml(yaml)?;
        Ok(Self {
            now: core.now,
            secrets: core.secrets,
            signing: core.signing,
            faults: core.faults,
            configuration: core.configuration,
            deliveries: core.deliveries,
            folder,
            sections,
        })
    }

    /// Lets the checks of the first commit on each branch fail and those of the others succeed: those that the world has a log of, else the
    /// first one.
    pub fn fail_first_checks(&mut self) {
        for service in services::ALL {
            if let Some(section) = self.sections.get_mut(service.name) {
                (service.fail_first_checks)(section);
            }
        }
    }

    /// The section of a service, by its name, if the world has one of this type.
    #[must_use]
    pub fn section<T: 'static>(&self, service: &str) -> Option<&T> {
        self.sections.get(service)?.downcast_ref()
    }

    /// Adds the section of a service, as a world file has it, before a simulation starts.
    ///
    /// # Errors
    /// The mistake in it.
    pub fn add_section(&mut self, yaml: &str) -> Result<(), String> {
        for service in services::ALL {
            if let Some(section) = (service.read)(yaml)? {
                self.sections.insert(service.name, section);
            }
        }
        Ok(())
    }

    /// The section of a service, by its name, to be changed before a simulation starts.
    pub fn section_mut<T: Clone + Send + Sync + 'static>(&mut self, service: &str) -> Option<&mut T> {
        let section = self.sections.get_mut(service)?;
        // Clones of a world share their sections until one of them changes its own.
        if Arc::get_mut(section).is_none() {
            *section = Arc::new(section.downcast_ref::<T>()?.clone());
        }
        Arc::get_mut(section)?.downcast_mut()
    }
}

/// The keys that belong to no service.
struct Core {
    now: Option<Timestamp>,
    secrets: Secrets,
    signing: String,
    faults: Vec<Fault>,
    configuration: Value,
    deliveries: BTreeMap<String, Delivery>,
}

impl<'de> Deserialize<'de> for Core {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CoreVisitor)
    }
}

struct CoreVisitor;

impl<'de> Visitor<'de> for CoreVisitor {
    type Value = Core;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a world: a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Core, A::Error> {
        let (mut now, mut secrets, mut signing, mut configuration) = (None, None, None, None);
        let (mut faults, mut deliveries) = (Vec::new(), BTreeMap::new());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "now" => now = map.next_value()?,
                "secrets" => secrets = Some(map.next_value()?),
                "signing" => signing = Some(map.next_value()?),
                "faults" => faults = map.next_value()?,
                "configuration" => configuration = Some(map.next_value()?),
                "deliveries" => deliveries = map.next_value()?,
                "stacks" => {
                    map.next_value::<IgnoredAny>()?;
                }
                service if services::ALL.iter().any(|known| known.name == service) => {
                    map.next_value::<IgnoredAny>()?;
                }
                unknown => {
                    let services: Vec<_> = services::ALL.iter().map(|service| service.name).collect();
                    return Err(A::Error::custom(format!(
                        "unknown key `{unknown}`; accepted: now, secrets, signing, faults, configuration, deliveries, stacks, {}",
                        services.join(", ")
                    )));
                }
            }
        }
        Ok(Core {
            now,
            secrets: secrets.ok_or_else(|| A::Error::missing_field("secrets"))?,
            signing: signing.ok_or_else(|| A::Error::missing_field("signing"))?,
            faults,
            configuration: configuration.ok_or_else(|| A::Error::missing_field("configuration"))?,
            deliveries,
        })
    }
}
