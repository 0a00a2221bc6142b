//! Secrets as a Secrets Manager on loopback gives them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod secrets;
