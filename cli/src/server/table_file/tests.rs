use super::super::stream_records::StreamRecords;
use super::*;
use serde_json::Value;

const TABLE: &str = "ticketsmith";

async fn perform(file: &TableFile, operation: &str, request: Value) -> Result<Value, AwsError> {
    let answer = file.perform(operation.to_owned(), request.to_string().into()).await?;
    Ok(serde_json::from_str(&answer).unwrap())
}

async fn table(folder: &Path) -> TableFile {
    let file = TableFile::open(&folder.join("table.db")).unwrap();
    let request = json!({
        "TableName": TABLE,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
    });
    let _made_before = perform(&file, "CreateTable", request).await;
    file
}

async fn put(file: &TableFile, key: &str, text: &str) -> Result<Value, AwsError> {
    let item = json!({"pk": {"S": key}, "text": {"S": text}});
    perform(file, "PutItem", json!({"TableName": TABLE, "Item": item})).await
}

async fn is_there(file: &TableFile, key: &str) -> bool {
    let found = perform(file, "GetItem", json!({"TableName": TABLE, "Key": {"pk": {"S": key}}})).await;
    found.unwrap().get("Item").is_some()
}

#[tokio::test]
async fn what_is_written_is_read_at_once_on_every_connection() {
    let folder = tempfile::tempdir().unwrap();
    let file = table(folder.path()).await;
    for number in 0..20 {
        let key = number.to_string();
        put(&file, &key, "text").await.unwrap();
        for _ in 0..READERS {
            assert!(is_there(&file, &key).await, "{key}");
        }
    }
}

#[tokio::test]
async fn after_a_failure_of_the_disk_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.db");
    let before = table(folder.path()).await;
    for key in ["a", "b"] {
        put(&before, key, "text").await.unwrap();
    }
    drop(before);
    let failing = |_: &Path| Disk::by(|| Err(std::io::Error::other("input/output error")));
    let file = TableFile::on(&path, failing).unwrap();
    let failed = put(&file, "first", "its sync fails").await.unwrap_err();
    assert!(failed.body.contains("input/output error"), "{}", failed.body);
    // Neither what waits for the disk nor what does not.
    put(&file, "second", "text").await.unwrap_err();
    let update = json!({
        "TableName": TABLE,
        "Key": {"pk": {"S": "PROVIDER#jira"}, "sk": {"S": "RATE"}},
        "UpdateExpression": "SET tat = :now",
        "ExpressionAttributeValues": {":now": {"N": "1"}},
    });
    let request = update.to_string();
    assert!(may_be_lost(request.as_bytes()));
    let refused = file.perform_now("UpdateItem", request.as_bytes(), false).unwrap_err();
    assert!(refused.body.contains("the disk failed"), "{}", refused.body);
    let removed = file.remove_expired(TABLE, ("first", "sk"), i64::MAX);
    assert!(removed.unwrap_err().body.contains("the disk failed"));
    assert!(file.usable().is_err());
    // Nor what goes past it.
    let connection = Connection::open(&path).unwrap();
    let records = || -> usize {
        connection.query_row("SELECT count(*) FROM _stream_records", [], |row| row.get(0)).unwrap()
    };
    let there = records();
    let stream = StreamRecords::open(&path, TABLE, 1).unwrap().beside(file);
    stream.handed_over(0, i64::MAX).unwrap();
    stream.give_back().unwrap();
    assert!(there >= 2 && records() == there, "{there}");
}

#[tokio::test]
async fn a_transaction_that_arrives_again_is_performed_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = table(folder.path()).await;
    let update = json!({
        "TableName": TABLE,
        "Key": {"pk": {"S": "a"}},
        "UpdateExpression": "ADD tries :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    for (token, tries) in [("first", "1"), ("first", "1"), ("second", "2"), ("first", "2")] {
        let request = json!({"TransactItems": [{"Update": &update}], "ClientRequestToken": token});
        assert_eq!(perform(&file, "TransactWriteItems", request).await.unwrap(), json!({}));
        let request = json!({"TableName": TABLE, "Key": {"pk": {"S": "a"}}});
        assert_eq!(perform(&file, "GetItem", request).await.unwrap()["Item"]["tries"]["N"], tries);
    }
}

#[tokio::test]
async fn a_file_gives_back_what_is_freed_also_one_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let (new, earlier) = (folder.path().join("new.db"), folder.path().join("earlier.db"));
    Database::new(earlier.to_str().unwrap()).unwrap().database_info().unwrap();
    for path in [new, earlier] {
        let _file = TableFile::open(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        let kind: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0)).unwrap();
        assert_eq!(kind, 2, "{}", path.display());
    }
}

#[test]
fn only_what_is_done_again_need_not_be_on_disk() {
    let update = |pk: &str, sk: &str| {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        may_be_lost(json!({"Key": key, "UpdateExpression": "SET a = :b"}).to_string().as_bytes())
    };
    assert!(update("PROVIDER#jira", "RATE") && update("EXECUTION#a", "PROGRESS"));
    assert!(!update("PROVIDER#jira", "ACCOUNT"));
    assert!(!update("RUN#a", "RATE"));
    assert!(!update("EXECUTION#a", "STEP#Say") && !update("EXECUTION#a", "EXECUTION"));
    assert!(!may_be_lost(b"{}"));
}
