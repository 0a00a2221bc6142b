//! Which partitions a DynamoDB request accesses, compared with what its caller may access: what a role's policy does in an account, with
//! its condition on `dynamodb:LeadingKeys`. Requests that are not fully understood are refused.

use super::direct::Touched;
use super::key_condition::{self, text};
use records::{Access, Partition};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a role's policy allows on the table: `reading` and `writing` in the stack, and the operations that follow from those of their
/// items. Each with the fields that are supported.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("BatchGetItem", &["RequestItems", "ReturnConsumedCapacity"]),
    ("DeleteItem", &["Key", "ConditionExpression", "ReturnValues", "ReturnItemCollectionMetrics"]),
    ("GetItem", &["Key", "ConsistentRead", "ProjectionExpression"]),
    ("PutItem", &["Item", "ConditionExpression", "ReturnValues", "ReturnItemCollectionMetrics"]),
    (
        "Query",
        &[
            "KeyConditionExpression",
            "FilterExpression",
            "ProjectionExpression",
            "ScanIndexForward",
            "Limit",
            "ExclusiveStartKey",
            "Select",
            "ConsistentRead",
            "IndexName",
        ],
    ),
    ("TransactGetItems", &["TransactItems", "ReturnConsumedCapacity"]),
    (
        "TransactWriteItems",
        &["TransactItems", "ClientRequestToken", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"],
    ),
    (
        "UpdateItem",
        &["Key", "UpdateExpression", "ConditionExpression", "ReturnValues", "ReturnItemCollectionMetrics"],
    ),
];

/// Fields of every request about one table, and of each item of a transaction.
const COMMON: &[&str] = &[
    "TableName",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnConsumedCapacity",
    "ReturnValuesOnConditionCheckFailure",
];

/// The only index.
const INDEX: &str = "gsi1";

/// Whether some role may use this operation.
pub(crate) fn is_known(operation: &str) -> bool {
    OPERATIONS.iter().any(|(name, _)| *name == operation)
}

/// Checks every item that a request names.
///
/// # Errors
/// A description of what may not be accessed, or cannot be parsed.
pub(crate) fn check(access: &Access, operation: &str, request: &Value) -> Result<(), String> {
    let known = OPERATIONS.iter().find(|(name, _)| *name == operation);
    let (_, fields) = known.ok_or_else(|| format!("by {operation}, which no role allows"))?;
    let request = object(request, "the request")?;
    let of_one_table: &[&str] = if request.contains_key("TableName") { COMMON } else { &[] };
    only(request, &[*fields, of_one_table].concat())?;
    let value = |name: &str| request.get(name).unwrap_or(&Value::Null);
    match operation {
        "GetItem" => read(access, key_of(value("Key"))?),
        "PutItem" => write(access, key_of(value("Item"))?),
        "UpdateItem" | "DeleteItem" => write(access, key_of(value("Key"))?),
        "Query" => query(access, request),
        "BatchGetItem" => {
            for table in object(value("RequestItems"), "RequestItems")?.values() {
                let table = object(table, "an entry of RequestItems")?;
                only(table, &["Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"])?;
                for key in list(table.get("Keys"), "Keys")? {
                    read(access, key_of(key)?)?;
                }
            }
            Ok(())
        }
        _ => {
            let is_reading = operation == "TransactGetItems";
            for item in list(request.get("TransactItems"), "TransactItems")? {
                transacted(access, object(item, "an item of the transaction")?, is_reading)?;
            }
            Ok(())
        }
    }
}

/// Checks an item of a transaction as the corresponding single-item operation.
fn transacted(access: &Access, item: &Map<String, Value>, is_reading: bool) -> Result<(), String> {
    let mut entries = item.iter();
    let (Some((name, member)), None) = (entries.next(), entries.next()) else {
        return Err("an item of the transaction that is not one operation".to_owned());
    };
    let operation = match (is_reading, name.as_str()) {
        (true, "Get") => "GetItem",
        (false, "Put") => "PutItem",
        (false, "Update") => "UpdateItem",
        (false, "Delete") => "DeleteItem",
        (false, "ConditionCheck") => {
            let fields = object(member, name)?;
            only(fields, &[&["Key", "ConditionExpression"], COMMON].concat())?;
            return read(access, key_of(fields.get("Key").unwrap_or(&Value::Null))?);
        }
        _ => return Err(format!("`{name}` in a transaction, which is not read here")),
    };
    check(access, operation, member)
}

/// Checks the items that a request touches.
///
/// # Errors
/// A description of what may not be accessed.
pub(crate) fn check_touched(access: &Access, touched: &Touched<'_>) -> Result<(), String> {
    match touched {
        Touched::Items(items) => items.iter().try_for_each(|item| match item.is_written {
            true => write(access, item.partition),
            false => read(access, item.partition),
        }),
        Touched::Partition(partition) => read(access, partition),
        Touched::Listed { index, partition } => listed(access, index, partition),
    }
}

fn query(access: &Access, request: &Map<String, Value>) -> Result<(), String> {
    let whole = Value::Object(request.clone());
    match request.get("IndexName") {
        None | Some(Value::Null) => {
            let partition = key_condition::partition(&whole, "pk")?;
            read(access, partition)?;
            match request.get("ExclusiveStartKey") {
                None | Some(Value::Null) => Ok(()),
                Some(start) if key_of(start)? == partition => Ok(()),
                Some(_) => Err("a query that continues in another partition".to_owned()),
            }
        }
        Some(index) => {
            let partition = key_condition::partition(&whole, "gsi1pk")?;
            listed(access, index.as_str().unwrap_or_default(), partition)
        }
    }
}

fn listed(access: &Access, index: &str, partition: &str) -> Result<(), String> {
    match index == INDEX && access.lists.iter().any(|listing| listing.includes(partition)) {
        true => Ok(()),
        false => Err("the index".to_owned()),
    }
}

fn read(access: &Access, partition: &str) -> Result<(), String> {
    permits(&access.reads, "read", partition)
}

fn write(access: &Access, partition: &str) -> Result<(), String> {
    permits(&access.writes, "write", partition)
}

fn permits(allowed: &BTreeSet<Partition>, verb: &str, partition: &str) -> Result<(), String> {
    match partition.split_once('#') {
        Some((kind, _)) if allowed.iter().any(|one| one.as_str() == kind) => Ok(()),
        _ => Err(format!(
            "to {verb} {}",
            http_client::excerpt(partition.split('#').next().unwrap_or_default())
        )),
    }
}

/// The partition that a key or an item names.
fn key_of(key: &Value) -> Result<&str, String> {
    text(&key["pk"]).ok_or_else(|| "an item without a text as its `pk`".to_owned())
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{what}, which is not an object"))
}

fn list<'a>(value: Option<&'a Value>, what: &str) -> Result<&'a [Value], String> {
    let items = value.and_then(Value::as_array).filter(|items| !items.is_empty());
    Ok(items.ok_or_else(|| format!("{what}, which is not a list with items"))?)
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("with `{}`, which is not read here", http_client::excerpt(unknown))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
