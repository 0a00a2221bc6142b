//! The audit: pages by day and by person, one chain whoever writes, and every change of it is found.

use crate::{at, table_and_client};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use records::{AUDIT_CHAINS, AuditKind, AuditLine, AuditRecord, AuditVerifier, Table};
use std::collections::{BTreeSet, HashMap};

type Item = HashMap<String, AttributeValue>;

const NOON: &str = "2026-11-29T12:00:00Z";

fn record(id: &str, at: Timestamp, who: &str) -> AuditRecord {
    AuditRecord {
        id: id.to_owned(),
        kind: AuditKind::Request,
        at,
        who: who.to_owned(),
        by: "link".to_owned(),
        what: "POST /api/v1/tokens".to_owned(),
        about: None,
        whence: None,
        status: None,
    }
}

async fn lines(table: &Table, days: &[&str]) -> Vec<AuditLine> {
    let mut lines = Vec::new();
    for day in days {
        let mut after = None;
        loop {
            let (page, next) = table.audit_lines(day, after.as_deref(), 3).await.unwrap();
            lines.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    lines
}

async fn verify(table: &Table, now: Timestamp) -> Result<usize, Vec<String>> {
    let mut verifier = AuditVerifier::new(table.audit_heads().await.unwrap());
    for line in lines(table, &["2025-10-01", "2026-11-29", "2026-11-30"]).await {
        verifier.take(&line);
    }
    verifier.finish(&table.audit_heads().await.unwrap(), now).map(|verified| verified.records)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_read_newest_first_in_pages_and_answers_are_shown_with_their_requests() {
    let (table, _client) = table_and_client().await;
    let start = at("2026-11-29T23:59:55Z");
    for second in 0..7 {
        let record = record(&format!("r{second}"), start + SignedDuration::from_secs(second), "ada");
        table.begin_audit(&record).await.unwrap();
        assert!(table.begin_audit(&record).await.is_err());
        if second > 0 {
            table.end_audit(&record, 201).await.unwrap();
        }
    }
    table.audit(&record("b1", start, "bob")).await.unwrap();
    for limit in 1..4 {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = table.audit_of("2026-11-29", before.as_deref(), limit).await.unwrap();
            assert!(page.records.len() <= limit);
            seen.extend(page.records.into_iter().map(|record| (record.id, record.status)));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let expected = [
            ("r4", Some(201)),
            ("r3", Some(201)),
            ("r2", Some(201)),
            ("r1", Some(201)),
            ("r0", None),
            ("b1", None),
        ];
        assert_eq!(seen, expected.map(|(id, status)| (id.to_owned(), status)), "{limit}");
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = table.audit_of_person("ada", before.as_deref(), limit).await.unwrap();
            seen.extend(page.records.into_iter().map(|record| (record.id, record.status)));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let mut expected: Vec<_> = (1..7).rev().map(|number| (format!("r{number}"), Some(201))).collect();
        expected.push(("r0".to_owned(), None));
        assert_eq!(seen, expected, "{limit}");
    }
    assert_eq!(table.audit_of("2026-11-30", None, 9).await.unwrap().records.len(), 2);
    assert_eq!(table.audit_of_person("eve", None, 9).await.unwrap().records.len(), 0);
    assert_eq!(verify(&table, at(NOON)).await, Ok(14));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_of_several_processes_keep_one_chain() {
    let (table, client) = table_and_client().await;
    // Each has separate turns, as in another process.
    let others: Vec<Table> = (0..4).map(|_| Table::new(client.clone(), "ticketsmith")).collect();
    let noon = at(NOON);
    let records: Vec<_> = (0..200).map(|number| record(&format!("r{number}"), noon, "ada")).collect();
    let written = records.iter().enumerate().map(|(number, record)| {
        let table = &others[number % others.len()];
        async move { table.audit(record).await }
    });
    for written in join_all(written).await {
        written.unwrap();
    }
    // Once more changes nothing.
    table.audit(&records[7]).await.unwrap();
    assert_eq!(verify(&table, noon).await, Ok(200));
    let heads = table.audit_heads().await.unwrap();
    assert_eq!(heads.len(), usize::from(AUDIT_CHAINS));
    assert_eq!(heads.iter().map(|head| head.sequence).sum::<u64>(), 200);
}

/// Everything of a partition, as it is kept.
async fn items(client: &Client, partition: &str) -> Vec<Item> {
    let query = client
        .query()
        .table_name("ticketsmith")
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
    query.send().await.unwrap().items.unwrap_or_default()
}

async fn put(client: &Client, item: Item) {
    client.put_item().table_name("ticketsmith").set_item(Some(item)).send().await.unwrap();
}

async fn delete(client: &Client, item: &Item) {
    let key = |name: &str| item[name].clone();
    let delete = client.delete_item().table_name("ticketsmith");
    delete.key("pk", key("pk")).key("sk", key("sk")).send().await.unwrap();
}

/// The text with one character changed.
fn flipped(text: &str, place: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    *bytes.get_mut(place)? ^= 0x01;
    String::from_utf8(bytes).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_removal_and_reorder_is_found() {
    let (table, client) = table_and_client().await;
    let noon = at(NOON);
    for number in 0..60 {
        let record = record(&format!("r{number}"), noon + SignedDuration::from_secs(number), "ada");
        table.begin_audit(&record).await.unwrap();
        table.end_audit(&record, 200).await.unwrap();
    }
    assert_eq!(verify(&table, noon).await, Ok(120));
    let all = items(&client, "AUDIT#2026-11-29").await;
    assert_eq!(all.len(), 120);

    // Every byte of the record, of its hash and of its place.
    let one = &all[7];
    for name in ["record", "hash", "sk"] {
        let text = one[name].as_s().unwrap();
        for place in 0..text.len() {
            let Some(changed) = flipped(text, place) else { continue };
            if name == "sk" && !changed.starts_with("AT#") {
                continue;
            }
            let mut item = one.clone();
            item.insert(name.to_owned(), AttributeValue::S(changed.clone()));
            if name == "sk" {
                delete(&client, one).await;
            }
            put(&client, item.clone()).await;
            assert!(verify(&table, noon).await.is_err(), "{name} {place}: {changed}");
            if name == "sk" {
                delete(&client, &item).await;
            }
            put(&client, one.clone()).await;
        }
    }
    let mut later = one.clone();
    later.insert("expires_at".to_owned(), AttributeValue::N("1".to_owned()));
    let mut more = one.clone();
    more.insert("note".to_owned(), AttributeValue::S("x".to_owned()));
    for changed in [later, more] {
        put(&client, changed).await;
        assert!(verify(&table, noon).await.is_err());
    }
    put(&client, one.clone()).await;
    assert_eq!(verify(&table, noon).await, Ok(120));

    // Each removal: of the first, of the last and of those between.
    for item in &all {
        delete(&client, item).await;
        let problems = verify(&table, noon).await.unwrap_err();
        assert!(problems.iter().any(|problem| problem.starts_with("chain ")), "{problems:?}");
        put(&client, item.clone()).await;
    }
    // All of them.
    for item in &all {
        delete(&client, item).await;
    }
    assert!(verify(&table, noon).await.is_err());
    for item in &all {
        put(&client, item.clone()).await;
    }

    // Two records change places: each has a right hash and is well-formed.
    let swapped = |a: &Item, b: &Item| {
        let mut item = a.clone();
        for name in ["record", "hash"] {
            item.insert(name.to_owned(), b[name].clone());
        }
        item
    };
    put(&client, swapped(&all[3], &all[5])).await;
    put(&client, swapped(&all[5], &all[3])).await;
    assert!(verify(&table, noon).await.is_err());
    for item in [&all[3], &all[5]] {
        put(&client, item.clone()).await;
    }

    // Where a chain is: set back, and forgotten.
    for chain in 0..AUDIT_CHAINS {
        let head = items(&client, &format!("AUDIT#CHAIN/{chain:02}")).await.remove(0);
        delete(&client, &head).await;
        assert!(verify(&table, noon).await.is_err(), "{chain}");
        let mut back = head.clone();
        let sequence: u64 = head["sequence"].as_n().unwrap().parse().unwrap();
        back.insert("sequence".to_owned(), AttributeValue::N((sequence - 1).to_string()));
        put(&client, back).await;
        assert!(verify(&table, noon).await.is_err(), "{chain}");
        put(&client, head).await;
    }
    assert_eq!(verify(&table, noon).await, Ok(120));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_may_be_gone_and_what_is_not_may_not() {
    let (table, client) = table_and_client().await;
    let (old, new) = (at("2025-10-01T00:00:00Z"), at(NOON));
    let chain_of = async |id: &str, at| {
        let before: BTreeSet<_> =
            table.audit_heads().await.unwrap().into_iter().map(|head| (head.chain, head.sequence)).collect();
        table.audit(&record(id, at, "ada")).await.unwrap();
        let after = table.audit_heads().await.unwrap();
        after.into_iter().find(|head| !before.contains(&(head.chain, head.sequence))).unwrap().chain
    };
    let first = chain_of("r0", old).await;
    let mut number = 0;
    loop {
        number += 1;
        if chain_of(&format!("n{number}"), new).await == first {
            break;
        }
    }
    let removed = items(&client, "AUDIT#2025-10-01").await.remove(0);
    delete(&client, &removed).await;
    assert!(verify(&table, new).await.is_ok());
    // What followed it is new.
    for removed in items(&client, "AUDIT#2026-11-29").await {
        delete(&client, &removed).await;
        assert!(verify(&table, new).await.is_err());
        put(&client, removed).await;
    }
    let soon = old + SignedDuration::from_hours(24 * 300);
    assert!(verify(&table, soon).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_outside_the_chains_is_found_unless_it_is_older_than_they_are() {
    let (table, client) = table_and_client().await;
    let noon = at(NOON);
    table.audit(&record("r0", noon, "ada")).await.unwrap();
    // As versions without chains wrote it.
    let earlier = |at: &str| {
        let texts = [
            ("pk", "AUDIT#2026-11-29".to_owned()),
            ("sk", format!("AT#{at}#e0")),
            ("id", "e0".to_owned()),
            ("at", at.to_owned()),
            ("who", "eve".to_owned()),
            ("by", "link".to_owned()),
            ("what", "POST /api/v1/tokens".to_owned()),
        ];
        texts.into_iter().map(|(name, text)| (name.to_owned(), AttributeValue::S(text))).collect::<Item>()
    };
    for (at, is_whole) in [
        ("2026-11-29T11:00:00.000000000Z", true),
        ("2026-11-29T13:30:00.000000000Z", false),
        ("2020-01-01T00:00:00.000000000Z", false),
        ("soon", false),
    ] {
        let item = earlier(at);
        put(&client, item.clone()).await;
        assert_eq!(verify(&table, noon).await.is_ok(), is_whole, "{at}");
        delete(&client, &item).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_by_person_that_lacks_records_is_found() {
    let (table, client) = table_and_client().await;
    let noon = at(NOON);
    for number in 0..5 {
        let record = record(&format!("r{number}"), noon + SignedDuration::from_secs(number), "ada");
        table.begin_audit(&record).await.unwrap();
        table.end_audit(&record, 200).await.unwrap();
    }
    let listed: BTreeSet<String> = table
        .audit_of_person("ada", None, 9)
        .await
        .unwrap()
        .records
        .into_iter()
        .map(|record| record.id)
        .collect();
    let verified = async |listed: &BTreeSet<String>, now| {
        let mut verifier = AuditVerifier::new(table.audit_heads().await.unwrap());
        for line in lines(&table, &["2026-11-29"]).await {
            verifier.take(&line);
        }
        assert_eq!(verifier.people(), ["ada"]);
        verifier.take_list_of("ada", listed, now);
        verifier.finish(&table.audit_heads().await.unwrap(), noon)
    };
    assert!(verified(&listed, noon).await.is_ok());
    let mut fewer = listed.clone();
    fewer.remove("r3");
    let problems = verified(&fewer, noon).await.unwrap_err();
    assert_eq!(problems, ["the list of what ada did lacks 1 of their records, such as r3"]);
    // One that is too old may be gone already.
    assert!(verified(&fewer, noon + SignedDuration::from_hours(24 * 400)).await.is_ok());
    // What cannot be read is told, and no list is asked for.
    let mut changed = items(&client, "AUDIT#2026-11-29").await.remove(0);
    changed.insert("hash".to_owned(), AttributeValue::S("x".to_owned()));
    put(&client, changed).await;
    let mut verifier = AuditVerifier::new(Vec::new());
    for line in lines(&table, &["2026-11-29"]).await {
        verifier.take(&line);
    }
    assert_eq!(verifier.people(), Vec::<String>::new());
}
