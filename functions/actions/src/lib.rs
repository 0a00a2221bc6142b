//! The functions that do the work of steps: one executable, deployed once for each action.

pub mod actions;
pub mod artifacts;
pub mod catalog;
