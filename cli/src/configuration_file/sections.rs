//! Checks of values under `plugins` that only their providers can do.

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
