//! Events: what people see of executions, and what becomes of executions that nobody hears of.
//!
//! The function is told of three things: status changes of executions (from Step Functions through EventBridge), changes of the
//! table (from its stream), and that a minute has passed. It keeps one progress comment per execution where the person who
//! started it looks, writes an execution's end into the records, and sweeps after open executions. It holds the tokens to
//! comment, react and message, and nothing else.

mod alert;
mod answer;
mod ending;
mod feedback;
mod function;
mod handle;
mod input;
mod reason;
mod schedule;
mod stop;
mod sweep;
mod undo;

pub use function::functions;
pub use handle::Events;
pub use input::{EventInput, Scheduled, StatusChange, UnknownEvent};
