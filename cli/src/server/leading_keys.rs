//! Which partitions a request to DynamoDB touches, held against what its caller may touch: what a role's policy does in an account, with
//! its condition on `dynamodb:LeadingKeys`. Whatever is not read here in full is refused, so that nothing passes because it was not understood.

use super::key_condition::{self, text};
use records::{Access, Partition};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a role's policy allows on the table: `reading` and `writing` in the stack, and the operations that are allowed by those of their
/// items. Each with the fields that are understood.
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

/// The index of open executions, and its only partition.
const INDEX: (&str, &str) = ("gsi1", "OPEN");

/// Whether some role may use this operation.
pub(crate) fn is_known(operation: &str) -> bool {
    OPERATIONS.iter().any(|(name, _)| *name == operation)
}

/// Checks every item that a request names.
///
/// # Errors
/// What may not be touched, or what cannot be read, in words.
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

/// Checks an item of a transaction, which is allowed as the operation on this item alone is.
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

fn query(access: &Access, request: &Map<String, Value>) -> Result<(), String> {
    let whole = Value::Object(request.clone());
    match request.get("IndexName") {
        None | Some(Value::Null) => {
            let partition = key_condition::partition(&whole, "pk")?;
            read(access, partition)?;
            match request.get("ExclusiveStartKey") {
                None | Some(Value::Null) => Ok(()),
                Some(start) if key_of(start)? == partition => Ok(()),
                Some(_) => Err("a query that goes on in another partition".to_owned()),
            }
        }
        Some(index) => {
            let (name, open) = INDEX;
            if !access.lists_open_executions
                || index != name
                || key_condition::partition(&whole, "gsi1pk")? != open
            {
                return Err("the index".to_owned());
            }
            Ok(())
        }
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
mod tests {
    use super::*;
    use serde_json::json;

    fn access() -> Access {
        Access::reading([Partition::Document]).writing([Partition::Execution])
    }

    fn key(pk: &str) -> Value {
        json!({"pk": {"S": pk}, "sk": {"S": "X"}})
    }

    fn with(mut request: Value, name: &str, value: Value) -> Value {
        request[name] = value;
        request
    }

    fn query_for(condition: &str, pk: &str) -> Value {
        json!({"TableName": "t", "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk", "#other": "status"},
            "ExpressionAttributeValues": {":p": {"S": pk}, ":a": {"S": "A"}, ":b": {"S": "DOCUMENT#b"}}})
    }

    /// Each operation of the policy with each form of a request that touches one partition, and whether that is writing.
    fn forms(pk: &str) -> Vec<(&'static str, Value, bool)> {
        let item = |name: &str| with(json!({"TableName": "t"}), name, key(pk));
        let transaction =
            |member: &str, field: &str| json!({"TransactItems": [with(json!({}), member, item(field))]});
        let mut forms = vec![
            ("GetItem", item("Key"), false),
            ("PutItem", item("Item"), true),
            ("UpdateItem", with(item("Key"), "UpdateExpression", "SET a = :a".into()), true),
            ("DeleteItem", item("Key"), true),
            ("BatchGetItem", json!({"RequestItems": {"t": {"Keys": [key("DOCUMENT#a"), key(pk)]}}}), false),
            ("TransactGetItems", transaction("Get", "Key"), false),
            ("TransactWriteItems", transaction("Put", "Item"), true),
            ("TransactWriteItems", transaction("Update", "Key"), true),
            ("TransactWriteItems", transaction("Delete", "Key"), true),
            ("TransactWriteItems", transaction("ConditionCheck", "Key"), false),
            (
                "TransactWriteItems",
                json!({"TransactItems": [{"Put": with(json!({}), "Item", key("EXECUTION#a"))}, {"Update": item("Key")}]}),
                true,
            ),
        ];
        let conditions = [
            "pk = :p",
            "#pk=:p",
            "(pk = :p)",
            "((#pk = :p) AND (sk = :a))",
            "sk <= :a AND pk = :p",
            "sk >= :a and #pk = :p",
            "sk = :b AND pk = :p",
            "pk = :p AND begins_with(sk, :a)",
            "begins_with (#sk, :b) AND pk = :p",
            "pk = :p AND sk BETWEEN :a AND :b",
            "(sk between :b and :a) AND (pk = :p)",
        ];
        forms.extend(conditions.map(|condition| ("Query", query_for(condition, pk), false)));
        forms.push(("Query", with(query_for("pk = :p", pk), "ExclusiveStartKey", key(pk)), false));
        forms
    }

    #[test]
    fn every_operation_in_every_form_is_decided_as_the_policy_does() {
        for (kind, reads, writes) in [
            ("EXECUTION", true, true),
            ("DOCUMENT", true, false),
            ("PERSON", false, false),
            ("EXECUTIONS", false, false),
            ("", false, false),
        ] {
            for (operation, request, is_writing) in forms(&format!("{kind}#ada")) {
                let allowed = check(&access(), operation, &request);
                assert_eq!(
                    allowed.is_ok(),
                    if is_writing { writes } else { reads },
                    "{operation} {request}: {allowed:?}"
                );
            }
        }
        for pk in ["EXECUTION", "execution#a", ""] {
            for (operation, request, _) in forms(pk) {
                assert!(check(&access(), operation, &request).is_err(), "{operation} {request}");
            }
        }
    }

    #[test]
    fn the_index_is_its_one_partition_for_who_lists_it() {
        let request = |condition: &str, pk: &str, index: &str| {
            with(query_for(condition, pk), "IndexName", index.into())
        };
        let lists = access().listing_open_executions();
        let open = request("gsi1pk = :p AND gsi1sk < :a", "OPEN", "gsi1");
        assert!(check(&lists, "Query", &open).is_ok());
        assert!(check(&access(), "Query", &open).is_err());
        for other in [
            request("gsi1pk = :p", "PERSON#ada", "gsi1"),
            request("pk = :p", "OPEN", "gsi1"),
            request("gsi1pk = :p", "OPEN", "gsi2"),
        ] {
            assert!(check(&lists, "Query", &other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let pk = "EXECUTION#a";
        for (operation, request, _) in forms(pk) {
            for unknown in [
                "New",
                "Expected",
                "AttributeUpdates",
                "AttributesToGet",
                "ConditionalOperator",
                "KeyConditions",
                "QueryFilter",
            ] {
                assert!(
                    check(&access(), operation, &with(request.clone(), unknown, json!({}))).is_err(),
                    "{operation} {unknown}"
                );
            }
        }
        let conditions = [
            "",
            "pk",
            "pk = ",
            "pk = :p)",
            "(pk = :p",
            "pk = :p OR pk = :b",
            "pk = :p AND pk = :b",
            "NOT pk = :p",
            "pk <> :p",
            "pk < :p",
            "begins_with(pk, :p)",
            "pk BETWEEN :p AND :b",
            ":p = pk",
            "sk = :p",
            "#none = :p",
            "#other = :p",
            "pk = :none",
            "pk = #pk",
            "pk = :p; x",
            "pk IN (:p)",
            "contains(pk, :p)",
            "pk = :p AND",
            "attribute_exists(pk)",
            "other.pk = :p",
        ];
        for condition in conditions {
            assert!(check(&access(), "Query", &query_for(condition, pk)).is_err(), "{condition}");
        }
        assert!(
            check(
                &access(),
                "Query",
                &query_for(&format!("{}pk = :p{}", "(".repeat(10_000), ")".repeat(10_000)), pk)
            )
            .is_err()
        );
        let start = with(query_for("pk = :p", pk), "ExclusiveStartKey", key("PERSON#ada"));
        assert!(check(&access(), "Query", &start).is_err());
        let requests = [
            ("GetItem", Value::Null),
            ("GetItem", json!([])),
            ("GetItem", json!({"Key": {"sk": {"S": pk}}})),
            ("GetItem", json!({"Key": {"pk": {"N": "1"}}})),
            ("GetItem", json!({"Key": {"pk": {"S": pk, "N": "1"}}})),
            ("GetItem", json!({"Item": key(pk)})),
            (
                "Query",
                json!({"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": pk}]}}}),
            ),
            ("TransactWriteItems", json!({"TransactItems": []})),
            ("TransactWriteItems", json!({"TransactItems": [{}]})),
            (
                "TransactWriteItems",
                json!({"TransactItems": [{"Put": {"Item": key(pk)}, "Delete": {"Key": key("PERSON#a")}}]}),
            ),
            ("TransactWriteItems", json!({"TransactItems": [{"Get": {"Key": key(pk)}}]})),
            ("TransactGetItems", json!({"TransactItems": [{"Put": {"Item": key(pk)}}]})),
            ("BatchGetItem", json!({"RequestItems": {"t": {"Keys": [key(pk)], "AttributesToGet": ["pk"]}}})),
            ("BatchGetItem", json!({"RequestItems": {"t": [key(pk)]}})),
        ];
        for (operation, request) in requests {
            assert!(check(&access(), operation, &request).is_err(), "{operation} {request}");
        }
        for operation in [
            "BatchExecuteStatement",
            "BatchWriteItem",
            "CreateTable",
            "DeleteTable",
            "DescribeTable",
            "ExecuteStatement",
            "ExecuteTransaction",
            "ExportTableToPointInTime",
            "GetRecords",
            "ListTables",
            "Scan",
            "TagResource",
            "UpdateTable",
            "UpdateTimeToLive",
        ] {
            assert!(
                check(&access(), operation, &json!({"TableName": "t", "Key": key(pk)})).is_err(),
                "{operation}"
            );
        }
    }

    #[test]
    fn the_operations_are_those_of_the_stack() {
        let stack = include_str!("../../../infra/cdk/lib/functions.ts");
        let mut named: Vec<&str> =
            stack.split("\"dynamodb:").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        named.retain(|name| !name.contains("LeadingKeys"));
        named.sort_unstable();
        named.dedup();
        // A transaction is allowed by the operations of its items.
        let here = OPERATIONS.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("Transact"));
        let mut here: Vec<&str> = here.chain(["ConditionCheckItem"]).collect();
        here.sort_unstable();
        assert_eq!(named, here);
    }
}
