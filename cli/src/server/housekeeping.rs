//! What a `serve` that runs for a year forgets: expired records, which DynamoDB removes by itself in an account, and executions that ended
//! long ago, which Step Functions forgets.

use super::stream_records::StreamRecords;
use super::table_file::TableFile;
use dynoxide::Database;
use engine::Engine;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// When the first look is, so that a start is not slower for it.
const FIRST: Duration = Duration::from_secs(10 * 60);

/// How often to look. It takes a while with a large table, page by page, and requests go first.
const EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// Removes what has expired, from time to time.
pub(crate) async fn keep_house(table: TableFile, records: Arc<StreamRecords>, engine: Engine) {
    let mut times = tokio::time::interval_at(Instant::now() + FIRST, EVERY);
    loop {
        times.tick().await;
        forget(table.writer(), &engine).await;
        shrink(Arc::clone(&records)).await;
    }
}

async fn forget(database: &Database, engine: &Engine) {
    let database = database.clone();
    match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
        Ok(Ok(records)) => tracing::info!(records, "removed expired records"),
        Ok(Err(error)) => tracing::error!(%error, "expired records were not removed"),
        Err(error) => tracing::error!(%error, "expired records were not removed"),
    }
    match engine.forget_old().await {
        Ok(executions) => tracing::info!(executions, "forgot executions that ended long ago"),
        Err(error) => tracing::error!(%error, "executions that ended long ago were not forgotten"),
    }
}

/// Gives what the table no longer needs back to the file system. The engine's log does so by itself.
async fn shrink(records: Arc<StreamRecords>) {
    match tokio::task::spawn_blocking(move || records.give_back()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the table's file was not made smaller; the next time does"),
        Err(error) => tracing::warn!(%error, "the table's file was not made smaller; the next time does"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::dynamodb::{Written, perform};
    use super::super::functions::StepTargets;
    use super::*;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn expired_records_go_and_others_stay() {
        let (database, written) = (Database::memory().unwrap(), Written::default());
        let perform = |operation: &str, request: Value| -> Value {
            let answer = perform(&database, &written, operation, request.to_string().as_bytes());
            serde_json::from_str(&answer.unwrap()).unwrap()
        };
        perform(
            "CreateTable",
            json!({
                "TableName": "table",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            }),
        );
        let expiry = json!({"AttributeName": "expires_at", "Enabled": true});
        perform("UpdateTimeToLive", json!({"TableName": "table", "TimeToLiveSpecification": expiry}));
        let put = |key: &str, expires_at: &str| {
            let item = json!({"pk": {"S": key}, "expires_at": {"N": expires_at}});
            perform("PutItem", json!({"TableName": "table", "Item": item}));
        };
        put("old", "1500000000");
        put("new", "9000000000");
        let engine = Engine::in_memory(
            Arc::new(engine::SystemClock),
            Arc::new(StepTargets::new(1)),
            engine::Settings::default(),
        );
        forget(&database, &engine.unwrap()).await;
        let is_there = |key: &str| {
            let found = perform("GetItem", json!({"TableName": "table", "Key": {"pk": {"S": key}}}));
            found["Item"].is_object()
        };
        assert_eq!((is_there("old"), is_there("new")), (false, true));
    }
}
