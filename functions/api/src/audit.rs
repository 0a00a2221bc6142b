//! The audit of changes: every request that may change something leaves a record before anything changes.

use crate::api::Shared;
use crate::frame::RequestId;
use crate::identity::Credential;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::text::{TextLimit, cut_line};
use records::{AuditKind, AuditRecord};
use std::sync::{Arc, OnceLock};

/// The most characters of a path, or of a program's name, in a record.
const LONGEST: TextLimit = TextLimit::characters(300);

/// The record of a request, once there is one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audited(Arc<OnceLock<AuditRecord>>);

/// Records what requests are answered.
pub(crate) async fn answered(State(api): State<Shared>, mut request: Request, next: Next) -> Response {
    let audited = Audited::default();
    request.extensions_mut().insert(audited.clone());
    let response = next.run(request).await;
    if let Some(begun) = audited.0.get()
        && let Err(error) = api.table.end_audit(begun, response.status().as_u16()).await
    {
        // The request is recorded, and its effect is done: only its status is missing.
        tracing::error!(%error, request = begun.id, "the status of a recorded request could not be recorded");
    }
    response
}

/// Records that somebody makes a request that may change something.
///
/// # Errors
/// A problem when it cannot be recorded; then nothing may be changed.
pub(crate) async fn begin(
    api: &Shared,
    head: &Parts,
    who: &str,
    credential: &Credential,
) -> Result<(), Problem> {
    match head.method {
        Method::GET | Method::HEAD => Ok(()),
        _ => record(api, head, who, credential).await,
    }
}

/// Records a request as a change, whatever its method.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn record(
    api: &Shared,
    head: &Parts,
    who: &str,
    credential: &Credential,
) -> Result<(), Problem> {
    let (Some(RequestId(id)), Some(audited)) =
        (head.extensions.get::<RequestId>(), head.extensions.get::<Audited>())
    else {
        return Ok(());
    };
    let agent = head.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    // Within a nested router, the path is only the remaining part.
    let path =
        head.extensions.get::<axum::extract::OriginalUri>().map_or(&head.uri, |original| &original.0).path();
    let record = AuditRecord {
        id: id.clone(),
        kind: AuditKind::Request,
        at: api.clock.now(),
        who: who.to_owned(),
        by: credential.name(),
        what: cut_line(&format!("{} {path}", head.method), LONGEST),
        about: None,
        whence: agent.map(|agent| cut_line(agent, LONGEST)),
        status: None,
    };
    api.table.begin_audit(&record).await?;
    let _first = audited.0.set(record);
    Ok(())
}
