//! `statemachines/functions.json`: what packages and infrastructure code need to know about every function, generated from the
//! functions' specifications.

use crate::functions;
use domain::{Bundle, PluginType};
use records::Partition;
use runtime::{FunctionSpec, SecretUse, SocketUse, Source, StepFunctionsOperation};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use workflow::function_placeholder;

/// The document's file name, next to the compiled workflows.
pub(crate) const FUNCTIONS: &str = "functions.json";

/// The secrets of a stage, and every function by its name: which executable it is and with which handler, its memory in megabytes
/// and timeout in seconds, the plugin types it uses, the secrets it reads, whether it signs evidence, the partitions of the table it reads and writes, its Step Functions operations,
/// its relation to sockets, and what invokes it.
pub(crate) fn functions_document() -> String {
    let functions: Map<String, Value> =
        functions::all().iter().map(|function| (function.name.to_owned(), entry(function))).collect();
    format!("{:#}\n", json!({ "secrets": Bundle::ALL.map(Bundle::as_str), "functions": functions }))
}

fn entry(function: &FunctionSpec) -> Value {
    let bundles: BTreeSet<Bundle> = function.secrets.iter().copied().filter_map(bundle).collect();
    let plugins: BTreeSet<PluginType> = function.secrets.iter().copied().filter_map(plugin).collect();
    let operations = |on_executions: bool| {
        let operations = function.step_functions.iter().copied();
        let granted = operations.filter(|operation| operation.is_on_executions() == on_executions);
        granted.map(StepFunctionsOperation::as_str).collect::<BTreeSet<_>>()
    };
    json!({
        "executable": function.executable,
        "handler": function.handler,
        "memory_megabytes": function.memory_megabytes,
        "timeout_seconds": function.timeout_seconds,
        "plugins": plugins.into_iter().map(PluginType::as_str).collect::<Vec<_>>(),
        "secrets": bundles.into_iter().map(Bundle::as_str).collect::<Vec<_>>(),
        "signs_evidence": function.signs_evidence(),
        "reads": names(&function.access.reads),
        "writes": names(&function.access.writes),
        "lists": function.access.lists.iter().map(|listing| listing.pattern()).collect::<Vec<_>>(),
        "state_machine_operations": operations(false),
        "execution_operations": operations(true),
        "in_network": function.in_network,
        "sockets": function.sockets.map(SocketUse::as_str),
        "sources": function.sources.iter().map(|one| source(function, *one)).collect::<Vec<_>>(),
    })
}

fn plugin(secret: SecretUse) -> Option<PluginType> {
    match secret {
        SecretUse::Credentials(plugin) => Some(plugin),
        SecretUse::Signing | SecretUse::SignIn | SecretUse::EvidenceKey => None,
    }
}

fn bundle(secret: SecretUse) -> Option<Bundle> {
    match secret {
        SecretUse::Signing => Some(Bundle::Signing),
        SecretUse::Credentials(plugin) => Bundle::of(plugin),
        SecretUse::SignIn => Some(Bundle::SignIn),
        // The key is used, not read like a secret.
        SecretUse::EvidenceKey => None,
    }
}

fn source(function: &FunctionSpec, source: Source) -> Value {
    match source {
        Source::Http { method, path } => json!({ "type": "http", "method": method, "path": path }),
        Source::Api { path } => json!({ "type": "api", "path": path }),
        Source::TableStream { items, collected_seconds } => {
            let items: Vec<_> = items
                .iter()
                .map(|items| json!({ "partition": items.partition.as_str(), "sort_keys": items.sort_keys }))
                .collect();
            json!({ "type": "table_stream", "items": items, "collected_seconds": collected_seconds })
        }
        Source::StatusChanges => json!({ "type": "status_changes" }),
        Source::EveryMinute { document } => {
            // Invalid JSON becomes a string, which a test rejects.
            let document = serde_json::from_str(document).unwrap_or_else(|_| json!(document));
            json!({ "type": "every_minute", "document": document })
        }
        Source::Schedules => json!({ "type": "schedules" }),
        Source::Sockets => json!({ "type": "sockets" }),
        Source::Steps => json!({ "type": "steps", "placeholder": function_placeholder(function.name) }),
    }
}

fn names<'a>(partitions: impl IntoIterator<Item = &'a Partition>) -> Vec<&'static str> {
    partitions.into_iter().map(|partition| partition.as_str()).collect()
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
            // What serves the API claims tickets for the work that people ask for.
            let serves_api = function["sources"][0]["type"] == "api";
            if function["secrets"] == json!([]) {
                assert!((!has("TASK") || serves_api) && !has("PERSON"), "{name}");
            }
            assert!(!has("DOCUMENT"), "{name}");
            let parks = actions::actions::find(name).is_ok_and(|action| action.spec.parks);
            let is_told = serves_api || name == "webhooks" || name == "events";
            assert_eq!(has("WAITER"), parks || is_told, "{name}");
        }
    }

    #[test]
    fn only_what_starts_executions_asks_anything_of_step_functions() {
        for function in functions::all() {
            let starts = function.step_functions.contains(&StepFunctionsOperation::StartExecution);
            let only_answers =
                function.is_invoked_by(Source::Steps) || function.is_invoked_by(Source::Sockets);
            assert_eq!(starts, !only_answers, "{}", function.name);
            assert_eq!(starts, !function.step_functions.is_empty(), "{}", function.name);
        }
    }
}
