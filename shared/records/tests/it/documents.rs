//! Documents and stored values come back as they went in.

use super::*;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::configuration::Configuration;
use domain::stored::Stored;
use domain::{AgentDefinition, References};
use jiff::SignedDuration;
use records::RecordsError;
use std::collections::BTreeMap;

fn configuration(project: &str) -> Configuration {
    serde_json::from_value(json!({
        "projects": [{"key": project, "repository": "acme/shop", "providers": {"task_management": "jira"}}],
        "plugins": {"jira": {"base_url": "https://acme.atlassian.net", "rate_limit": "2/s"}}
    }))
    .unwrap()
}

#[tokio::test]
async fn a_configuration_is_seen_at_once_here_and_within_a_minute_elsewhere() {
    let client = client().await;
    let here = Table::new(client.clone(), "ticketsmith");
    here.create_table().await.unwrap();
    let elsewhere = Table::new(client, "ticketsmith");
    let missing = here.configuration(start()).await.unwrap_err();
    assert!(matches!(missing, RecordsError::Missing(_)), "{missing}");

    assert_eq!(here.put_configuration(&configuration("SHOP")).await.unwrap(), 1);
    assert_eq!(*elsewhere.configuration(start()).await.unwrap(), configuration("SHOP"));
    assert_eq!(here.put_configuration(&configuration("SHOP")).await.unwrap(), 1);
    assert_eq!(here.put_configuration(&configuration("TOOLS")).await.unwrap(), 2);
    assert_eq!(*here.configuration(start()).await.unwrap(), configuration("TOOLS"));
    let before = start() + SignedDuration::from_secs(59);
    assert_eq!(*elsewhere.configuration(before).await.unwrap(), configuration("SHOP"));
    let after = start() + SignedDuration::from_secs(60);
    assert_eq!(*elsewhere.configuration(after).await.unwrap(), configuration("TOOLS"));
}

#[tokio::test]
async fn the_newest_hundred_versions_are_kept() {
    let (table, client) = table_and_client().await;
    for number in 1..=103 {
        let version = table.put_configuration(&configuration(&format!("P{number}"))).await.unwrap();
        assert_eq!(version, number);
    }
    let query = client.query().table_name("ticketsmith").key_condition_expression("pk = :pk");
    let document = AttributeValue::S("DOCUMENT#configuration".into());
    let found = query.expression_attribute_values(":pk", document).send().await.unwrap();
    let keys: Vec<_> = found.items().iter().map(|item| item["sk"].as_s().unwrap().as_str()).collect();
    assert_eq!((keys.len(), keys[0]), (101, "CURRENT"));
    assert_eq!((keys[1], keys[100]), ("VERSION#0000000004", "VERSION#0000000103"));
    assert_eq!(*table.configuration(start()).await.unwrap(), configuration("P103"));
}

#[tokio::test]
async fn routes_prompts_and_agents_are_documents_too() {
    let table = table().await;
    let routes = serde_json::from_value(json!({"workflows": {"development": {
        "title": "Development", "inputs": {}, "triggers": [{"on": "jira.labelled"}]
    }}}))
    .unwrap();
    table.put_routes(&routes).await.unwrap();
    assert_eq!(*table.routes(start()).await.unwrap(), routes);
    // Half a megabyte of text that compresses fits.
    let prompts = BTreeMap::from([("prompts/plan.md".to_owned(), "Plan the work. ".repeat(40_000))]);
    table.put_prompts(&prompts).await.unwrap();
    assert_eq!(*table.prompts(start()).await.unwrap(), prompts);
    let agents = BTreeMap::from([("reviewer".to_owned(), AgentDefinition::named("reviewer"))]);
    table.put_agents(&agents).await.unwrap();
    assert_eq!(*table.agents(start()).await.unwrap(), agents);
    let noise = BTreeMap::from([("noise".to_owned(), noise(600_000))]);
    let error = table.put_prompts(&noise).await.unwrap_err();
    assert!(matches!(error, RecordsError::Invalid(_)), "{error}");
}

#[tokio::test]
async fn references_follow_the_configuration_and_may_be_absent() {
    let table = table().await;
    assert_eq!(*table.references_of_file(start()).await.unwrap(), References::default());
    let references: References = serde_json::from_value(json!({
        "trackers": [{"instance": "jira", "patterns": ["{PROJECT}-{number}"]}],
        "projects": [{"names": ["SHOP"], "trackers": ["jira"]}]
    }))
    .unwrap();
    table.put_references(&references).await.unwrap();
    assert_eq!(table.references_of_file(start()).await.unwrap().canonical("shop-01"), "SHOP-1");
}

/// Text that hardly compresses, always the same.
pub(super) fn noise(length: usize) -> String {
    let mut state: u64 = 42;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_value_of_many_chunks_comes_back_whole() {
    let table = table().await;
    let value = vec![noise(900_000), "ä".into()];
    let stored = table.store("jira-SHOP-1-ab", &value, start()).await.unwrap();
    assert!(stored.bytes > 900_000);
    assert_eq!(table.load(&stored).await.unwrap(), value);
    assert_eq!(table.store("jira-SHOP-1-ab", &value, start()).await.unwrap(), stored);
    let small = table.store("jira-SHOP-1-ab", &vec![String::new()], start()).await.unwrap();
    assert_eq!(table.load(&small).await.unwrap(), [""]);
}

#[tokio::test]
async fn a_value_that_is_not_the_one_stored_is_refused() {
    let table = table().await;
    let value = "the plan".to_owned();
    let stored = table.store("e", &value, start()).await.unwrap();
    let forged: Stored<String> = Stored::new(&stored.reference, stored.bytes, "0".repeat(64));
    assert!(matches!(table.load(&forged).await, Err(RecordsError::Corrupt(_))));
    for bytes in [stored.bytes - 1, stored.bytes + 1, 0] {
        let wrong: Stored<String> = Stored::new(&stored.reference, bytes, &stored.sha256);
        assert!(matches!(table.load(&wrong).await, Err(RecordsError::Corrupt(_))), "{bytes}");
    }
    let other: Stored<u64> = Stored::new(&stored.reference, stored.bytes, &stored.sha256);
    assert!(matches!(table.load(&other).await, Err(RecordsError::Corrupt(_))));
    let nowhere: Stored<String> = Stored::new("nowhere", 1, "0");
    assert!(matches!(table.load(&nowhere).await, Err(RecordsError::Missing(_))));
}
