//! What the API asks of the table: which operations, and how many items they read.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use records::Table;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What was asked since it was looked at last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads(Arc<Mutex<Asked>>);

/// Requests to the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The operations, in order.
    pub(crate) operations: Vec<String>,
    /// How many items the table read to answer, also those that it left out of the answers.
    pub(crate) items: usize,
    /// The bytes of the answers.
    pub(crate) bytes: usize,
}

impl Reads {
    /// The table of a database, with a client whose requests are counted.
    pub(crate) fn table(&self, client: &Client) -> Table {
        let counted = client.config().to_builder().interceptor(self.clone()).build();
        Table::new(Client::from_conf(counted), "ticketsmith")
    }

    /// What was asked since the last call.
    pub(crate) fn take(&self) -> Asked {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// How many items were read for an answer, in the form of each operation that reads.
fn items(answer: &Value) -> usize {
    if let Some(scanned) = answer.get("ScannedCount").and_then(Value::as_u64) {
        return usize::try_from(scanned).unwrap();
    }
    match answer.get("Responses") {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(tables)) => tables.values().filter_map(Value::as_array).map(Vec::len).sum(),
        _ => usize::from(answer.get("Item").is_some()),
    }
}

impl Intercept for Reads {
    fn name(&self) -> &'static str {
        "reads"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        self.0.lock().unwrap().operations.push(operation);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let answer = serde_json::from_slice(body).unwrap_or_default();
        let mut asked = self.0.lock().unwrap();
        asked.items += items(&answer);
        asked.bytes += body.len();
        Ok(())
    }
}
