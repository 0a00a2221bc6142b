//! Secrets as a Secrets Manager on loopback gives them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod secrets;
