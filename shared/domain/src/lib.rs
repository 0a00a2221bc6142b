//! The vocabulary of Ticketsmith: names, plugin traits, errors, configuration and the shapes that travel between functions.
//!
//! This crate performs no I/O and does not know AWS, HTTP or an async runtime. Every other crate may depend on it; it does not
//! depend on any of them.

pub mod action;
mod agent_definition;
pub mod built_in_actions;
pub mod bundle;
mod check_runner;
pub mod clock;
pub mod command;
pub mod configuration;
pub mod error;
pub mod event;
mod exact;
pub mod execution;
mod folded;
mod grant;
mod input_type;
pub mod money;
mod nearest;
pub mod permission_problem;
mod plugin_instance;
pub mod plugins;
mod progress_line;
pub mod project_plan;
mod pull_request_words;
pub mod reference;
pub mod repository;
pub mod routes;
pub mod schedule;
mod scope;
pub mod stored;
pub mod task;
pub mod text;
pub mod typed;
mod unique_names;

pub use action::{ActionId, PluginType, UnknownName};
pub use agent_definition::AgentDefinition;
pub use bundle::Bundle;
pub use check_runner::{CheckEnd, CheckReport, CheckRun, CheckRunner, CheckedFile};
pub use clock::{Clock, SystemClock};
pub use error::{ActionError, ErrorKind};
pub use event::{Actor, Event, EventKey, EventName, SourceName};
pub use exact::{has_exact_numbers, is_exact};
pub use folded::{folded, same_name};
pub use grant::Grant;
pub use money::MicroUsd;
pub use nearest::{instead_of, nearest};
pub use permission_problem::{PermissionProblem, PermissionProblemKind};
pub use plugin_instance::PluginInstance;
pub use progress_line::{has_alone, is_failed_test, is_progress_line};
pub use project_plan::{PlanItem, PlannedTask, ProjectPlan};
pub use pull_request_words::{PULL_REQUEST, naming_pull_requests};
pub use reference::{References, TicketReference};
pub use repository::{BranchName, CommitSha, RepositoryName};
pub use scope::Scope;
pub use stored::Stored;
pub use task::{Attachment, Task};
pub use unique_names::UniqueNames;
