//! Deliveries over HTTP on loopback: the real router, the real records on an embedded DynamoDB, and a Step Functions that
//! writes down what it was asked to start.

mod examples;
mod roads;
mod slack;
mod world;
