//! The catalog: what the compiler, the editors and the documentation know about every action, generated from the action's types.

use crate::action::ActionEntry;
use crate::actions;
use serde_json::{Value, json};

/// The catalog as JSON: for every action its plugin type, whether it changes something outside, its inverses,
/// whether people confirm a creation that cannot be found, how long its
/// function may run, other names for it, and the JSON Schemas of its input and output. It is committed as `schemas.json` next to
/// this package's manifest, which the compiler's tests and the editor schema read.
pub fn catalog() -> Value {
    let actions: serde_json::Map<String, Value> =
        actions::ALL.iter().map(|action| (action.spec.name.to_owned(), entry(action))).collect();
    json!({ "actions": actions })
}

fn entry(action: &ActionEntry) -> Value {
    let spec = &action.spec;
    json!({
        "plugin": spec.plugin,
        "aliases": spec.aliases,
        "effect": spec.has_effect(),
        "inverses": spec.inverses,
        "confirms": spec.confirms,
        "asks_model": spec.asks_model,
        "timeout_seconds": spec.timeout_seconds,
        "input": action.input_schema(),
        "output": action.output_schema(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_catalog_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas.json");
        let fresh = serde_json::to_string_pretty(&catalog()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == fresh, "functions/actions/schemas.json is stale: run ./check generate");
    }
}
