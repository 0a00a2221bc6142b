//! Whole-system tests: a user's view of Ticketsmith, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod announce;
mod another_world;
mod api;
mod approvals;
mod architecture;
mod attack;
mod audited;
mod backup;
mod budget;
mod by_hand;
mod capacity;
mod cases;
mod checks;
mod circles;
mod conversation;
mod counts;
mod crash;
mod demo;
mod demo_endings;
mod deploying;
mod doctor;
mod documents;
mod duplicates;
mod engine;
mod evaluating;
mod evidence;
mod exporting;
mod faults;
mod figures;
mod files;
mod first_hour;
mod fixes;
mod folders;
mod full_disk;
mod growing;
mod identity;
mod init;
mod init_app;
mod injection;
mod killed_agents;
mod live;
mod merged;
mod models;
mod money;
mod on_error;
mod oracle;
mod other_services;
mod parked;
mod people;
mod plan_kills;
mod planning;
mod plans;
mod plugins;
mod process;
mod projects;
mod prompt;
mod providers_of_models;
mod pull;
mod queue;
mod redrive;
mod replies;
mod review;
mod revision;
mod rollback;
mod schedule;
mod secrets;
mod signed;
mod source_workflows;
mod stacks;
mod steering;
mod storm;
mod support;
mod task_changes;
mod tasks;
mod triggers;
mod trust;
mod trying;
mod undoing;
mod waking;
mod words;
