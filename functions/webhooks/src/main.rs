//! The webhook function as one Lambda executable.

use webhooks::{Settings, Webhooks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    let webhooks = Webhooks::connect(&Settings::from_environment()?).await;
    webhooks.warm_up().await;
    lambda_http::run(webhooks.router()).await
}
