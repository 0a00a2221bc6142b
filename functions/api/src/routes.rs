//! The endpoints: one file for each resource, registered here by one line.

mod answers;
mod audit_log;
mod auth;
mod executions;
mod health;
mod me;
mod page;
mod tokens;
mod users;

use crate::api::Shared;
use utoipa_axum::router::OpenApiRouter;

/// Every resource, in alphabetical order.
pub(crate) const ALL: &[fn() -> OpenApiRouter<Shared>] = &[
    audit_log::routes,
    auth::routes,
    executions::routes,
    health::routes,
    me::routes,
    tokens::routes,
    users::routes,
];
