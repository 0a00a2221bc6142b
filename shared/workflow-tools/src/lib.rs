//! Tools for workflow files: the schema with which editors complete and check them, their canonical form, their graph, what an
//! execution costs, and the states that a step compiles to.
//!
//! The crate is pure, as the compiler is: texts and compiled workflows in, texts and values out. It is separate from `workflow`
//! so that crates that only compile do not build a formatter and a graph layout.

mod annotations;
mod cost;
mod editor_schema;
mod explain;
mod format;
mod graph;
mod states;

pub use annotations::github_annotations;
pub use cost::{AgentCost, Assumptions, Cost, Estimate, Prices, Usage, cost};
pub use editor_schema::editor_schema;
pub use explain::{ExplainedField, ExplainedState, Explanation, explain};
pub use format::{FormatError, format};
pub use graph::{DrawingError, Graph};
