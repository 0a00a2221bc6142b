//! Tools around workflow files: the schema with which editors complete and check them, their canonical form, their picture,
//! what an execution costs, and what a step became.
//!
//! The crate is pure, as the compiler is: texts and compiled workflows in, texts and values out. It stands apart from
//! `workflow` so that what only compiles need not build a formatter and a layout of graphs.

mod annotations;
mod cost;
mod editor_schema;
mod explain;
mod format;
mod graph;
mod states;

pub use annotations::github_annotations;
pub use cost::{Assumptions, Cost, Estimate, Prices, Usage, cost};
pub use editor_schema::editor_schema;
pub use explain::{ExplainedField, ExplainedState, Explanation, explain};
pub use format::{FormatError, format};
pub use graph::{DrawingError, Graph};
