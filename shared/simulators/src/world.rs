//! World files: everything a simulation knows, as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::credentials::Secrets;
use crate::delivery::Delivery;
use crate::fault::Fault;
use crate::{claude, confluence, github, jira, slack};

/// Everything a [`Simulation`](crate::Simulation) knows when it starts, read from a YAML file. Keys that are not
/// described here are refused. Paths are relative to the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// When the simulation begins, as `2026-03-02T09:00:00Z`; the present when absent. Signatures carry this time, so a
    /// program that runs by the real clock refuses deliveries from another day.
    #[serde(default)]
    pub now: Option<Timestamp>,
    /// Secrets by name, each a map of fields. The simulators demand them of callers, and
    /// [`Simulation::secrets`](crate::Simulation::secrets) gives them to whoever fills the secret store.
    pub secrets: Secrets,
    /// Name of the secret with the fields `jira`, `github` and `slack`: what each service signs its webhooks with.
    pub signing: String,
    /// The Jira site.
    pub jira: jira::World,
    /// GitHub.
    pub github: github::World,
    /// The Slack workspace.
    pub slack: slack::World,
    /// The Confluence site.
    pub confluence: confluence::World,
    /// The model.
    pub claude: claude::World,
    /// Faults that wait for the first requests that match them.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// A `ticketsmith.yaml` as data. The simulation sets the `base_url` of each simulated service's entry under
    /// `plugins`, and leaves the rest as it stands.
    pub configuration: Value,
    /// Things that people can be made to do, by name.
    #[serde(default)]
    pub deliveries: BTreeMap<String, Delivery>,
    /// The folder that relative paths start from.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What is wrong with a world.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The file cannot be read.
    #[error("cannot read the world file {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the operating system's words.
        reason: String,
    },
    /// The file is no YAML of the described form.
    #[error("{path} is not a world file: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found, where, and what is accepted.
        reason: String,
    },
    /// The world contradicts itself.
    #[error("{place}: {problem}")]
    Invalid {
        /// The key at fault, as `jira.tickets[0].status`.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl World {
    /// Reads a world file.
    ///
    /// # Errors
    /// [`WorldError::Unreadable`], or [`WorldError::Malformed`] with line and column. That the parts fit together is
    /// checked by [`Simulation::start`](crate::Simulation::start).
    pub fn load(path: &Path) -> Result<Self, WorldError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| WorldError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&text, folder).map_err(|reason| WorldError::Malformed { path: path.to_owned(), reason })
    }

    /// Reads a world from YAML text whose relative paths start from `folder`.
    ///
    /// # Errors
    /// What was found, where, and what is accepted.
    pub fn parse(yaml: &str, folder: PathBuf) -> Result<Self, String> {
        let mut world: Self = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
        world.folder = folder;
        Ok(world)
    }
}
