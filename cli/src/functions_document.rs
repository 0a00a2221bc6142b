//! `statemachines/functions.json`: what infrastructure code must know of every function, made from the functions' own code.

use crate::account::Bundle;
use domain::{ActionName, PluginType};
use records::{Access, Partition};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The document's name beside the compiled workflows.
pub(crate) const FUNCTIONS: &str = "functions.json";

/// The secrets of a stage, and every function by its name: which executable it is and with which handler, its memory in megabytes
/// and timeout in seconds, which secrets it reads, and which partitions of the table it reads and writes.
pub(crate) fn functions_document() -> String {
    let mut functions = Map::new();
    functions.insert(
        "webhooks".to_owned(),
        // HTTP APIs wait for half a minute at most.
        entry("webhooks", "bootstrap", [256, 29], &[Bundle::Signing].into(), &webhooks::access()),
    );
    functions.insert(
        "events".to_owned(),
        entry("events", "bootstrap", [256, 120], &bundles(events::CREDENTIALS), &events::access()),
    );
    for action in ActionName::ALL {
        use actions::catalog;
        let limits = [catalog::memory_megabytes(*action), catalog::timeout_seconds(*action)];
        let secrets = bundles(catalog::credentials(*action));
        let mut function = entry("actions", action.as_str(), limits, &secrets, &catalog::access(*action));
        function["placeholder"] = json!(format!("{}FunctionArn", action.pascal()));
        functions.insert(action.as_str().to_owned(), function);
    }
    format!("{:#}\n", json!({ "secrets": Bundle::ALL.map(Bundle::as_str), "functions": functions }))
}

fn bundles(credentials: &[PluginType]) -> BTreeSet<Bundle> {
    credentials.iter().filter_map(|plugin| Bundle::of(*plugin)).collect()
}

fn entry(
    executable: &str,
    handler: &str,
    [memory_megabytes, timeout_seconds]: [u32; 2],
    secrets: &BTreeSet<Bundle>,
    access: &Access,
) -> Value {
    let names = |partitions: &BTreeSet<Partition>| {
        partitions.iter().map(|partition| partition.as_str()).collect::<Vec<_>>()
    };
    json!({
        "executable": executable,
        "handler": handler,
        "memory_megabytes": memory_megabytes,
        "timeout_seconds": timeout_seconds,
        "secrets": secrets.iter().map(|bundle| bundle.as_str()).collect::<Vec<_>>(),
        "reads": names(&access.reads),
        "writes": names(&access.writes),
        "lists_open_executions": access.lists_open_executions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_functions_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachines/functions.json");
        let fresh = functions_document();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == fresh, "statemachines/functions.json is stale: run ./check generate");
    }

    #[test]
    fn functions_without_secrets_write_no_budget() {
        let document: Value = serde_json::from_str(&functions_document()).unwrap();
        for (name, function) in document["functions"].as_object().unwrap() {
            let writes = function["writes"].as_array().unwrap();
            let has = |partition: &str| writes.contains(&json!(partition));
            if function["secrets"] == json!([]) {
                assert!(!has("TASK") && !has("PERSON"), "{name}");
            }
            assert!(!has("DOCUMENT"), "{name}");
            let parks = name.parse::<ActionName>().is_ok_and(ActionName::parks);
            assert_eq!(has("WAITER"), parks || name == "webhooks" || name == "events", "{name}");
        }
    }
}
