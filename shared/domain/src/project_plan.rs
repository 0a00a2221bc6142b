//! A plan of a project: an agent makes it from requirements, and it becomes tickets once people have approved it.

mod check;
mod document;
mod types;

pub use check::PlanProblem;
pub use document::{outline, ticket_text};
pub use types::{PlanItem, PlannedEpic, PlannedPath, PlannedTask, ProjectPlan, TaskSize};
