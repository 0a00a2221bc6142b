//! The endpoints: one file for each resource, registered here by one line.

mod agents;
mod answers;
mod approvals;
mod audit_log;
mod auth;
mod configured;
mod costs;
mod event_tickets;
pub(crate) mod events;
mod evidence;
mod executions;
mod health;
mod links;
mod me;
mod messages;
mod notices;
mod page;
mod people;
mod person_body;
mod plugin_body;
mod plugin_changes;
mod plugins;
mod project_body;
mod project_changes;
mod projects;
mod role;
mod shown_execution;
mod shown_plugin;
mod shown_project;
mod steering;
mod task_changes;
mod tasks;
mod tokens;
mod users;
mod workflows;

use crate::endpoints::Endpoints;

/// Every resource, in alphabetical order.
const ALL: &[fn() -> Endpoints] = &[
    agents::routes,
    approvals::routes,
    audit_log::routes,
    auth::routes,
    costs::routes,
    event_tickets::routes,
    events::routes,
    evidence::routes,
    executions::routes,
    health::routes,
    links::routes,
    me::routes,
    messages::routes,
    notices::routes,
    people::routes,
    plugins::routes,
    projects::routes,
    steering::routes,
    tasks::routes,
    tokens::routes,
    users::routes,
    workflows::routes,
];

/// Their endpoints.
pub(crate) fn all() -> Endpoints {
    ALL.iter().fold(Endpoints::default(), |all, routes| all.merge(routes()))
}
