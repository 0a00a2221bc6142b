//! Whole-system tests: what a user of Ticketsmith sees, from outside.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod architecture;
mod crash;
mod duplicates;
mod evidence;
mod faults;
mod on_error;
mod process;
mod prompt;
mod replies;
mod source_workflows;
mod support;
mod triggers;
mod trust;
