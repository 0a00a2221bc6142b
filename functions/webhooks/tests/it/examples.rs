//! GitHub's own example deliveries, from the npm package `@octokit/webhooks-examples`.

use crate::world::{World, configuration, routes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Every example is routed or ignored as the snapshot says, and none of them breaks anything. The environment variable
/// `TICKETSMITH_WEBHOOK_EXAMPLES` names the package's `api.github.com/index.json`.
#[tokio::test]
async fn githubs_own_examples_are_routed_or_ignored() {
    let path = test_inputs::installed("routing GitHub's example deliveries", "TICKETSMITH_WEBHOOK_EXAMPLES");
    let Some(path) = path else { return };
    let events: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut configuration = configuration();
    // The examples are about this repository.
    configuration.projects[1].repository = "Codertocat/Hello-World".parse().unwrap();
    let world = World::with(configuration, routes()).await;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut total = 0;
    for event in &events {
        let name = event["name"].as_str().unwrap();
        for (index, payload) in event["examples"].as_array().unwrap().iter().enumerate() {
            let (status, answer) = world.github(name, &format!("{name}-{index}"), payload).await;
            assert_eq!(status, 200, "{name} {index}: {answer}");
            let result = &answer["results"][0];
            let said = result["reason"].as_str().or(result["workflow"].as_str()).unwrap_or_default();
            let action = payload["action"].as_str().unwrap_or("-");
            let line = format!("{name} {action}: {} {said}", result["result"].as_str().unwrap());
            *seen.entry(line.trim_end().to_owned()).or_default() += 1;
            total += 1;
        }
    }
    let mut summary = format!("{total} deliveries\n");
    for (line, times) in seen {
        writeln!(summary, "{times} × {line}").unwrap();
    }
    insta::assert_snapshot!(summary);
}
