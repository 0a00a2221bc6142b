//! What several benchmarks need: a deployed table on this machine, a delivery of ten kilobytes, and an engine without a network.
//!
//! `cargo bench --workspace` measures; `docs/benchmarks.md` says what was measured and how to read it. Among the tests every
//! benchmark runs once, so that none of them rots.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

mod deployment;
mod payload;

pub use deployment::Deployment;
pub use payload::{mention, signature};
