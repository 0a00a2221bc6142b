//! The engine from outside: semantics, crashes, and the API through the AWS SDK.

mod api;
mod arbitrary;
mod bench;
mod branching;
mod crash;
mod expressions;
mod failures;
mod tasks;
mod waiting;
