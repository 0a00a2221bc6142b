//! Events in, feedback out: the real function against simulated services, the real records on an embedded DynamoDB, and a Step
//! Functions that knows what the test tells it.

mod feedback;
mod sweep;
mod world;
