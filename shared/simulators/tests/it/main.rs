//! The simulated services, asked over HTTP.

mod claude;
mod confluence;
mod control;
mod described;
mod harness;
mod jira;
mod slack;
