//! What one simulated service is: a [`Simulator`], typed, in a folder of its own; and the same without its types, so that a
//! simulation can run any number of them.

use std::any::Any;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::clock::Clock;
use crate::credentials::Secrets;
use crate::description::Violations;
use crate::error::SimulationError;
use crate::log::ServiceLog;
use crate::reading::from_yaml;
use crate::webhook::Outgoing;

/// One simulated service.
pub trait Simulator: Send + Sync + Sized + 'static {
    /// Its section of a world file.
    type World: DeserializeOwned + Clone + Send + Sync + 'static;
    /// People's actions that the service reports by a webhook. Each `kind` starts with the service's name: `jira-label`.
    type Delivery: DeserializeOwned;

    /// Its name: the key of its section in a world file, under `plugins` of a configuration, and in the signing secret.
    const NAME: &'static str;
    /// Its name for people.
    const TITLE: &'static str;
    /// The files with its official OpenAPI descriptions, in the folder of [`Options`](crate::Options).
    const DESCRIPTIONS: &'static [&'static str];

    /// Our own OpenAPI descriptions of calls that the official ones lack, with where each is documented. A path in them hides that of the official
    /// ones.
    const OVERLAYS: &'static [&'static str] = &[];

    /// Paths that no OpenAPI description covers, such as that of a GraphQL API: the service itself checks requests to them.
    const CHECKS_ITSELF: &'static [&'static str] = &[];

    /// Opens the service that the section describes.
    ///
    /// # Errors
    /// [`SimulationError`] when the section contradicts itself or lacks a secret.
    fn open(world: Self::World, opening: Opening<'_>) -> Result<Self, SimulationError>;

    /// Makes the checks of the first commit on each branch fail and those of the others succeed, if the service has checks.
    fn fail_first_checks(_world: &mut Self::World) {}

    /// The routes of its API, with authentication. Each request is checked against the official descriptions.
    fn router(&self) -> Router;

    /// Pages for people at the same address. They are not part of the API, so their requests are not checked.
    fn pages(&self) -> Router {
        Router::new()
    }

    /// Everything that can be seen in it, as JSON.
    fn state(&self) -> Value;

    /// Performs a person's action, and returns the signed webhook that reports it.
    ///
    /// # Errors
    /// Why it cannot be done, in words.
    fn act(&self, delivery: Self::Delivery) -> Result<Outgoing, String>;

    /// The names of the git repositories that it hosts.
    fn repositories(&self) -> Vec<String> {
        Vec::new()
    }

    /// Clones one of its repositories into a folder that does not exist yet or is empty.
    ///
    /// # Errors
    /// Why it cannot be cloned, in words.
    fn export(&self, repository: &str, _folder: &Path) -> Result<(), String> {
        Err(format!("{} hosts no repository `{repository}`", Self::TITLE))
    }
}

/// The inputs for opening a service.
pub struct Opening<'a> {
    /// The world's secrets.
    pub secrets: &'a Secrets,
    /// The name of the secret that contains each service's signing secret.
    pub signing: &'a str,
    /// The folder that relative paths of the world start from.
    pub folder: &'a Path,
    /// The folder with official descriptions, if there is one.
    pub descriptions: Option<&'a Path>,
    /// Where the service listens: an address without a slash at its end.
    pub address: String,
    /// The time.
    pub clock: Clock,
    /// The answer.
    pub log: ServiceLog,
    /// Where requests are recorded that the real service would refuse.
    pub violations: Violations,
}

impl Opening<'_> {
    /// A service's signing secret for webhooks.
    ///
    /// # Errors
    /// [`WorldError::Invalid`](crate::WorldError::Invalid) if the signing secret has no field of that name.
    pub fn signing_of(&self, service: &str) -> Result<SecretString, SimulationError> {
        Ok(self.secrets.field("signing", self.signing, service)?)
    }
}

/// People's actions in a service without webhooks: none.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum NoDelivery {}

/// A service that was opened, or why it was not.
type Opened = Result<Arc<dyn Service>, SimulationError>;

/// A section of a world file, read by the service that it belongs to.
pub(crate) type Section = Arc<dyn Any + Send + Sync>;

/// A [`Simulator`] as data and functions.
#[derive(Debug)]
pub struct ServiceSpec {
    /// [`Simulator::NAME`].
    pub name: &'static str,
    /// [`Simulator::TITLE`].
    pub title: &'static str,
    pub(crate) descriptions: &'static [&'static str],
    pub(crate) overlays: &'static [&'static str],
    pub(crate) checks_itself: &'static [&'static str],
    pub(crate) read: fn(&str) -> Result<Option<Section>, String>,
    pub(crate) check_delivery: fn(&Value) -> Result<(), String>,
    pub(crate) fail_first_checks: fn(&mut Section),
    pub(crate) open: fn(&Section, Opening<'_>) -> Opened,
}

impl ServiceSpec {
    /// The specification of a simulator.
    pub const fn of<S: Simulator>() -> Self {
        Self {
            name: S::NAME,
            title: S::TITLE,
            descriptions: S::DESCRIPTIONS,
            overlays: S::OVERLAYS,
            checks_itself: S::CHECKS_ITSELF,
            read: read::<S>,
            check_delivery: |delivery| delivery_of::<S>(delivery).map(drop),
            fail_first_checks: fail_first_checks::<S>,
            open: open::<S>,
        }
    }
}

/// A running [`Simulator`] with its types erased.
pub(crate) trait Service: Send + Sync {
    fn router(&self) -> Router;
    fn pages(&self) -> Router;
    fn state(&self) -> Value;
    fn act(&self, delivery: &Value) -> Result<Outgoing, String>;
    fn repositories(&self) -> Vec<String>;
    fn export(&self, repository: &str, folder: &Path) -> Result<(), String>;
}

impl<S: Simulator> Service for S {
    fn router(&self) -> Router {
        Simulator::router(self)
    }

    fn pages(&self) -> Router {
        Simulator::pages(self)
    }

    fn state(&self) -> Value {
        Simulator::state(self)
    }

    fn act(&self, delivery: &Value) -> Result<Outgoing, String> {
        Simulator::act(self, delivery_of::<S>(delivery)?)
    }

    fn repositories(&self) -> Vec<String> {
        Simulator::repositories(self)
    }

    fn export(&self, repository: &str, folder: &Path) -> Result<(), String> {
        Simulator::export(self, repository, folder)
    }
}

fn open<S: Simulator>(section: &Section, opening: Opening<'_>) -> Opened {
    let world = section.downcast_ref::<S::World>().ok_or(SimulationError::ForeignSection(S::NAME))?;
    Ok(Arc::new(S::open(world.clone(), opening)?))
}

fn fail_first_checks<S: Simulator>(section: &mut Section) {
    if let Some(world) = section.downcast_ref::<S::World>() {
        let mut world = world.clone();
        S::fail_first_checks(&mut world);
        *section = Arc::new(world);
    }
}

fn delivery_of<S: Simulator>(delivery: &Value) -> Result<S::Delivery, String> {
    S::Delivery::deserialize(delivery).map_err(|error| error.to_string())
}

/// Reads the service's section out of a whole world file, so that mistakes are reported with their line.
fn read<S: Simulator>(yaml: &str) -> Result<Option<Section>, String> {
    let Only(world): Only<S> = from_yaml(yaml)?;
    Ok(world.map(|world| Arc::new(world) as Section))
}

/// The section of one service; other keys are skipped.
struct Only<S: Simulator>(Option<S::World>);

impl<'de, S: Simulator> Deserialize<'de> for Only<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnlyVisitor(PhantomData))
    }
}

struct OnlyVisitor<S>(PhantomData<S>);

impl<'de, S: Simulator> Visitor<'de> for OnlyVisitor<S> {
    type Value = Only<S>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a world: a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Only<S>, A::Error> {
        let mut world = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == S::NAME {
                world = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Only(world))
    }
}
