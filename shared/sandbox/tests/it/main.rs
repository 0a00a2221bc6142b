//! Sandboxes on this machine. Where it cannot isolate commands, each test is recorded as skipped, by its name.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod commands;
mod escapes;
mod setting_up;
mod world;
