//! The functions that perform steps: one executable, deployed once for each action.
//!
//! [`Dispatcher`] is the entry point: it reads a state machine's payload, keeps the records of steps and effects, gives each
//! action only the plugins that it needs, and returns the action's output. Each action is one file under [`actions`].

pub mod action;
pub mod actions;
pub mod agent;
mod aliases;
pub mod artifacts;
pub mod catalog;
mod commit_change;
pub mod context;
mod dispatch;
pub mod done;
pub mod effect;
mod function;
pub mod gate;
mod page_look;
pub mod park;
pub mod planned_page;
pub mod planning;
mod pull_request;
mod reach;
#[cfg(test)]
mod reference;
pub mod scope;
pub mod spec;
mod starter;

pub use agent::template::{SHIPPED as SHIPPED_TEMPLATES, variables as template_variables};
pub use dispatch::Dispatcher;
pub use function::functions;
