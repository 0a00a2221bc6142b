//! Everything that people and machines may ask of Ticketsmith: start, answer, stop, undo, status, costs.
//!
//! Every entrance (`webhooks`, `events`, the command line) calls these operations and shows the typed results in its own
//! way. Nothing else starts a state machine, resolves a project or decides who may do what.
//!
//! | file | what it decides or does |
//! |---|---|
//! | `authorize` | who may do what: one table, one function |
//! | `directory` | which project and which ticket are meant |
//! | `plan` | whether and how an event, a schedule or a person starts a workflow |
//! | `start`, `undo` | record an execution and start its state machine |
//! | `answer`, `stop` | record what a person wants; `events` acts on it |
//! | `status`, `costs` | read the records |
//!
//! This crate knows no provider, sends no HTTP of its own and renders nothing. Answering task tokens and stopping
//! executions is left to `events`, the one function whose role may.

mod answer;
mod authorize;
mod caller;
mod control;
mod costs;
mod directory;
mod plan;
mod start;
mod status;
mod stop;
mod undo;

pub use answer::AnswerResult;
pub use authorize::{Authorization, Operation, authorize};
pub use caller::Caller;
pub use control::Control;
pub use costs::Costs;
pub use directory::{Directory, DirectoryError, ProjectQuery, Ticket};
pub use plan::{PlanError, StartDecision, StartRequest, WorkflowRequest, decide, plan};
pub use start::{StartError, StartResult};
pub use stop::StopResult;
pub use undo::{UndoError, UndoResult};
