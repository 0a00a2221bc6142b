//! Stateful simulators of the outside services that Ticketsmith uses.
//!
//! A [`Simulation`] listens on loopback, one port for each service, and answers as the real services do: the same routes,
//! status codes, headers, error bodies and read-after-write state. Everything it knows comes from a [`World`], a YAML file.
//! It does not know who is calling, and a product function that talks to a simulator uses the same code as with the real
//! service.
//!
//! Each service is a [`Simulator`](service::Simulator) in its own folder; [`services::ALL`] lists them.

pub mod attachment;
mod aws_signature;
pub mod bedrock;
pub mod claude;
pub mod clock;
pub mod cloudwatch;
pub mod confluence;
mod control;
pub mod credentials;
pub mod delivery;
pub mod description;
pub mod discord;
pub mod error;
pub mod fault;
pub mod gateway;
mod git;
mod git_answers;
mod git_content;
mod git_objects;
pub mod github;
pub mod gitlab;
mod inside;
pub mod jira;
pub mod linear;
mod listener;
pub mod log;
pub mod notion;
pub mod openai;
pub mod prometheus;
pub mod reading;
pub mod script;
pub mod service;
pub mod services;
mod shared;
pub mod simulation;
pub mod slack;
pub mod stack;
pub mod webhook;
pub mod world;

pub use error::{SimulationError, WorldError};
pub use simulation::{Options, Simulation, Urls};
pub use world::World;
