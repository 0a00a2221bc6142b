//! Requests in the types of the AWS SDK and of the embedded DynamoDB. Parameters of DynamoDB's older interface and those that nobody here uses
//! are refused: a condition must not be left out.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html>

use super::items::{Item, StoredItem, returned, stored};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use dynoxide::actions::batch_get_item::{
    BatchGetItemRequest, BatchGetItemResponse, KeysAndAttributes as StoredKeys,
};
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::transact_write_items::{
    TransactConditionCheck, TransactDelete, TransactPut, TransactUpdate, TransactWriteItem as StoredWrite,
    TransactWriteItemsRequest,
};
use dynoxide::actions::update_item::UpdateItemRequest;
use std::collections::HashMap;

/// A read of one item.
///
/// # Errors
/// What is not read here, as for all that follow.
pub(super) fn get(request: GetItemInput) -> Result<GetItemRequest, String> {
    unused(&[("AttributesToGet", request.attributes_to_get.is_some())])?;
    Ok(GetItemRequest {
        table_name: table(request.table_name),
        key: whole(request.key)?,
        consistent_read: request.consistent_read,
        projection_expression: request.projection_expression,
        expression_attribute_names: request.expression_attribute_names,
        ..GetItemRequest::default()
    })
}

/// A read of several items.
pub(super) fn batch(request: BatchGetItemInput) -> Result<BatchGetItemRequest, String> {
    let tables = request.request_items.into_iter().flatten();
    let tables = tables.map(|(table, wanted)| Ok((table, keys(wanted)?)));
    Ok(BatchGetItemRequest {
        request_items: tables.collect::<Result<_, String>>()?,
        ..BatchGetItemRequest::default()
    })
}

fn keys(wanted: KeysAndAttributes) -> Result<StoredKeys, String> {
    unused(&[("AttributesToGet", wanted.attributes_to_get.is_some())])?;
    Ok(StoredKeys {
        keys: wanted.keys.into_iter().map(stored).collect::<Result<_, _>>()?,
        projection_expression: wanted.projection_expression,
        expression_attribute_names: wanted.expression_attribute_names,
        consistent_read: wanted.consistent_read,
        ..StoredKeys::default()
    })
}

/// The answer to it.
pub(super) fn batch_answer(answer: BatchGetItemResponse) -> Result<BatchGetItemOutput, String> {
    let found = answer.responses.into_iter();
    let found: HashMap<String, Vec<Item>> =
        found.map(|(table, items)| (table, items.into_iter().map(returned).collect())).collect();
    let mut unread = HashMap::new();
    for (table, left) in answer.unprocessed_keys {
        let left: StoredKeys = serde_json::from_value(left).map_err(|error| error.to_string())?;
        let left = KeysAndAttributes::builder()
            .set_keys(Some(left.keys.into_iter().map(returned).collect()))
            .set_projection_expression(left.projection_expression)
            .set_expression_attribute_names(left.expression_attribute_names)
            .set_consistent_read(left.consistent_read)
            .build();
        unread.insert(table, left.map_err(|error| error.to_string())?);
    }
    Ok(BatchGetItemOutput::builder().set_responses(Some(found)).set_unprocessed_keys(Some(unread)).build())
}

/// A read of items of one partition.
pub(super) fn query(request: QueryInput) -> Result<QueryRequest, String> {
    unused(&[
        ("AttributesToGet", request.attributes_to_get.is_some()),
        ("ConditionalOperator", request.conditional_operator.is_some()),
        ("KeyConditions", request.key_conditions.is_some()),
        ("QueryFilter", request.query_filter.is_some()),
    ])?;
    let limit = request.limit.map(usize::try_from).transpose();
    Ok(QueryRequest {
        table_name: table(request.table_name),
        key_condition_expression: request.key_condition_expression,
        filter_expression: request.filter_expression,
        projection_expression: request.projection_expression,
        expression_attribute_names: request.expression_attribute_names,
        expression_attribute_values: some(request.expression_attribute_values)?,
        scan_index_forward: request.scan_index_forward.unwrap_or(true),
        limit: limit.map_err(|_| "with a negative Limit".to_owned())?,
        exclusive_start_key: some(request.exclusive_start_key)?,
        select: request.select.map(|select| select.as_str().to_owned()),
        consistent_read: request.consistent_read,
        index_name: request.index_name,
        ..QueryRequest::default()
    })
}

/// A put of one item.
pub(super) fn put(request: PutItemInput) -> Result<PutItemRequest, String> {
    unused(&[
        ("ConditionalOperator", request.conditional_operator.is_some()),
        ("Expected", request.expected.is_some()),
    ])?;
    Ok(PutItemRequest {
        table_name: table(request.table_name),
        item: whole(request.item)?,
        return_values: request.return_values.map(|values| values.as_str().to_owned()),
        condition_expression: request.condition_expression,
        expression_attribute_names: request.expression_attribute_names,
        expression_attribute_values: some(request.expression_attribute_values)?,
        return_values_on_condition_check_failure: shown(request.return_values_on_condition_check_failure),
        ..PutItemRequest::default()
    })
}

/// A change of one item.
pub(super) fn update(request: UpdateItemInput) -> Result<UpdateItemRequest, String> {
    unused(&[
        ("AttributeUpdates", request.attribute_updates.is_some()),
        ("ConditionalOperator", request.conditional_operator.is_some()),
        ("Expected", request.expected.is_some()),
    ])?;
    Ok(UpdateItemRequest {
        table_name: table(request.table_name),
        key: whole(request.key)?,
        update_expression: request.update_expression,
        condition_expression: request.condition_expression,
        expression_attribute_names: request.expression_attribute_names,
        expression_attribute_values: some(request.expression_attribute_values)?,
        return_values: request.return_values.map(|values| values.as_str().to_owned()),
        return_values_on_condition_check_failure: shown(request.return_values_on_condition_check_failure),
        ..UpdateItemRequest::default()
    })
}

/// Whether a change would be made again after a power loss undid it.
pub(super) fn may_be_lost(request: &UpdateItemInput) -> bool {
    let part = |name| match request.key.as_ref()?.get(name)? {
        AttributeValue::S(text) => Some(text.as_str()),
        _ => None,
    };
    let update = request.update_expression.as_deref();
    matches!((part("pk"), part("sk"), update), (Some(pk), Some(sk), Some(update)) if records::may_be_lost(pk, sk, update))
}

/// A removal of one item.
pub(super) fn delete(request: DeleteItemInput) -> Result<DeleteItemRequest, String> {
    unused(&[
        ("ConditionalOperator", request.conditional_operator.is_some()),
        ("Expected", request.expected.is_some()),
    ])?;
    Ok(DeleteItemRequest {
        table_name: table(request.table_name),
        key: whole(request.key)?,
        return_values: request.return_values.map(|values| values.as_str().to_owned()),
        condition_expression: request.condition_expression,
        expression_attribute_names: request.expression_attribute_names,
        expression_attribute_values: some(request.expression_attribute_values)?,
        return_values_on_condition_check_failure: shown(request.return_values_on_condition_check_failure),
        ..DeleteItemRequest::default()
    })
}

/// Several writes.
pub(super) fn transaction(request: TransactWriteItemsInput) -> Result<TransactWriteItemsRequest, String> {
    let writes = request.transact_items.into_iter().flatten().map(write);
    Ok(TransactWriteItemsRequest {
        transact_items: writes.collect::<Result<_, _>>()?,
        ..TransactWriteItemsRequest::default()
    })
}

fn write(item: TransactWriteItem) -> Result<StoredWrite, String> {
    let mut write = StoredWrite::default();
    if let Some(put) = item.put {
        write.put = Some(TransactPut {
            table_name: put.table_name,
            item: stored(put.item)?,
            condition_expression: put.condition_expression,
            expression_attribute_names: put.expression_attribute_names,
            expression_attribute_values: some(put.expression_attribute_values)?,
            return_values_on_condition_check_failure: shown(put.return_values_on_condition_check_failure),
        });
    }
    if let Some(update) = item.update {
        write.update = Some(TransactUpdate {
            table_name: update.table_name,
            key: stored(update.key)?,
            update_expression: update.update_expression,
            condition_expression: update.condition_expression,
            expression_attribute_names: update.expression_attribute_names,
            expression_attribute_values: some(update.expression_attribute_values)?,
            return_values_on_condition_check_failure: shown(update.return_values_on_condition_check_failure),
        });
    }
    if let Some(delete) = item.delete {
        write.delete = Some(TransactDelete {
            table_name: delete.table_name,
            key: stored(delete.key)?,
            condition_expression: delete.condition_expression,
            expression_attribute_names: delete.expression_attribute_names,
            expression_attribute_values: some(delete.expression_attribute_values)?,
            return_values_on_condition_check_failure: shown(delete.return_values_on_condition_check_failure),
        });
    }
    if let Some(check) = item.condition_check {
        write.condition_check = Some(TransactConditionCheck {
            table_name: check.table_name,
            key: stored(check.key)?,
            condition_expression: check.condition_expression,
            expression_attribute_names: check.expression_attribute_names,
            expression_attribute_values: some(check.expression_attribute_values)?,
            return_values_on_condition_check_failure: shown(check.return_values_on_condition_check_failure),
        });
    }
    Ok(write)
}

fn table(name: Option<String>) -> String {
    name.unwrap_or_default()
}

fn whole(item: Option<Item>) -> Result<StoredItem, String> {
    stored(item.ok_or("a request without an item or a key")?)
}

fn some(values: Option<Item>) -> Result<Option<StoredItem>, String> {
    values.map(stored).transpose()
}

fn shown(values: Option<ReturnValuesOnConditionCheckFailure>) -> Option<String> {
    values.map(|values| values.as_str().to_owned())
}

/// Refuses parameters that are set.
fn unused(parameters: &[(&str, bool)]) -> Result<(), String> {
    match parameters.iter().find(|(_, is_set)| *is_set) {
        Some((name, _)) => Err(format!("with `{name}`, which is not read here")),
        None => Ok(()),
    }
}
