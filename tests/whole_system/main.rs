//! Whole-system tests: what a user of Ticketsmith sees, from outside.

mod architecture;
mod process;
mod support;
mod triggers;
