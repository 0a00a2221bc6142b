//! The operations on the real records in an embedded DynamoDB, with a Step Functions that writes down what it was asked to
//! start.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod money;
mod racing;
mod redrive;
mod start;
mod tickets;
mod visible;
mod world;
