//! Test files from the outside: whole files in, reports out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod support;

mod agents;
mod failing;
mod limits;
mod nested;
mod schemas;
mod shipped;
