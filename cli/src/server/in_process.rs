//! The way from the AWS SDK to the private listener's routes without a socket: functions of the same process take it. Their requests are what
//! they would be over HTTP, with their tokens, and are refused alike.

use super::private::BODY_LIMIT;
use aws_sdk_lambda::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use axum::Router;
use axum::body::{Body, to_bytes};
use std::error::Error;
use tower::ServiceExt as _;

/// An HTTP client of the SDK whose every request is answered by a router. The SDK's own time limits hold.
#[derive(Debug, Clone)]
pub(crate) struct InProcess(pub(crate) Router);

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let router = self.0.clone();
        HttpConnectorFuture::new(async move {
            answer(router, request).await.map_err(|error| ConnectorError::other(error, None))
        })
    }
}

async fn answer(router: Router, request: HttpRequest) -> Result<HttpResponse, Box<dyn Error + Send + Sync>> {
    let (head, body) = request.try_into_http1x()?.into_parts();
    // Requests to these services are never streamed.
    let body = body.bytes().ok_or("the request has no body in memory")?.to_vec();
    let response = match router.oneshot(axum::http::Request::from_parts(head, Body::from(body))).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (head, body) = response.into_parts();
    let body = SdkBody::from(to_bytes(body, BODY_LIMIT).await?);
    Ok(HttpResponse::try_from(axum::http::Response::from_parts(head, body))?)
}
