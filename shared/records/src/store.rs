//! How requests reach the table: through the AWS SDK's client, or through something shorter in a process that holds the table itself.
//!
//! Requests, answers and errors have the SDK's types either way.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html>

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
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
use std::fmt::Debug;

/// The operations by which records are read and written. Each request names the table, and each answer is DynamoDB's: the errors of a
/// condition carry the item where the request asks for it.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Reads one item.
    ///
    /// # Errors
    /// DynamoDB's own; a timeout or a failed dispatch when it does not answer. The same holds for all operations.
    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput, SdkError<GetItemError>>;

    /// Reads several items.
    ///
    /// # Errors
    /// As [`Store::get_item`].
    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput, SdkError<BatchGetItemError>>;

    /// Reads items of one partition.
    ///
    /// # Errors
    /// As [`Store::get_item`].
    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput, SdkError<QueryError>>;

    /// Puts one item.
    ///
    /// # Errors
    /// As [`Store::get_item`]; when the condition does not hold.
    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput, SdkError<PutItemError>>;

    /// Changes one item.
    ///
    /// # Errors
    /// As [`Store::put_item`].
    async fn update_item(
        &self,
        request: UpdateItemInputBuilder,
    ) -> Result<UpdateItemOutput, SdkError<UpdateItemError>>;

    /// Removes one item.
    ///
    /// # Errors
    /// As [`Store::put_item`].
    async fn delete_item(
        &self,
        request: DeleteItemInputBuilder,
    ) -> Result<DeleteItemOutput, SdkError<DeleteItemError>>;

    /// Makes several writes or none.
    ///
    /// # Errors
    /// As [`Store::put_item`], with a reason for each write.
    async fn transact_write_items(
        &self,
        request: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError>>;
}

#[async_trait]
impl Store for Client {
    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput, SdkError<GetItemError>> {
        request.send_with(self).await
    }

    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput, SdkError<BatchGetItemError>> {
        request.send_with(self).await
    }

    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput, SdkError<QueryError>> {
        request.send_with(self).await
    }

    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput, SdkError<PutItemError>> {
        request.send_with(self).await
    }

    async fn update_item(
        &self,
        request: UpdateItemInputBuilder,
    ) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        request.send_with(self).await
    }

    async fn delete_item(
        &self,
        request: DeleteItemInputBuilder,
    ) -> Result<DeleteItemOutput, SdkError<DeleteItemError>> {
        request.send_with(self).await
    }

    async fn transact_write_items(
        &self,
        request: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError>> {
        request.send_with(self).await
    }
}
