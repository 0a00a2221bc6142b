//! Events in, feedback out: the real function against simulated services, the real records on an embedded DynamoDB, and a Step
//! Functions that knows what the test tells it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod capacity;
mod checks;
mod claim;
mod clock;
mod cost;
mod feedback;
mod limits;
mod making;
mod parked;
mod redrive;
mod replies;
mod reviews;
mod schedule;
mod several;
mod shown;
mod sockets;
mod sweep;
mod unknown_ticket;
mod waiting;
mod words;
mod world;
