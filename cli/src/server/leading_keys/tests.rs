use super::*;
use records::Listing;
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

/// Each operation of the policy with each form of a request that touches one partition, and whether it writes.
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
    let request =
        |condition: &str, pk: &str, index: &str| with(query_for(condition, pk), "IndexName", index.into());
    let lists = access().listing([Listing::OpenExecutions]);
    let open = request("gsi1pk = :p AND gsi1sk < :a", "OPEN", "gsi1");
    assert!(check(&lists, "Query", &open).is_ok());
    assert!(check(&access(), "Query", &open).is_err());
    for other in [
        request("gsi1pk = :p", "PERSON#ada", "gsi1"),
        request("gsi1pk = :p", "TASKS#SHOP#at_work", "gsi1"),
        request("pk = :p", "OPEN", "gsi1"),
        request("gsi1pk = :p", "OPEN", "gsi2"),
    ] {
        assert!(check(&lists, "Query", &other).is_err(), "{other}");
    }
    let of_a_kind = request("gsi1pk = :p", "TASKS#SHOP#at_work", "gsi1");
    assert!(check(&access().listing([Listing::Tasks]), "Query", &of_a_kind).is_ok());
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
    let stack = include_str!("../../../../infra/cdk/lib/functions.ts");
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
