//! The events function as one Lambda executable.

use events::{EventInput, Events, Settings};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use observability::emf::Exporter;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::log::start_in_lambda();
    let figures = Exporter::install_from_environment()?;
    let events = Events::connect(&Settings::from_environment()?).await?;
    let handle = async |event: LambdaEvent<Value>| -> Result<(), Error> {
        let handled = events.handle(EventInput::from_json(event.payload)?).await;
        figures.flush();
        Ok(handled?)
    };
    lambda_runtime::run(service_fn(handle)).await
}
