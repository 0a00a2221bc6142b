//! The dependency rules of `ARCHITECTURE.md`, read from the manifests.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which of our crates each crate may depend on, directly, outside its tests.
const ALLOWED: &[(&str, &[&str])] = &[
    ("control", &["domain", "records"]),
    ("domain", &[]),
    ("workflow", &["domain"]),
    ("edits", &["domain"]),
    ("http-client", &["domain"]),
    ("sign-in", &["domain", "records"]),
    ("observability", &["domain"]),
    ("records", &["domain"]),
    ("runtime", &["domain", "observability", "records"]),
    ("sandbox", &["domain"]),
    ("pace", &["domain", "http-client", "observability", "records"]),
    ("provider", &["domain", "http-client"]),
    ("aws-account", &["domain", "http-client"]),
    ("provider-bedrock", &["aws-account", "domain", "http-client", "provider"]),
    ("provider-claude", &["domain", "http-client", "provider"]),
    ("provider-cloudwatch", &["aws-account", "domain", "http-client", "provider"]),
    ("provider-confluence", &["domain", "http-client", "provider"]),
    ("provider-discord", &["domain", "http-client", "provider"]),
    ("provider-github", &["domain", "edits", "http-client", "provider"]),
    ("provider-gitlab", &["domain", "edits", "http-client", "provider"]),
    ("provider-jira", &["domain", "http-client", "provider"]),
    ("provider-linear", &["domain", "http-client", "provider"]),
    ("provider-notion", &["domain", "http-client", "provider"]),
    ("provider-openai", &["domain", "http-client", "provider"]),
    ("provider-prometheus", &["domain", "http-client", "provider"]),
    ("provider-slack", &["domain", "http-client", "provider"]),
    ("provider-testing", &["domain", "http-client", "simulators", "test-inputs"]),
    (
        "providers",
        &[
            "domain",
            "http-client",
            "pace",
            "provider",
            "provider-bedrock",
            "provider-claude",
            "provider-cloudwatch",
            "provider-confluence",
            "provider-discord",
            "provider-github",
            "provider-gitlab",
            "provider-jira",
            "provider-linear",
            "provider-notion",
            "provider-openai",
            "provider-prometheus",
            "provider-slack",
            "records",
            "runtime",
        ],
    ),
    ("engine", &["domain", "workflow"]),
    ("evidence", &["domain"]),
    ("workflow-test", &["domain", "engine", "workflow"]),
    ("workflow-tools", &["domain", "workflow"]),
    ("simulators", &[]),
    ("webhooks", &["control", "domain", "observability", "records", "runtime"]),
    (
        "actions",
        &["control", "domain", "edits", "http-client", "observability", "providers", "records", "runtime"],
    ),
    ("api", &["control", "domain", "edits", "http-client", "providers", "records", "runtime", "sign-in"]),
    (
        "events",
        &[
            "aws-account",
            "control",
            "domain",
            "evidence",
            "http-client",
            "observability",
            "providers",
            "records",
            "runtime",
        ],
    ),
    (
        "ticketsmith",
        &[
            "actions",
            "api",
            "control",
            "domain",
            "edits",
            "engine",
            "events",
            "evidence",
            "http-client",
            "sign-in",
            "observability",
            "providers",
            "records",
            "runtime",
            "sandbox",
            "simulators",
            "webhooks",
            "workflow",
            "workflow-test",
            "workflow-tools",
        ],
    ),
    ("test-inputs", &[]),
    ("tests", &[]),
    (
        "benches",
        &[
            "actions",
            "domain",
            "edits",
            "engine",
            "records",
            "runtime",
            "simulators",
            "test-inputs",
            "webhooks",
            "workflow",
        ],
    ),
];

/// Crates that neither `domain` nor `edits` nor `workflow` may reach, even through others.
const NO_INPUT_OUTPUT: &[&str] =
    &["tokio", "reqwest", "hyper", "axum", "aws-config", "aws-sdk-dynamodb", "aws-sdk-sfn"];

struct Graph {
    ours: BTreeSet<String>,
    direct: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline", "--locked"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let names: BTreeMap<&str, &str> = metadata["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
            .collect();
        let ours = metadata["workspace_members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| names[id.as_str().unwrap()].to_owned())
            .collect();
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let dependencies = direct.entry(names[node["id"].as_str().unwrap()].to_owned()).or_default();
            for dependency in node["deps"].as_array().unwrap() {
                let normal =
                    dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
                if normal {
                    dependencies.insert(names[dependency["pkg"].as_str().unwrap()].to_owned());
                }
            }
        }
        Self { ours, direct }
    }

    fn reachable(&self, from: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut next = vec![from.to_owned()];
        while let Some(name) = next.pop() {
            for dependency in self.direct.get(&name).into_iter().flatten() {
                if seen.insert(dependency.clone()) {
                    next.push(dependency.clone());
                }
            }
        }
        seen
    }
}

#[test]
fn our_crates_depend_only_downwards() {
    let graph = Graph::read();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut broken = Vec::new();
    for name in &graph.ours {
        let Some(allowed) = allowed.get(name.as_str()) else {
            broken.push(format!("{name} is not in the table of allowed dependencies"));
            continue;
        };
        for dependency in graph.direct[name].iter().filter(|dependency| graph.ours.contains(*dependency)) {
            if !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn domain_edits_and_workflow_do_no_input_or_output() {
    let graph = Graph::read();
    for name in ["domain", "edits", "workflow"] {
        let reachable = graph.reachable(name);
        let forbidden: Vec<_> =
            NO_INPUT_OUTPUT.iter().filter(|crate_name| reachable.contains(**crate_name)).collect();
        assert!(forbidden.is_empty(), "{name} reaches {forbidden:?}");
    }
}

#[test]
fn the_webhook_function_holds_no_provider_client() {
    let reachable = Graph::read().reachable("webhooks");
    let forbidden: Vec<_> = reachable
        .iter()
        .filter(|name| {
            name.starts_with("provider-")
                || matches!(name.as_str(), "http-client" | "simulators" | "genai-prices")
        })
        .collect();
    assert!(forbidden.is_empty(), "webhooks reaches {forbidden:?}");
}

#[test]
fn no_function_sees_the_simulators() {
    let graph = Graph::read();
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions")).unwrap();
    let crates: Vec<_> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(crates.iter().any(|name| name == "webhooks"), "{crates:?}");
    for name in &crates {
        assert!(!graph.reachable(name).contains("simulators"), "{name} reaches the simulators");
    }
}

/// What only `shared/control` may do, as it is written in Rust: record that an execution begins, and start its state machine.
const CONTROL_ALONE: [&str; 2] = [".start_execution()", "table.begin("];

#[test]
fn only_control_starts_executions() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut found = BTreeSet::new();
    for folder in ["cli/src", "functions", "shared"] {
        for path in rust_files(&root.join(folder)) {
            let path = path.strip_prefix(root).unwrap();
            let is_test = path.components().any(|part| part.as_os_str() == "tests");
            let text = std::fs::read_to_string(root.join(path)).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            if !is_test && CONTROL_ALONE.iter().any(|call| code.contains(call)) {
                found.insert(path.display().to_string());
            }
        }
    }
    assert_eq!(found, BTreeSet::from(["shared/control/src/start.rs".to_owned()]));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(rust_files(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
    files
}
