//! Whole-system tests: what a user of Ticketsmith sees, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod another_world;
mod architecture;
mod attack;
mod budget;
mod by_hand;
mod cases;
mod checks;
mod circles;
mod conversation;
mod crash;
mod doctor;
mod duplicates;
mod engine;
mod evidence;
mod faults;
mod figures;
mod files;
mod growing;
mod models;
mod on_error;
mod oracle;
mod parked;
mod planning;
mod process;
mod prompt;
mod queue;
mod replies;
mod rollback;
mod schedule;
mod source_workflows;
mod support;
mod tasks;
mod triggers;
mod trust;
