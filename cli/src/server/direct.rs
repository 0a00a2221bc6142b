//! The way from functions of this process to the table: without HTTP, signatures and JSON, which are most of what a call costs. A function may
//! do with it what its token allows at the private listener, and nothing else.

mod errors;
mod items;
mod requests;
mod touched;

use super::call_shape;
use super::caller::Grant;
use super::table_file::{AskError, TableFile, Use};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use dynoxide::{Database, DynoxideError};
use errors::{Failure, Translated};
use records::Store;
use runtime::Timeouts;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
pub(crate) use touched::Touched;

/// How often an operation is retried when the database fails, as the SDK's client does: another process may hold the file for longer than SQLite
/// waits.
const RETRIES: u32 = 2;

/// The pause before a retry. It is short because SQLite itself has waited for seconds by then.
const PAUSE: Duration = Duration::from_millis(20);

/// What one function may do with the table.
#[derive(Clone)]
pub(crate) struct Direct {
    /// The table.
    pub(crate) table: TableFile,
    /// The function's permissions.
    pub(crate) grant: Arc<Grant>,
}

impl fmt::Debug for Direct {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Direct").field(&self.grant.caller).finish()
    }
}

impl Direct {
    /// Refuses what its caller may not do.
    fn admit(&self, operation: &'static str, touched: Result<Touched<'_>, String>) -> Result<(), Failure> {
        let touched = self.understood(touched)?;
        if let Err(what) = self.grant.check_touched(&touched) {
            return Err(self.denied(&what));
        }
        let caller = self.grant.caller.name();
        tracing::trace!(target: call_shape::TARGET, caller, operation, items = %touched, "a call of the table");
        Ok(())
    }

    /// Refuses what is not understood, as the private listener does.
    fn understood<T>(&self, read: Result<T, String>) -> Result<T, Failure> {
        read.map_err(|what| self.denied(&what))
    }

    fn denied(&self, what: &str) -> Failure {
        let caller = self.grant.caller.name();
        tracing::warn!(caller, what, "refused an item beyond the caller's grant");
        Failure::Denied(format!("{caller} may not touch the table so: {what}"))
    }

    /// Performs an operation on a thread that may block, and again if the database fails: nothing else repeats it on this way. `request` makes
    /// the request each time.
    async fn perform<Request: Send + 'static, Answer: Send + 'static>(
        &self,
        operation: &'static str,
        uses: Use,
        request: impl Fn() -> Result<Request, String>,
        ask: fn(&Database, Request) -> Result<Answer, DynoxideError>,
    ) -> Result<Answer, Failure> {
        let answered = async {
            let mut failures = 0;
            loop {
                let asked = self.understood(request())?;
                let answer = self.table.ask(operation, uses, move |database| ask(database, asked)).await;
                match answer {
                    Err(AskError::Answered(error)) if error.status_code() == 500 && failures < RETRIES => {
                        failures += 1;
                        tokio::time::sleep(PAUSE).await;
                    }
                    answer => return answer.map_err(Failure::Asked),
                }
            }
        };
        tokio::time::timeout(Timeouts::LOCAL.operation, answered).await.unwrap_or(Err(Failure::TooLate))
    }
}

#[async_trait]
impl Store for Direct {
    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput, SdkError<GetItemError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("GetItem", Touched::by_get(&request)).translated()?;
        let asked = || requests::get(request.clone());
        let answer = self.perform("GetItem", Use::Reads, asked, Database::get_item).await.translated()?;
        Ok(GetItemOutput::builder().set_item(answer.item.map(items::returned)).build())
    }

    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput, SdkError<BatchGetItemError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("BatchGetItem", Touched::by_batch(&request)).translated()?;
        let asked = || requests::batch(request.clone());
        let answer = self.perform("BatchGetItem", Use::Reads, asked, Database::batch_get_item).await;
        let answer = answer.translated()?;
        let unreadable = |why| Failure::Asked(AskError::Unavailable(why));
        requests::batch_answer(answer).map_err(unreadable).translated()
    }

    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput, SdkError<QueryError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("Query", Touched::by_query(&request)).translated()?;
        let asked = || requests::query(request.clone());
        let answer = self.perform("Query", Use::Reads, asked, Database::query).await.translated()?;
        let found = answer.items.map(|found| found.into_iter().map(items::returned).collect());
        Ok(QueryOutput::builder()
            .set_items(found)
            .count(i32::try_from(answer.count).unwrap_or(i32::MAX))
            .scanned_count(i32::try_from(answer.scanned_count).unwrap_or(i32::MAX))
            .set_last_evaluated_key(answer.last_evaluated_key.map(items::returned))
            .build())
    }

    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput, SdkError<PutItemError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("PutItem", Touched::by_put(&request)).translated()?;
        let asked = || requests::put(request.clone());
        let answer = self.perform("PutItem", Use::Writes, asked, Database::put_item).await.translated()?;
        Ok(PutItemOutput::builder().set_attributes(answer.attributes.map(items::returned)).build())
    }

    async fn update_item(
        &self,
        request: UpdateItemInputBuilder,
    ) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("UpdateItem", Touched::by_update(&request)).translated()?;
        let uses = if requests::may_be_lost(&request) { Use::WritesInPassing } else { Use::Writes };
        let asked = || requests::update(request.clone());
        let answer = self.perform("UpdateItem", uses, asked, Database::update_item).await.translated()?;
        Ok(UpdateItemOutput::builder().set_attributes(answer.attributes.map(items::returned)).build())
    }

    async fn delete_item(
        &self,
        request: DeleteItemInputBuilder,
    ) -> Result<DeleteItemOutput, SdkError<DeleteItemError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("DeleteItem", Touched::by_delete(&request)).translated()?;
        let asked = || requests::delete(request.clone());
        let answer = self.perform("DeleteItem", Use::Writes, asked, Database::delete_item).await;
        let answer = answer.translated()?;
        Ok(DeleteItemOutput::builder().set_attributes(answer.attributes.map(items::returned)).build())
    }

    async fn transact_write_items(
        &self,
        request: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError>> {
        let request = request.build().map_err(SdkError::construction_failure)?;
        self.admit("TransactWriteItems", Touched::by_transaction(&request)).translated()?;
        let asked = || requests::transaction(request.clone());
        // Nothing is lost between us and the table, so no transaction arrives a second time after a success.
        let ask = Database::transact_write_items;
        self.perform("TransactWriteItems", Use::Writes, asked, ask).await.translated()?;
        Ok(TransactWriteItemsOutput::builder().build())
    }
}

#[cfg(test)]
mod tests;
