//! The engine from outside: semantics, crashes, and the API through the AWS SDK.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed, as it should")]

mod aborting;
mod api;
mod arbitrary;
mod bench;
mod boto3;
mod branching;
mod conformance;
mod crash;
mod expressions;
mod failures;
mod generated;
mod limits;
mod parked;
mod redrive;
mod tasks;
mod test_state;
mod versions;
mod waiting;
