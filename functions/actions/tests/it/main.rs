//! Actions through the dispatcher, against simulated services and an embedded DynamoDB on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod admission;
mod app;
mod attachments;
mod binary_files;
mod capacity;
mod checking;
mod checks_again;
mod circuit;
mod context_window;
mod crashes;
mod cut_replies;
mod edits;
mod every_provider;
mod gate;
mod guards;
mod instances;
mod journal;
mod journey;
mod linked;
mod lost;
mod many_sessions;
mod money;
mod monitoring;
mod new_branch;
mod other_projects;
mod pages;
mod paid;
mod patience;
mod planning;
mod push_gate;
mod redrive;
mod retargeted;
mod reviewing;
mod session_instructions;
mod session_script;
mod sessions;
mod sessions_repeated;
mod silent_models;
mod waits;
mod words;
mod world;
