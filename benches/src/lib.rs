//! What several benchmarks need: a deployed table on this machine, a delivery of ten kilobytes, Lambda's Runtime API, and other
//! frameworks to compare with.
//!
//! `cargo bench --workspace` measures; `docs/benchmarks.md` has the results and explains them. Each
//! benchmark also runs once among the tests, so that it keeps working.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

mod compared;
mod deployment;
mod payload;
mod runtime_api;

pub use compared::{Compared, Loaded};
pub use deployment::Deployment;
pub use payload::{mention, signature};
pub use runtime_api::{RuntimeApi, Served};
