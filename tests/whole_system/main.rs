//! Whole-system tests: what a user of Ticketsmith sees, from outside.

mod architecture;
mod duplicates;
mod evidence;
mod process;
mod prompt;
mod support;
mod triggers;
