//! The tools from the outside: workflow files in, texts and values out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

mod cost;
mod editor_schema;
mod explain;
mod format;
mod graph;
