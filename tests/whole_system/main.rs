//! Whole-system tests: what a user of Ticketsmith sees, from outside.

mod another_world;
mod architecture;
mod budget;
mod crash;
mod duplicates;
mod evidence;
mod faults;
mod on_error;
mod other_worlds;
mod process;
mod prompt;
mod replies;
mod rollback;
mod source_workflows;
mod support;
mod triggers;
mod trust;
