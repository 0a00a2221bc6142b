//! The simulated services, asked over HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod claude;
mod confluence;
mod control;
mod conversations;
mod described;
mod harness;
mod jira;
mod routes;
mod slack;
mod verifiers;
