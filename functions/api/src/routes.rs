//! The endpoints: one file for each resource, registered here by one line.

mod agents;
mod answers;
mod approvals;
mod costs;
mod events;
mod executions;
mod health;
mod messages;
mod page;
mod plugins;
mod projects;
mod steering;
mod tasks;
mod workflows;

use crate::api::Shared;
use utoipa_axum::router::OpenApiRouter;

/// Every resource, in alphabetical order.
pub(crate) const ALL: &[fn() -> OpenApiRouter<Shared>] = &[
    agents::routes,
    approvals::routes,
    costs::routes,
    events::routes,
    executions::routes,
    health::routes,
    messages::routes,
    plugins::routes,
    projects::routes,
    steering::routes,
    tasks::routes,
    workflows::routes,
];
