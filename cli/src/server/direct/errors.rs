//! Why a request to the table failed, in the types of the AWS SDK.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>

use super::items;
use crate::server::table_file::AskError;
use aws_sdk_dynamodb::error::{ErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_sdk_lambda::primitives::SdkBody;
use aws_smithy_runtime_api::http::{Response, StatusCode};
use dynoxide::DynoxideError;

/// Why a request to the table failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Its caller may not do that, or it is not understood here.
    Denied(String),
    /// It was not answered in time.
    TooLate,
    /// The table's answer, or that it cannot be used.
    Asked(AskError),
}

/// An error of one operation.
pub(super) trait OperationError: Sized {
    /// One that has no type of its own.
    fn of(metadata: ErrorMetadata) -> Self;

    /// That a condition did not hold; `None` for operations without conditions.
    fn of_condition(_failed: ConditionalCheckFailedException) -> Option<Self> {
        None
    }

    /// Why a transaction was canceled; `None` for other operations.
    fn of_transaction(_canceled: TransactionCanceledException) -> Option<Self> {
        None
    }
}

macro_rules! operation_errors {
    ($($error:ident $(, $from:ident: $variant:ident($exception:ident))?;)*) => {
        $(impl OperationError for $error {
            fn of(metadata: ErrorMetadata) -> Self {
                Self::generic(metadata)
            }
            $(fn $from(error: $exception) -> Option<Self> {
                Some(Self::$variant(error))
            })?
        })*
    };
}

operation_errors! {
    BatchGetItemError;
    GetItemError;
    QueryError;
    DeleteItemError, of_condition: ConditionalCheckFailedException(ConditionalCheckFailedException);
    PutItemError, of_condition: ConditionalCheckFailedException(ConditionalCheckFailedException);
    UpdateItemError, of_condition: ConditionalCheckFailedException(ConditionalCheckFailedException);
    TransactWriteItemsError, of_transaction: TransactionCanceledException(TransactionCanceledException);
}

/// Results with the SDK's errors.
pub(super) trait Translated<T> {
    /// The result as the SDK's client would give it.
    fn translated<E: OperationError>(self) -> Result<T, SdkError<E>>;
}

impl<T> Translated<T> for Result<T, Failure> {
    fn translated<E: OperationError>(self) -> Result<T, SdkError<E>> {
        self.map_err(|failure| match failure {
            Failure::TooLate => SdkError::timeout_error("the table did not answer in time"),
            Failure::Denied(what) => answered(E::of(metadata("AccessDeniedException", &what))),
            Failure::Asked(AskError::Unavailable(why)) => {
                answered(E::of(metadata("InternalServerError", &why)))
            }
            Failure::Asked(AskError::Answered(error)) => answered(of_database(error)),
        })
    }
}

fn of_database<E: OperationError>(error: DynoxideError) -> E {
    let code = error.error_type();
    let metadata = metadata(code.rsplit('#').next().unwrap_or(code), &error.to_string());
    let typed = match error {
        DynoxideError::ConditionalCheckFailedException(message, item) => {
            let failed = ConditionalCheckFailedException::builder().message(message);
            E::of_condition(failed.set_item(item.map(items::returned)).meta(metadata.clone()).build())
        }
        DynoxideError::TransactionCanceledException(message, reasons) => {
            let canceled = TransactionCanceledException::builder().message(message);
            let reasons = reasons.into_iter().map(|reason| {
                let item = reason.item.map(items::returned);
                CancellationReason::builder()
                    .code(reason.code)
                    .set_message(reason.message)
                    .set_item(item)
                    .build()
            });
            E::of_transaction(
                canceled.set_cancellation_reasons(Some(reasons.collect())).meta(metadata.clone()).build(),
            )
        }
        _ => None,
    };
    typed.unwrap_or_else(|| E::of(metadata))
}

fn metadata(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

/// An error that the service answered. There was no HTTP response; nothing looks at it.
fn answered<E>(error: E) -> SdkError<E> {
    const BAD_REQUEST: u16 = 400;
    match StatusCode::try_from(BAD_REQUEST) {
        Ok(status) => SdkError::service_error(error, Response::new(status, SdkBody::empty())),
        Err(invalid) => SdkError::construction_failure(invalid),
    }
}
