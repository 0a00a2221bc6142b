//! The private listener: DynamoDB, Step Functions, Secrets Manager and KMS on one loopback port, distinguished by `X-Amz-Target`, and Lambda by its
//! path.
//!
//! Every request carries its caller's token as the AWS session token. A request without one, or one that exceeds the caller's permissions, is
//! refused before its body is read.

use super::aws_error::{AwsError, answer};
use super::backup::{self, EngineCopy};
use super::call_shape::{self, CallShape};
use super::caller::{Caller, Grant, Grants, Service};
use super::secret_file::SecretFile;
use super::secret_names::SecretNames;
use super::table_file::TableFile;
use super::{key_management, lambda, secrets_manager};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use evidence::SigningKey;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tower::ServiceExt as _;

/// DynamoDB's own limit of a request, in bytes.
pub(crate) const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// How long a body may take to arrive from this machine.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The header with the caller's token, as the AWS SDK sends a session token.
pub(crate) const TOKEN: &str = "x-amz-security-token";

/// The services behind the listener.
#[derive(Clone)]
pub(crate) struct Private {
    /// The callers.
    pub(crate) grants: Arc<Grants>,
    /// The table.
    pub(crate) table: TableFile,
    /// The engine's Step Functions API.
    pub(crate) engine: Router,
    /// What copies the engine's log.
    pub(crate) engine_copy: EngineCopy,
    /// The functions.
    pub(crate) functions: Arc<dyn engine::Invoke>,
    /// The secrets.
    pub(crate) secrets: Arc<RwLock<SecretFile>>,
    /// What says who may read which of them.
    pub(crate) secret_names: SecretNames,
    /// The key that signs evidence.
    pub(crate) evidence_key: Arc<SigningKey>,
}

impl Private {
    /// The listener's routes.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/", post(handle))
            .route(lambda::INVOKE_PATH, post(invoke))
            .route(backup::PATH, post(copy_engine))
            .with_state(self)
    }
}

async fn handle(State(private): State<Private>, request: Request) -> Response {
    match route(&private, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn invoke(State(private): State<Private>, Path(function): Path<String>, request: Request) -> Response {
    let admitted = admit(&private, request.headers(), Service::Lambda, "Invoke");
    let body = match admitted {
        Ok(_grant) => read(request.into_body()).await,
        Err(error) => Err(error),
    };
    match body {
        Ok(body) => lambda::invoke(&*private.functions, &function, &body).await,
        Err(error) => error.into_response(),
    }
}

/// Only for the command line of the person who runs `serve`.
async fn copy_engine(State(private): State<Private>, headers: HeaderMap) -> Response {
    let grant = private.grants.find(text(&headers, TOKEN));
    match grant.filter(|grant| grant.caller == Caller::CommandLine) {
        Some(_) => private.engine_copy.make().await,
        None => AwsError::access_denied("only the command line may copy the engine's log").into_response(),
    }
}

/// The body of a caller who was admitted.
async fn read(body: Body) -> Result<Bytes, AwsError> {
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(AwsError::new(413, "RequestEntityTooLargeException", &error.to_string())),
        Err(_) => {
            Err(AwsError::new(408, "RequestTimeoutException", "the body did not arrive within 30 seconds"))
        }
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
    let grant = private.grants.find(text(headers, TOKEN)).ok_or_else(|| {
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

async fn route(private: &Private, request: Request) -> Result<Response, AwsError> {
    let (head, body) = request.into_parts();
    let headers = &head.headers;
    let target = text(headers, "x-amz-target");
    let (service, operation) = [
        ("DynamoDB_20120810.", Service::DynamoDb),
        ("AWSStepFunctions.", Service::StepFunctions),
        ("secretsmanager.", Service::SecretsManager),
        ("TrentService.", Service::KeyManagement),
    ]
    .into_iter()
    .find_map(|(prefix, service)| {
        target.strip_prefix(prefix).map(|operation| (service, operation.to_owned()))
    })
    .ok_or_else(|| AwsError::unknown_operation(target))?;
    let grant = admit(private, headers, service, &operation)?;
    let body = read(body).await?;
    match service {
        // It has its own path.
        Service::Lambda => Err(AwsError::unknown_operation(target)),
        Service::DynamoDb => {
            let body = grant.check_items(&operation, body).map_err(|what| {
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
            tracing::trace!(
                target: call_shape::TARGET,
                caller = grant.caller.name(),
                operation,
                items = %CallShape(&body),
                "a call of the table"
            );
            private.table.perform(operation, body).await.map(|json| answer(StatusCode::OK, json))
        }
        Service::SecretsManager => {
            let is_allowed = match secrets_manager::named(&body) {
                Some(name) => private.secret_names.allow(&grant, &name).await?,
                None => false,
            };
            let secrets = private
                .secrets
                .read()
                .map_err(|_| AwsError::new(500, "InternalServiceError", "the secrets are not available"))?;
            secrets_manager::perform(&secrets, grant.caller, is_allowed, &operation, &body)
                .map(|json| answer(StatusCode::OK, json))
        }
        Service::KeyManagement => key_management::perform(&private.evidence_key, &operation, &body)
            .map(|json| answer(StatusCode::OK, json)),
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

#[cfg(test)]
impl Private {
    /// A listener over these, with no functions and no secrets.
    pub(crate) fn of(
        grants: Grants,
        table: TableFile,
        engine: &engine::Engine,
        folder: &std::path::Path,
    ) -> Self {
        let secrets = SecretFile::open_with(&folder.join("secrets"), &folder.join("key"), None).unwrap();
        Self {
            grants: Arc::new(grants),
            table,
            engine: engine.router(),
            engine_copy: EngineCopy {
                engine: engine.clone(),
                folder: super::data_folder::DataFolder::existing(folder).unwrap(),
            },
            functions: Arc::new(super::functions::StepTargets::new(1)),
            secrets: Arc::new(RwLock::new(secrets)),
            secret_names: SecretNames::default(),
            evidence_key: Arc::new(SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;
    use engine::{Engine, SystemClock};

    fn private(grants: Grants) -> Private {
        let functions: Arc<dyn engine::Invoke> = Arc::new(super::super::functions::StepTargets::new(1));
        let engine =
            Engine::in_memory(Arc::new(SystemClock), functions, engine::Settings::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let table = TableFile::open(&folder.path().join("table.db")).unwrap();
        Private::of(grants, table, &engine, folder.path())
    }

    /// A body that never arrives.
    struct Never;

    impl http_body::Body for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::convert::Infallible>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test]
    async fn no_body_is_read_of_a_caller_without_a_token_or_beyond_its_grant() {
        let mut grants = Grants::default();
        let command_line = grants.admit(Grant::of_command_line());
        let token = secrecy::ExposeSecret::expose_secret(command_line.token()).to_owned();
        let router = private(grants).router();
        let invocation = lambda::INVOKE_PATH.replace("{function}", "ticketsmith-get_task");
        for (path, target, token, expected) in [
            ("/", "DynamoDB_20120810.GetItem", "guess", StatusCode::FORBIDDEN),
            ("/", "DynamoDB_20120810.Scan", &token, StatusCode::BAD_REQUEST),
            ("/", "nonsense", &token, StatusCode::BAD_REQUEST),
            (&invocation, "", "guess", StatusCode::FORBIDDEN),
            (backup::PATH, "", "guess", StatusCode::BAD_REQUEST),
        ] {
            let request = Request::post(path)
                .header("x-amz-target", target)
                .header("x-amz-security-token", token)
                .header(header::CONTENT_LENGTH, BODY_LIMIT)
                .body(Body::new(Never))
                .unwrap();
            let answered =
                tokio::time::timeout(Duration::from_secs(5), router.clone().oneshot(request)).await;
            let response = answered.expect("the answer waits for the body").unwrap();
            assert_eq!(response.status(), expected, "{path} {target}");
        }
    }
}
