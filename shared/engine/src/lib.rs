#![doc = include_str!("../README.md")]

mod api;
mod arn;
mod clock;
mod definition;
mod driver;
mod engine;
mod error;
mod execution;
mod executions;
mod expressions;
mod invoke;
pub mod limits;
mod lock;
mod log;
mod state_machines;
mod status_change;

pub use clock::{Activity, Clock, SkippingClock, SystemClock};
pub use definition::{Diagnostic, Severity, validate};
pub use engine::{Engine, Settings};
pub use error::EngineError;
pub use executions::ExecutionDescription;
pub use invoke::{FunctionError, Invoke};
pub use log::{Durability, LogError};
pub use status_change::StatusChange;
