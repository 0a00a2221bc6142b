//! The API through its router, against an embedded DynamoDB on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod answer;
mod costs;
mod earlier_requests;
mod effects;
mod elsewhere;
mod forgeries;
mod gateway;
mod hidden;
mod many_tasks;
mod on_behalf_of;
mod people;
mod permissions;
mod plugins;
mod projects;
mod reads;
mod seeded;
mod sign_in;
mod sockets;
mod statuses;
mod world;
