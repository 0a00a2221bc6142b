//! Which partitions a request to DynamoDB touches, held against what its caller may touch: what a role's condition on
//! `dynamodb:LeadingKeys` does in an account.

use records::{Access, Partition};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks every item that a request names.
///
/// # Errors
/// What may not be touched, in words.
pub(crate) fn check(access: &Access, operation: &str, request: &Value) -> Result<(), String> {
    if operation == "Query" && !request["IndexName"].is_null() {
        return if access.lists_open_executions { Ok(()) } else { Err("the index".to_owned()) };
    }
    for (written, partition) in touched(operation, request) {
        let allowed = if written { &access.writes } else { &access.reads };
        // A request that names no partition is the database's to refuse.
        let Some(partition) = partition else { continue };
        if !permits(allowed, partition) {
            let verb = if written { "write" } else { "read" };
            return Err(format!("to {verb} {}", partition.split('#').next().unwrap_or_default()));
        }
    }
    Ok(())
}

fn permits(allowed: &BTreeSet<Partition>, partition: &str) -> bool {
    partition.split_once('#').is_some_and(|(kind, _)| allowed.iter().any(|one| one.as_str() == kind))
}

/// Each item's partition, and whether the item is written.
fn touched<'a>(operation: &str, request: &'a Value) -> Vec<(bool, Option<&'a str>)> {
    let items = |list: &'a Value| list.as_array().into_iter().flatten();
    let tables = || request["RequestItems"].as_object().into_iter().flatten().map(|(_, items)| items);
    match operation {
        "PutItem" => vec![(true, partition(&request["Item"]))],
        "UpdateItem" | "DeleteItem" => vec![(true, partition(&request["Key"]))],
        "GetItem" => vec![(false, partition(&request["Key"]))],
        "Query" => vec![(false, queried(request))],
        "BatchGetItem" => {
            tables().flat_map(|table| items(&table["Keys"])).map(|key| (false, partition(key))).collect()
        }
        "BatchWriteItem" => tables()
            .flat_map(items)
            .flat_map(|item| [&item["PutRequest"]["Item"], &item["DeleteRequest"]["Key"]])
            .map(|item| (true, partition(item)))
            .collect(),
        "TransactGetItems" => {
            items(&request["TransactItems"]).map(|item| (false, partition(&item["Get"]["Key"]))).collect()
        }
        "TransactWriteItems" => items(&request["TransactItems"])
            .flat_map(|item| {
                [
                    (true, partition(&item["Put"]["Item"])),
                    (true, partition(&item["Update"]["Key"])),
                    (true, partition(&item["Delete"]["Key"])),
                    (false, partition(&item["ConditionCheck"]["Key"])),
                ]
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn partition(key: &Value) -> Option<&str> {
    key["pk"]["S"].as_str()
}

/// The value that a query's first condition compares the partition with.
fn queried(request: &Value) -> Option<&str> {
    let condition = request["KeyConditionExpression"].as_str()?;
    let name = condition.split_once('=')?.1.split_whitespace().next()?;
    request["ExpressionAttributeValues"][name]["S"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_item_of_a_request_is_checked() {
        let access = Access::reading([Partition::Document]).writing([Partition::Execution]);
        let key = |pk: &str| json!({"pk": {"S": pk}, "sk": {"S": "X"}});
        let check = |operation: &str, request: Value| check(&access, operation, &request).is_ok();
        assert!(check("GetItem", json!({"Key": key("DOCUMENT#routes")})));
        assert!(!check("PutItem", json!({"Item": key("DOCUMENT#routes")})));
        assert!(!check("GetItem", json!({"Key": key("TASK#SHOP-1")})));
        assert!(!check("UpdateItem", json!({"Key": key("EXECUTIONS#a")})));
        let query = |pk: &str| {
            json!({"KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :sk)",
                "ExpressionAttributeValues": {":pk": {"S": pk}}})
        };
        assert!(check("Query", query("EXECUTION#a")));
        assert!(!check("Query", query("PERSON#ada")));
        assert!(!check("Query", json!({"IndexName": "gsi1"})));
        let transaction = |pk: &str| json!({"TransactItems": [{"Update": {"Key": key("EXECUTION#a")}}, {"Put": {"Item": key(pk)}}]});
        assert!(check("TransactWriteItems", transaction("EXECUTION#b")));
        assert!(!check("TransactWriteItems", transaction("TASK#SHOP-1")));
        let checked = json!({"TransactItems": [{"ConditionCheck": {"Key": key("DOCUMENT#a")}}]});
        assert!(check("TransactWriteItems", checked));
        let batch = |pk: &str| json!({"RequestItems": {"t": {"Keys": [key("EXECUTION#a"), key(pk)]}}});
        assert!(check("BatchGetItem", batch("DOCUMENT#a")));
        assert!(!check("BatchGetItem", batch("RUN#a")));
        let writes = json!({"RequestItems": {"t": [{"DeleteRequest": {"Key": key("DOCUMENT#a")}}]}});
        assert!(!check("BatchWriteItem", writes));
    }
}
