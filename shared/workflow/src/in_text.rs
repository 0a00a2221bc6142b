//! The syntax inside text.

use crate::types::{Kind, Type};

/// Why a value cannot be inside text, and what to do.
pub(crate) fn not_for_text(kind: &Type) -> Option<(String, String)> {
    match &kind.kind {
        Kind::Object(_) => {
            let names = kind.field_names();
            let help = match names.first() {
                Some(field) => format!("name one of its fields, as in `.{field}`: {}", names.join(", ")),
                None => "use `$string(…)` for its JSON".to_owned(),
            };
            Some((format!("{} cannot be part of a text", capitalized(&kind.to_string())), help))
        }
        Kind::Stored(what) => Some((
            format!("a stored `{what}` cannot be part of a text"),
            "it travels by reference: pass it whole to the step that needs it".to_owned(),
        )),
        _ => None,
    }
}

/// The text with its first letter large.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + characters.as_str())
}
