//! The compiler from the outside: whole files in, definitions, routes and diagnostics out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod bench;
mod support;

mod admitting;
mod agent_mistakes;
mod agents;
mod answers;
mod calling;
mod checking;
mod compiling;
mod documentation;
mod expressions;
mod fencing;
mod known_names;
mod limiting;
mod lists;
mod looping;
mod messages;
mod nesting;
mod presence;
mod properties;
mod random;
mod rolling_back;
mod running;
mod shipped;
mod silent;
mod source_workflows;
mod speed;
mod taking_back;
