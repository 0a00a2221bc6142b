//! The private listener: DynamoDB, Step Functions and Secrets Manager on one loopback port, told apart by `X-Amz-Target`, and Lambda by its
//! path.
//!
//! Every request carries its caller's token as the AWS session token. A request without one, or one beyond what the caller may do, is
//! refused before anything is read.

use super::aws_error::{AwsError, answer};
use super::caller::{Grant, Grants, Service};
use super::dynamodb::{self, Written};
use super::secret_file::SecretFile;
use super::{lambda, secrets_manager};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dynoxide::Database;
use std::sync::{Arc, RwLock};
use tower::ServiceExt as _;

/// DynamoDB's own limit of a request, in bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What the listener serves.
#[derive(Clone)]
pub(crate) struct Private {
    /// Who may call.
    pub(crate) grants: Arc<Grants>,
    /// The table.
    pub(crate) database: Database,
    /// Signals every write.
    pub(crate) written: Arc<Written>,
    /// The engine's Step Functions API.
    pub(crate) engine: Router,
    /// The functions.
    pub(crate) functions: Arc<dyn engine::Invoke>,
    /// The secrets.
    pub(crate) secrets: Arc<RwLock<SecretFile>>,
}

impl Private {
    /// The listener's routes.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/", post(handle))
            .route(lambda::INVOKE_PATH, post(invoke))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self)
    }
}

async fn handle(State(private): State<Private>, headers: HeaderMap, body: Bytes) -> Response {
    match route(&private, &headers, body).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn invoke(
    State(private): State<Private>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match admit(&private, &headers, Service::Lambda, "Invoke") {
        Ok(_grant) => lambda::invoke(&*private.functions, &function, &body).await,
        Err(error) => error.into_response(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn admit(
    private: &Private,
    headers: &HeaderMap,
    service: Service,
    operation: &str,
) -> Result<Arc<Grant>, AwsError> {
    let grant = private.grants.find(text(headers, "x-amz-security-token")).ok_or_else(|| {
        AwsError::new(403, "UnrecognizedClientException", "the token is missing or unknown")
    })?;
    if !grant.allows(service, operation) {
        tracing::warn!(
            caller = grant.caller.name(),
            operation,
            "refused an operation beyond the caller's grant"
        );
        return Err(AwsError::access_denied(&format!("{} may not use {operation}", grant.caller.name())));
    }
    Ok(grant)
}

async fn route(private: &Private, headers: &HeaderMap, body: Bytes) -> Result<Response, AwsError> {
    let target = text(headers, "x-amz-target");
    let (service, operation) = [
        ("DynamoDB_20120810.", Service::DynamoDb),
        ("AWSStepFunctions.", Service::StepFunctions),
        ("secretsmanager.", Service::SecretsManager),
    ]
    .into_iter()
    .find_map(|(prefix, service)| {
        target.strip_prefix(prefix).map(|operation| (service, operation.to_owned()))
    })
    .ok_or_else(|| AwsError::unknown_operation(target))?;
    let grant = admit(private, headers, service, &operation)?;
    match service {
        // It has a path of its own.
        Service::Lambda => Err(AwsError::unknown_operation(target)),
        Service::DynamoDb => {
            grant.check_items(&operation, &body).map_err(|what| {
                tracing::warn!(
                    caller = grant.caller.name(),
                    what,
                    "refused an item beyond the caller's grant"
                );
                AwsError::access_denied(&format!(
                    "{} may not touch the table so: {what}",
                    grant.caller.name()
                ))
            })?;
            let private = private.clone();
            let performed = tokio::task::spawn_blocking(move || {
                dynamodb::perform(&private.database, &private.written, &operation, &body)
            });
            let json = performed.await.map_err(|error| {
                tracing::error!(%error, "the embedded database failed");
                AwsError::new(500, "InternalServerError", "the embedded database failed")
            })??;
            Ok(answer(StatusCode::OK, json))
        }
        Service::SecretsManager => {
            let secrets = private
                .secrets
                .read()
                .map_err(|_| AwsError::new(500, "InternalServiceError", "the secrets are not available"))?;
            secrets_manager::perform(&secrets, &grant, &operation, &body)
                .map(|json| answer(StatusCode::OK, json))
        }
        Service::StepFunctions => {
            let mut request =
                Request::post("/").body(Body::from(body)).map_err(|_| AwsError::unknown_operation(target))?;
            *request.headers_mut() = headers.clone();
            match private.engine.clone().oneshot(request).await {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    }
}
