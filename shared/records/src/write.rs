//! Conditional writes, single and in transactions.
//!
//! In expressions, attributes are written `#name` and values `:name`: many of our names (`action`, `status`, `name`) are
//! reserved words, <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>.

use crate::error::RecordsError;
use crate::item::{Item, text};
use crate::keys::{Key, PK, SK};
use crate::table::Table;
use crate::update::Update;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsInput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete as DeleteItem, Put as PutItem, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update as UpdateItem,
};
use backon::{ExponentialBuilder, Retryable};
use std::collections::HashMap;
use std::time::Duration;

/// A condition that did not hold, with the current item.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Which write of the transaction; zero for a single write.
    pub(crate) index: usize,
    /// The item that the condition was tested on; absent when there is none.
    pub(crate) item: Option<Item>,
}

/// One write of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    Update(Update),
    /// Puts an item; `condition` as in [`Update`].
    Put {
        item: Item,
        condition: Option<&'static str>,
    },
    /// Replaces an item, if the condition holds for the present one with this value.
    Replace {
        item: Item,
        condition: &'static str,
        value: (&'static str, AttributeValue),
    },
    /// Removes an item, if it exists.
    Delete {
        key: Key,
    },
    /// Removes an item, if the condition holds of it with this value.
    Remove(Key, &'static str, (&'static str, AttributeValue)),
    /// Changes nothing, but must hold.
    Check {
        key: Key,
        condition: &'static str,
        value: Option<(&'static str, AttributeValue)>,
    },
}

/// The key does not exist yet.
pub(crate) const ABSENT: &str = "attribute_not_exists(#pk)";

/// The placeholders `#name` of an expression, with their attributes.
fn names(expression: &str) -> HashMap<String, String> {
    expression
        .split('#')
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .next()
                .filter(|name| !name.is_empty())
        })
        .map(|name| (format!("#{name}"), name.to_owned()))
        .collect()
}

fn key_item(key: &Key) -> Item {
    HashMap::from([(PK.to_owned(), text(&key.pk)), (SK.to_owned(), text(&key.sk))])
}

impl Write {
    fn build(self, table: &str) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
        let item = TransactWriteItem::builder();
        Ok(match self {
            Self::Update(update) => {
                let names = names(&update.expressions());
                item.update(
                    UpdateItem::builder()
                        .table_name(table)
                        .set_key(Some(key_item(&update.key)))
                        .update_expression(update.update)
                        .set_condition_expression(update.condition)
                        .set_expression_attribute_names(Some(names))
                        .set_expression_attribute_values(
                            Some(update.values).filter(|values| !values.is_empty()),
                        )
                        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                        .build()?,
                )
            }
            Self::Put { item: put, condition } => item.put(
                PutItem::builder()
                    .table_name(table)
                    .set_item(Some(put))
                    .set_condition_expression(condition.map(str::to_owned))
                    .set_expression_attribute_names(condition.map(names))
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .build()?,
            ),
            Self::Replace { item: put, condition, value: (name, value) } => item.put(
                PutItem::builder()
                    .table_name(table)
                    .set_item(Some(put))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names(condition)))
                    .expression_attribute_values(name, value)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .build()?,
            ),
            Self::Delete { key } => {
                item.delete(DeleteItem::builder().table_name(table).set_key(Some(key_item(&key))).build()?)
            }
            Self::Remove(key, condition, (name, value)) => item.delete(
                DeleteItem::builder()
                    .table_name(table)
                    .set_key(Some(key_item(&key)))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names(condition)))
                    .expression_attribute_values(name, value)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .build()?,
            ),
            Self::Check { key, condition, value } => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key_item(&key)))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names(condition)))
                    .set_expression_attribute_values(
                        value.map(|(name, value)| HashMap::from([(name.to_owned(), value)])),
                    )
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .build()?,
            ),
        }
        .build())
    }
}

/// How often and how long colliding writes are repeated: ten times within about eight seconds, with jitter.
fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(10))
        .with_max_delay(Duration::from_secs(2))
        .with_max_times(10)
        .with_jitter()
}

/// The result of one attempt of a write.
enum Try {
    /// A condition did not hold: an answer, not a failure.
    Refused(Refused),
    /// Another write was at the same item at the same moment.
    Collided(RecordsError),
    Failed(RecordsError),
}

impl Try {
    fn of<E, R>(operation: &str, error: &SdkError<E, R>) -> Self
    where
        SdkError<E, R>: ProvideErrorMetadata,
    {
        let translated = RecordsError::from_sdk(operation, error);
        match error.code() {
            Some("TransactionConflictException" | "TransactionInProgressException") => {
                Self::Collided(translated)
            }
            _ => Self::Failed(translated),
        }
    }
}

impl Table {
    /// Changes one item and returns its new state, or reports that the condition did not hold.
    pub(crate) async fn update(
        &self,
        operation: &str,
        update: Update,
    ) -> Result<Result<Item, Refused>, RecordsError> {
        let once = async || {
            let answer = self
                .store
                .update_item(
                    UpdateItemInput::builder()
                        .table_name(&*self.name)
                        .set_key(Some(key_item(&update.key)))
                        .set_expression_attribute_names(Some(names(&update.expressions())))
                        .set_expression_attribute_values(
                            Some(update.values.clone()).filter(|values| !values.is_empty()),
                        )
                        .update_expression(&update.update)
                        .set_condition_expression(update.condition.clone())
                        .return_values(ReturnValue::AllNew)
                        .return_values_on_condition_check_failure(
                            ReturnValuesOnConditionCheckFailure::AllOld,
                        ),
                )
                .await;
            let error = match answer {
                Ok(answer) => return Ok(answer.attributes.unwrap_or_default()),
                Err(error) => error,
            };
            if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
                return Err(Try::Refused(Refused { index: 0, item: failed.item().cloned() }));
            }
            Err(Try::of(operation, &error))
        };
        settle(once.retry(backoff()).when(|tried| matches!(tried, Try::Collided(_))).await)
    }

    /// Puts an item, unless the condition does not hold.
    pub(crate) async fn put(
        &self,
        operation: &str,
        item: Item,
        condition: Option<&'static str>,
    ) -> Result<Result<(), Refused>, RecordsError> {
        let once = async || {
            let answer = self
                .store
                .put_item(
                    PutItemInput::builder()
                        .table_name(&*self.name)
                        .set_item(Some(item.clone()))
                        .set_condition_expression(condition.map(str::to_owned))
                        .set_expression_attribute_names(condition.map(names))
                        .return_values_on_condition_check_failure(
                            ReturnValuesOnConditionCheckFailure::AllOld,
                        ),
                )
                .await;
            let error = match answer {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
                return Err(Try::Refused(Refused { index: 0, item: failed.item().cloned() }));
            }
            Err(Try::of(operation, &error))
        };
        settle(once.retry(backoff()).when(|tried| matches!(tried, Try::Collided(_))).await)
    }

    /// Removes an item if the condition holds of it.
    pub(crate) async fn delete_if(
        &self,
        operation: &str,
        key: Key,
        condition: &'static str,
        (placeholder, value): (&str, AttributeValue),
    ) -> Result<(), RecordsError> {
        let answer = self
            .store
            .delete_item(
                DeleteItemInput::builder()
                    .table_name(&*self.name)
                    .set_key(Some(key_item(&key)))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names(condition)))
                    .expression_attribute_values(placeholder, value),
            )
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(RecordsError::from_sdk(operation, &error)),
        }
    }

    /// Makes all writes or none. The first write whose condition does not hold is named.
    pub(crate) async fn transact(
        &self,
        operation: &str,
        writes: Vec<Write>,
    ) -> Result<Result<(), Refused>, RecordsError> {
        let writes = writes
            .into_iter()
            .map(|write| write.build(&self.name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| RecordsError::Invalid(error.to_string()))?;
        let once = async || {
            let answer = self
                .store
                .transact_write_items(
                    TransactWriteItemsInput::builder().set_transact_items(Some(writes.clone())),
                )
                .await;
            let error = match answer {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            {
                return Err(cancellation(operation, cancelled.cancellation_reasons()));
            }
            Err(Try::of(operation, &error))
        };
        settle(once.retry(backoff()).when(|tried| matches!(tried, Try::Collided(_))).await)
    }
}

fn settle<T>(tried: Result<T, Try>) -> Result<Result<T, Refused>, RecordsError> {
    match tried {
        Ok(done) => Ok(Ok(done)),
        Err(Try::Refused(refused)) => Ok(Err(refused)),
        Err(Try::Collided(error) | Try::Failed(error)) => Err(error),
    }
}

/// Reads why a transaction was cancelled. A collision wins over a condition: the condition may have been tested on a state
/// that is about to change.
fn cancellation(operation: &str, reasons: &[CancellationReason]) -> Try {
    let with_code = |wanted: &[&str]| {
        reasons.iter().position(|reason| reason.code().is_some_and(|code| wanted.contains(&code)))
    };
    let say = |index: usize| {
        let reason = &reasons[index];
        format!(
            "could not {operation}: {} ({})",
            reason.message().unwrap_or("cancelled"),
            reason.code().unwrap_or_default()
        )
    };
    if let Some(index) = with_code(&[
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
    ]) {
        return Try::Collided(RecordsError::Unavailable(say(index)));
    }
    if let Some(index) = with_code(&["ConditionalCheckFailed"]) {
        let item = reasons[index].item().filter(|item| !item.is_empty()).cloned();
        return Try::Refused(Refused { index, item });
    }
    match with_code(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
        Some(index) => Try::Failed(RecordsError::Invalid(say(index))),
        None => Try::Failed(RecordsError::Unavailable(format!(
            "could not {operation}: the transaction was cancelled for no known reason"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_name_their_attributes() {
        let names = names("SET #a = if_not_exists(#open_execution, :x), #b = :y REMOVE #a");
        assert_eq!(names.len(), 3);
        assert_eq!(names["#open_execution"], "open_execution");
    }

    #[test]
    fn a_collision_wins_over_a_condition() {
        let reason = |code: &str| CancellationReason::builder().code(code).build();
        let reasons = [reason("ConditionalCheckFailed"), reason("TransactionConflict")];
        assert!(matches!(cancellation("x", &reasons), Try::Collided(_)));
        let reasons = [reason("None"), reason("ConditionalCheckFailed")];
        assert!(matches!(cancellation("x", &reasons), Try::Refused(Refused { index: 1, item: None })));
    }
}
