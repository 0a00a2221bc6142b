//! The API's router.

use crate::api::{Api, BASE};
use crate::problem::{Code, Problem};
use crate::{audit, elsewhere, frame, pages, routes, socket};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use std::sync::Arc;

/// Everything under `/api/v1`, and `/ws`, which an account does not lead to.
pub fn router(api: Arc<Api>) -> Router {
    let router = Router::new()
        .nest(BASE, routes::all().router())
        .nest(BASE, pages::routes().merge(elsewhere::routes()))
        .route("/ws", get(socket::open))
        .fallback(|| async {
            Problem::new(Code::NotFound, "the API has no such path; see /api/v1/openapi.json")
        })
        .method_not_allowed_fallback(|| async {
            let detail = "the path does not accept this method; the header Allow lists those that it does";
            Problem::new(Code::MethodNotAllowed, detail)
        })
        .layer(from_fn_with_state(Arc::clone(&api), audit::answered))
        .with_state(api);
    frame::framed(router)
}
