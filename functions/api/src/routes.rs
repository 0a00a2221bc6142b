//! The endpoints: one file for each resource, registered here by one line.

mod answers;
mod executions;
mod health;
mod page;

use crate::api::Shared;
use utoipa_axum::router::OpenApiRouter;

/// Every resource, in alphabetical order.
pub(crate) const ALL: &[fn() -> OpenApiRouter<Shared>] = &[
    executions::routes, //
    health::routes,
];
