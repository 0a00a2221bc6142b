use super::super::caller::Grants;
use super::*;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

const TABLE: &str = "ticketsmith";

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

async fn direct(folder: &std::path::Path, function: &str) -> Direct {
    let table = TableFile::open(&folder.join("table.db")).unwrap();
    let request = json!({
        "TableName": TABLE,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    });
    let _made_before = table.perform("CreateTable".to_owned(), request.to_string().into()).await;
    let spec = crate::functions::all().into_iter().find(|spec| spec.name == function).unwrap();
    let grant = Grants::default().admit(Grant::of_function(&spec, []));
    Direct { table, grant }
}

fn put(pk: &str, a: &str) -> PutItemInputBuilder {
    PutItemInput::builder()
        .table_name(TABLE)
        .item("pk", text(pk))
        .item("sk", text("A"))
        .item("a", text(a))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

fn update(pk: &str) -> UpdateItemInputBuilder {
    let key = UpdateItemInput::builder().table_name(TABLE).key("pk", text(pk)).key("sk", text("A"));
    key.update_expression("SET a = :a").expression_attribute_values(":a", text("changed"))
}

fn query(condition: &str, pk: &str) -> QueryInputBuilder {
    QueryInput::builder()
        .table_name(TABLE)
        .key_condition_expression(condition)
        .expression_attribute_values(":pk", text(pk))
}

fn code<E>(error: &SdkError<E>) -> String
where
    SdkError<E>: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    aws_sdk_dynamodb::error::ProvideErrorMetadata::code(error).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_written_is_read_and_conditions_are_answered_with_the_item() {
    let folder = tempfile::tempdir().unwrap();
    let direct = direct(folder.path(), "events").await;
    direct.put_item(put("EXECUTION#a", "first")).await.unwrap();
    let key = GetItemInput::builder().table_name(TABLE).key("pk", text("EXECUTION#a")).key("sk", text("A"));
    let item = direct.get_item(key).await.unwrap().item.unwrap();
    assert_eq!(item["a"], text("first"));

    let absent = put("EXECUTION#a", "second").condition_expression("attribute_not_exists(pk)");
    let refused = direct.put_item(absent).await.unwrap_err();
    assert_eq!(code(&refused), "ConditionalCheckFailedException");
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = refused.as_service_error() else {
        panic!("{refused:?}")
    };
    assert_eq!(failed.item().unwrap()["a"], text("first"));

    let write = |pk: &str| {
        let write = Put::builder().table_name(TABLE).item("pk", text(pk)).item("sk", text("A"));
        let write = write.condition_expression("attribute_not_exists(pk)");
        let write =
            write.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().put(write.build().unwrap()).build()
    };
    let both = [write("EXECUTION#b"), write("EXECUTION#a")];
    let both = TransactWriteItemsInput::builder().set_transact_items(Some(both.to_vec()));
    let canceled = direct.transact_write_items(both).await.unwrap_err();
    let Some(TransactWriteItemsError::TransactionCanceledException(why)) = canceled.as_service_error() else {
        panic!("{canceled:?}")
    };
    let reasons = why.cancellation_reasons();
    assert_eq!(
        reasons.iter().map(|reason| reason.code().unwrap()).collect::<Vec<_>>(),
        ["None", "ConditionalCheckFailed"]
    );
    assert_eq!(reasons[1].item().unwrap()["a"], text("first"));

    for number in ["1", "2"] {
        let numbered = put("EXECUTION#c", number).item("sk", text(number));
        direct.put_item(numbered).await.unwrap();
    }
    let found = direct.query(query("pk = :pk", "EXECUTION#c").limit(1)).await.unwrap();
    let start = found.last_evaluated_key.clone();
    assert_eq!((found.items().len(), start.as_ref().unwrap()["sk"].clone()), (1, text("1")));
    let rest = query("pk = :pk", "EXECUTION#c").set_exclusive_start_key(start);
    assert_eq!(direct.query(rest).await.unwrap().items()[0]["a"], text("2"));
    let invalid = direct.query(query("pk = :pk AND :pk", "EXECUTION#c")).await.unwrap_err();
    assert_eq!(code(&invalid), "AccessDeniedException", "{invalid:?}");
}

#[tokio::test]
async fn a_function_does_no_more_than_its_role_allows() {
    let folder = tempfile::tempdir().unwrap();
    let direct = direct(folder.path(), "webhooks").await;
    direct.put_item(put("EXECUTION#a", "mine")).await.unwrap();
    let refused = direct.put_item(put("PERSON#ada", "theirs")).await.unwrap_err();
    assert_eq!(code(&refused), "AccessDeniedException");
    let refused = direct.update_item(update("PERSON#ada")).await.unwrap_err();
    assert_eq!(code(&refused), "AccessDeniedException");
    let theirs = Put::builder().table_name(TABLE).item("pk", text("PERSON#ada")).item("sk", text("A"));
    let mine = Put::builder().table_name(TABLE).item("pk", text("EXECUTION#b")).item("sk", text("A"));
    let both = [mine, theirs].map(|put| TransactWriteItem::builder().put(put.build().unwrap()).build());
    let both = TransactWriteItemsInput::builder().set_transact_items(Some(both.to_vec()));
    assert_eq!(code(&direct.transact_write_items(both).await.unwrap_err()), "AccessDeniedException");
    for condition in ["pk = :pk", "(pk = :pk)"] {
        let refused = direct.query(query(condition, "SESSION#a")).await.unwrap_err();
        assert_eq!(code(&refused), "AccessDeniedException", "{condition}");
    }
    // A query that is not understood is not asked.
    let refused = direct.query(query("pk = :pk OR pk = :pk", "EXECUTION#a")).await.unwrap_err();
    assert_eq!(code(&refused), "AccessDeniedException");
    let elsewhere = [("pk".to_owned(), text("PERSON#ada")), ("sk".to_owned(), text("A"))];
    let elsewhere = query("pk = :pk", "EXECUTION#a").set_exclusive_start_key(Some(elsewhere.into()));
    assert_eq!(code(&direct.query(elsewhere).await.unwrap_err()), "AccessDeniedException");
    let legacy = put("EXECUTION#a", "x").conditional_operator("AND".into());
    assert_eq!(code(&direct.put_item(legacy).await.unwrap_err()), "AccessDeniedException");
    let all = direct
        .table
        .perform(
            "GetItem".into(),
            json!({
                "TableName": TABLE, "Key": {"pk": {"S": "PERSON#ada"}, "sk": {"S": "A"}}
            })
            .to_string()
            .into(),
        )
        .await
        .unwrap();
    assert_eq!(all, "{}");
}

#[tokio::test]
async fn a_failure_of_the_database_is_not_the_last_word_but_an_answer_is() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    fn try_number(_: &Database, number: u32) -> Result<u32, DynoxideError> {
        match (number, TRIES.fetch_add(1, Ordering::Relaxed) + 1) {
            (0, _) => Err(DynoxideError::ValidationException("empty".to_owned())),
            (number, tries) if tries == number => Ok(tries),
            _ => Err(DynoxideError::InternalServerError("database is locked".to_owned())),
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let direct = direct(folder.path(), "events").await;
    for (number, answer, tries) in [(0, None, 1), (1, Some(1), 1), (3, Some(3), 3), (4, None, 3)] {
        TRIES.store(0, Ordering::Relaxed);
        let asked = direct.perform("GetItem", Use::Reads, || Ok(number), try_number);
        assert_eq!((asked.await.ok(), TRIES.load(Ordering::Relaxed)), (answer, tries), "{number}");
    }
}
