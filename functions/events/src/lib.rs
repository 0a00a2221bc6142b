//! Events: reports on executions to people, and takes care of executions whose status events were lost.
//!
//! The function receives four kinds of events: status changes of executions (from Step Functions through EventBridge), changes of the
//! table (from its stream), the times of `schedule` triggers, and a tick every minute. It keeps one progress comment per execution where the person who
//! started it will look, answers people whom `webhooks` cannot answer itself, records an execution's end, and sweeps open executions. It signs how pull requests came about, and sends frames to sockets at an account's gateway. It holds only the tokens to comment, react and
//! send messages.

mod alert;
mod answer;
mod capacity;
mod conclude;
mod connections;
mod ending;
mod evidence;
mod feedback;
mod function;
mod handle;
mod input;
mod inquire;
mod look;
mod money;
mod notice;
mod push;
mod reason;
mod remind;
mod reply;
mod review;
mod schedule;
mod shown;
mod stop;
mod sweep;
mod tell;
mod telling;
mod undo;
mod words;

pub use connections::Connections;
pub use function::functions;
pub use handle::Events;
pub use input::{EventInput, Scheduled, StatusChange, UnknownEvent};
pub use inquire::NEVER_BEGIN;
