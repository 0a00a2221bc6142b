//! The embedded DynamoDB behind DynamoDB's own JSON protocol, limited to the operations that our functions use.

use super::aws_error::AwsError;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

/// Signals every write to those who read the stream.
#[derive(Debug, Default)]
pub(crate) struct Written(watch::Sender<()>);

impl Written {
    /// A receiver that sees a change after each write from now on. Each reader of the stream has its own.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    /// Signals a write.
    pub(crate) fn signal(&self) {
        self.0.send_replace(());
    }
}

/// Whether an operation changes something.
pub(crate) fn writes(operation: &str) -> bool {
    matches!(
        operation,
        "BatchWriteItem"
            | "CreateTable"
            | "DeleteItem"
            | "PutItem"
            | "TransactWriteItems"
            | "UpdateItem"
            | "UpdateTimeToLive"
    )
}

/// Performs one operation. The database blocks, so this belongs on a thread that may. The token of a transaction is ignored.
///
/// # Errors
/// DynamoDB's own errors, and `UnknownOperationException` for an operation that our functions do not use.
pub(crate) fn perform(database: &Database, operation: &str, body: &[u8]) -> Result<String, AwsError> {
    match operation {
        "BatchGetItem" => call(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => call(body, |request| database.batch_write_item(request)),
        "CreateTable" => call(body, |request| database.create_table(request)),
        "DeleteItem" => call(body, |request| database.delete_item(request)),
        "DescribeTable" => call(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => call(body, |request| database.describe_time_to_live(request)),
        "GetItem" => call(body, |request| database.get_item(request)),
        "PutItem" => call(body, |request| database.put_item(request)),
        "Query" => call(body, |request| database.query(request)),
        "TransactGetItems" => call(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => call(body, |request| {
            // See [`super::repeated_transactions`].
            let client_request_token = None;
            database.transact_write_items(TransactWriteItemsRequest { client_request_token, ..request })
        }),
        "UpdateItem" => call(body, |request| database.update_item(request)),
        "UpdateTimeToLive" => call(body, |request| database.update_time_to_live(request)),
        unknown => Err(AwsError::unknown_operation(unknown)),
    }
}

fn call<Request: DeserializeOwned, Response: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Result<String, AwsError> {
    let request = serde_json::from_slice(body).map_err(|error| AwsError::serialization(&error))?;
    let response = operation(request)
        .map_err(|error| AwsError { status: error.status_code(), body: error.to_json() })?;
    serde_json::to_string(&response).map_err(|error| AwsError::serialization(&error))
}
