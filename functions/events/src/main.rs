//! The events function as one Lambda executable.

use events::{EventInput, Events, Settings};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let events = Events::connect(&Settings::from_environment()?).await?;
    let handle = async |event: LambdaEvent<Value>| -> Result<(), Error> {
        Ok(events.handle(EventInput::from_json(event.payload)?).await?)
    };
    lambda_runtime::run(service_fn(handle)).await
}
