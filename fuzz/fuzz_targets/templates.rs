//! Any text is compiled where a step of a workflow takes a template.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workflow::{Catalog, Environment, Source, compile};

thread_local! {
    static CATALOG: Catalog = Catalog::from_json(include_str!("../catalog.json")).unwrap();
}

fuzz_target!(|template: &str| {
    // JSON is YAML, so this quotes the template whatever it holds.
    let workflow = serde_json::json!({
        "name": "Any",
        "steps": [{
            "name": "fetch",
            "plugin": "task_management",
            "action": "get_task",
            "inputs": { "task_id": template },
        }],
    });
    let source = Source::new("workflows/any.yaml", workflow.to_string());
    CATALOG.with(|catalog| {
        compile(&source, catalog, &Environment::default());
    });
});
