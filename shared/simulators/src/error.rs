//! Why a world cannot be simulated.

use std::path::PathBuf;

use crate::description::DescriptionError;
use crate::fault::FaultError;

/// A mistake in a world.
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
    /// The file is not YAML of the documented form.
    #[error("{path} is not a world file: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The mistake, its place, and what is accepted.
        reason: String,
    },
    /// The world contradicts itself.
    #[error("{place}: {problem}")]
    Invalid {
        /// The key at fault, as `jira.tickets[0].status`.
        place: String,
        /// The mistake in it.
        problem: String,
    },
}

/// Why a simulation does not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The world contradicts itself.
    #[error("the world file is wrong: {0}")]
    World(#[from] WorldError),
    /// A fault of the world could never apply.
    #[error("the world file is wrong: faults: {0}")]
    Fault(#[from] FaultError),
    /// A description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A file that a service checks requests with cannot be used.
    #[error("{0}")]
    Format(String),
    /// A section of the world was read by another service.
    #[error("the section `{0}` was read by another service; this is a defect of the simulator")]
    ForeignSection(&'static str),
    /// A port is taken or may not be opened.
    #[error("cannot listen on 127.0.0.1:{port}: {reason}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// Why, in the operating system's words.
        reason: String,
    },
    /// The HTTP client that posts webhooks cannot be made.
    #[error("cannot prepare an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}
