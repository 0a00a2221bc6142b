//! Answers for a model: texts of bounded size.

use super::end::ToolEnd;
use crate::workspace::Refusal;
use domain::ActionError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// No answer is longer, in characters.
pub const MOST_CHARACTERS: usize = 20_000;

/// An answer to a call that was performed.
pub(super) fn told(text: impl Into<String>) -> Result<ToolEnd, Refusal> {
    Ok(ToolEnd::Result { text: text.into(), is_error: false })
}

/// Reads an input that fits its parameters.
pub(super) fn read<T: DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|error| {
        ActionError::internal(format!("a tool's input differs from its parameters: {error}")).into()
    })
}

/// Cuts an answer that is too long, and says so.
pub(super) fn within_limit(text: String) -> String {
    const NOTE: &str = "\n… (cut)";
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => text,
        Some(_) => {
            let kept = MOST_CHARACTERS - NOTE.len();
            text.chars().take(kept).chain(NOTE.chars()).collect()
        }
    }
}

/// A model's text inside one of our sentences: on one line, in quotes, and cut to 200 characters.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 200;
    let escaped: String = text.chars().take(MOST).map(escape).collect();
    let end = if text.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("`{escaped}{end}`")
}

/// A path on its own line: control characters are escaped, so that no file's name looks like another line.
pub(super) fn path_line(path: &str) -> String {
    path.chars().map(escape).collect()
}

fn escape(character: char) -> String {
    if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
        character.escape_unicode().to_string()
    } else {
        character.to_string()
    }
}
