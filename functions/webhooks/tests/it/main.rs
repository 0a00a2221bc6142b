//! Deliveries over HTTP on loopback: the real router, the real records on an embedded DynamoDB, and a Step Functions that
//! writes down its start requests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod accounts;
mod bound;
mod checks;
mod discord;
mod examples;
mod excess;
mod fetched;
mod given_files;
mod inbox;
mod near_misses;
mod odd;
mod replies;
mod revision;
mod roads;
mod rotating;
mod slack;
mod slow;
mod steering;
mod undo;
mod world;
