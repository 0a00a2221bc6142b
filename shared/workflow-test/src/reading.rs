//! From YAML to a test file, or to the mistakes in it.

use crate::file::TestFile;
use serde_json::Value;
use serde_saphyr::{Error, Location};
use workflow::{Diagnostic, Document, Source, exact_content};

/// The keys under which a test file has values of any type.
const FREE: [&str; 6] = ["inputs", "trigger", "result", "resume", "outputs", "cause"];

/// Reads a test file. The first mistake ends the reading.
///
/// # Errors
/// The mistake, with its place, what is accepted there and the nearest accepted name.
pub fn read(source: &Source) -> Result<TestFile, Box<Diagnostic>> {
    // What a workflow cannot contain, its tests cannot either.
    let content = exact_content(source);
    if let Err(found) = &content
        && let Some(mut first) = found.first().cloned()
    {
        if first.message == "the file is empty" {
            first.help = vec!["a test file needs at least `cases:`".to_owned()];
        }
        return Err(Box::new(first));
    }
    // `y` and `on` are texts, as in workflows.
    let options = serde_saphyr::options! { strict_booleans: true };
    let file = serde_saphyr::from_str_with_options(&source.text, options.clone())
        .map_err(|error| Box::new(diagnostic(source, &error)))?;
    let read = serde_saphyr::from_str_with_options::<Value>(&source.text, options);
    if let (Ok(content), Ok(read), Ok(document)) = (content, read, Document::read(source))
        && let Some(pointer) = misread(&content, &read, false)
    {
        let span = document.bytes(&pointer);
        let written = source.text.get(span.0..span.1).unwrap_or_default();
        let message = format!("`{written}` is text in a workflow, but looks like a number");
        let mut found = Diagnostic::error(source, span, message);
        found.help = vec!["put it in quotes".to_owned()];
        return Err(Box::new(found));
    }
    Ok(file)
}

/// The place, as a JSON Pointer, of the first text that was read as something else: `1_000`, which workflows do not take for a number.
fn misread(content: &Value, read: &Value, is_free: bool) -> Option<String> {
    match (content, read) {
        (Value::Object(fields), Value::Object(read)) => fields.iter().find_map(|(name, value)| {
            let inside = misread(value, read.get(name)?, is_free || FREE.contains(&name.as_str()))?;
            Some(format!("/{}{inside}", name.replace('~', "~0").replace('/', "~1")))
        }),
        (Value::Array(items), Value::Array(read)) => {
            let mut pairs = items.iter().zip(read).enumerate();
            pairs.find_map(|(at, (item, read))| Some(format!("/{at}{}", misread(item, read, is_free)?)))
        }
        (Value::String(_), read) if is_free && !read.is_string() => Some(String::new()),
        _ => None,
    }
}

fn diagnostic(source: &Source, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let span = error.location().map_or((0, 0), |location| bytes(&location));
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            Diagnostic::error(source, span, format!("unknown key `{field}`"))
                .with_accepted(field, expected.iter().copied())
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            Diagnostic::error(source, span, format!("`{variant}` is not accepted here"))
                .with_accepted(variant, expected.iter().copied())
        }
        Error::SerdeMissingField { field, .. } => {
            Diagnostic::error(source, span, format!("`{field}:` is missing here"))
        }
        Error::Message { msg, .. } => Diagnostic::error(source, span, msg.as_str()),
        other => Diagnostic::error(source, span, expectation(other)),
    }
}

/// What is accepted instead, in our words.
fn expectation(error: &Error) -> String {
    let expected = match error {
        Error::Unexpected { expected, .. } => match *expected {
            "sequence start" => "a list",
            "mapping start" => "a mapping",
            _ => "text",
        },
        Error::InvalidScalar { ty, .. } => match *ty {
            whole if whole.starts_with(['u', 'i']) => "a whole number from 0 up, and not too large",
            _ => "a number",
        },
        Error::InvalidBooleanStrict { .. } => "`true` or `false`",
        Error::NullIntoString { .. } => "text",
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => expected,
        other => {
            let message = other.to_string();
            let message = message.lines().next().unwrap_or_default();
            // The place is reported next to it.
            return message.split(" at line ").next().unwrap_or_default().to_owned();
        }
    };
    format!("this must be {expected}")
}

/// The bytes of a place.
pub(crate) fn bytes(location: &Location) -> (usize, usize) {
    let number = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok()).unwrap_or(0);
    let start = number(location.span().byte_offset());
    (start, start + number(location.span().byte_len()))
}

/// The bytes of the first `word:` at or after `from`, else of the first `word`, which is known to be there.
pub(crate) fn key_after(source: &Source, from: usize, word: &str) -> (usize, usize) {
    let rest = source.text.get(from..).unwrap_or_default();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let alone = |at: &usize| !rest[..*at].ends_with(is_word) && !rest[at + word.len()..].starts_with(is_word);
    let is_key = |at: &usize| rest[at + word.len()..].trim_start_matches(['"', '\'', ' ']).starts_with(':');
    let places: Vec<usize> = rest.match_indices(word).map(|(at, _)| at).filter(alone).collect();
    let found = places.iter().copied().find(is_key).or_else(|| places.first().copied());
    found.map_or((from, from), |at| (from + at, from + at + word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Diagnostic {
        *read(&Source::new("workflows/a.test.yaml", text)).unwrap_err()
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_the_nearest_name() {
        let found = refused("cases:\n  - name: a\n    expect: { outcom: succeeded }\n");
        assert_eq!((found.message.as_str(), found.line), ("unknown key `outcom`", 3));
        assert_eq!(found.label.as_deref(), Some("did you mean `outcome`?"));
        let found = refused("cases:\n  - name: a\n    expect: { outcome: succeded }\n");
        assert_eq!(found.label.as_deref(), Some("did you mean `succeeded`?"));
        let found = refused("cases:\n  - name: a\n    steps: { x: [{ reslt: 1 }] }\n    expect: {}\n");
        assert_eq!((found.message.as_str(), found.line), ("unknown key `reslt`", 3));
        let found = refused("cases:\n  - expect: {}\n");
        assert_eq!(found.message, "`name:` is missing here");
        let found = refused("cases:\n  - name: a\n    steps: { x: 7 }\n    expect: {}\n");
        assert!(found.message.contains("a mapping, or a list of mappings"), "{}", found.message);
        for (text, told) in [
            ("cases: 5\n", "this must be a list"),
            ("cases: [5]\n", "this must be a mapping"),
            ("[]\n", "this must be a mapping"),
            ("cases: [{ name: [a], expect: {} }]\n", "this must be text"),
            (
                "cases: [{ name: a, expect: { calls: { x: -1 } } }]\n",
                "this must be a whole number from 0 up, and not too large",
            ),
            ("cases: [{ name: a, steps: { x: { cost_usd: y } }, expect: {} }]\n", "this must be a number"),
            (
                "cases: [{ name: a, steps: { x: { skip: maybe } }, expect: {} }]\n",
                "this must be `true` or `false`",
            ),
        ] {
            assert_eq!(refused(text).message, told, "{text}");
        }
        for text in [
            "cases:\n  - name: a\n    inputs: { <<: {} }\n    expect: {}\n",
            "cases:\n  - name: a\n    inputs: { sha: 61e9540 }\n    expect: {}\n",
            "cases:\n  - name: a\n    inputs: { sha: !secret x }\n    expect: {}\n",
        ] {
            assert_eq!(refused(text).line, 3, "{text}");
        }
        for (written, told) in
            [("2024_01", "`2024_01` is text"), ("0b11", "`0b11` is text"), ("+0x1F", "`+0x1F` is text")]
        {
            let case = |value: &str| {
                format!(
                    "cases:\n  - name: 2024_01\n    inputs: {{ list: [{{ a/b: {value} }}] }}\n    expect: {{ outcome: succeeded }}\n"
                )
            };
            let found = refused(&case(written));
            assert_eq!((found.line, found.column), (3, 29), "{written}");
            assert!(
                found.message.starts_with(told) && found.help == ["put it in quotes"],
                "{}",
                found.message
            );
            assert!(read(&Source::new("workflows/a.test.yaml", case(&format!("'{written}'")))).is_ok());
        }
        for text in ["", "# nothing\n"] {
            assert_eq!(refused(text).help, ["a test file needs at least `cases:`"], "{text}");
        }
        let found = refused("cases: [\n");
        assert!(found.line >= 1 && !found.message.is_empty());
    }
}
