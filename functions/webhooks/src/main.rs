//! The webhook function as one Lambda executable.

use axum::middleware::map_response;
use axum::response::Response;
use observability::emf::Exporter;
use webhooks::{Settings, Webhooks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    observability::log::start_in_lambda();
    let figures = Exporter::install_from_environment()?;
    let webhooks = Webhooks::connect(&Settings::from_environment()?).await;
    webhooks.warm_up().await;
    let flushed = map_response(move |response: Response| async move {
        figures.flush();
        response
    });
    lambda_http::run(webhooks.router().layer(flushed)).await
}
