//! The compiler from the outside: whole files in, definitions, routes and diagnostics out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod bench;
mod support;

mod checking;
mod compiling;
mod properties;
mod running;
mod shipped;
mod source_workflows;
mod speed;
