//! Stateful simulators of the outside services that Ticketsmith speaks to.
//!
//! A [`Simulation`] listens on loopback, one port for each service, and answers as Jira Cloud, GitHub, Slack,
//! Confluence Cloud and Claude answer: the same routes, status codes, headers, error bodies and read-after-write state.
//! All it knows comes from a [`World`], a YAML file. Nothing here is told who is calling, and a product function that
//! speaks to a simulator uses the same code as against the real service.

pub mod claude;
pub mod clock;
pub mod confluence;
mod control;
pub mod credentials;
pub mod delivery;
pub mod description;
pub mod fault;
pub mod github;
pub mod jira;
mod listener;
pub mod log;
pub mod simulation;
pub mod slack;
pub mod world;

pub use simulation::{Options, Ports, Simulation, SimulationError, Urls};
pub use world::{World, WorldError};
