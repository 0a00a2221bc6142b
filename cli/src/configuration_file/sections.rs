//! Checks of values under `plugins` that only their providers can do, and of secrets in the wrong places.

use super::shape::{Shape, inside};
use domain::configuration::Problem;
use serde_json::Value;
use workflow::Document;

/// A section's own settings have the types that its provider says.
pub(super) fn read_texts_of_sections(value: &mut Value, document: &Document<'_>) {
    let Some(sections) = value.get_mut("plugins").and_then(Value::as_object_mut) else { return };
    for (name, section) in sections {
        let provider = section.get("provider").and_then(Value::as_str).unwrap_or(name);
        let Ok(spec) = providers::find(provider) else { continue };
        let schema = spec.settings.schema().to_value();
        Shape::new(&schema).read_texts(section, document, &inside("/plugins", name));
    }
}

/// Checks the values of each section's own settings; the list of providers checks the rest.
pub(super) fn check_sections(value: &mut Value, document: &Document<'_>, problems: &mut Vec<Problem>) {
    let Some(sections) = value.get_mut("plugins").and_then(Value::as_object_mut) else { return };
    for (name, section) in sections {
        let provider = section.get("provider").and_then(Value::as_str).unwrap_or(name);
        let Ok(spec) = providers::find(provider) else { continue };
        let schema = spec.settings.schema().to_value();
        Shape::new(&schema).check_named(section, document, &inside("/plugins", name), problems);
    }
}

/// Finds secrets in place of their names, or anywhere else. Errors do not repeat them.
pub(super) fn secrets(value: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) => {
            if let Some(found) = edits::secrets_in(text).first() {
                let message = format!(
                    "this looks like {}, and the configuration only names secrets; put it where `ticketsmith secrets set` keeps it, \
                     and revoke it if others could read this file",
                    found.what
                );
                problems.push(Problem { pointer: pointer.to_owned(), message });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                secrets(item, &format!("{pointer}/{index}"), problems);
            }
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                secrets(entry, &inside(pointer, key), problems);
            }
        }
        _ => {}
    }
}
