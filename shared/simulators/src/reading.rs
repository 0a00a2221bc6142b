//! Reads files of data that people write, such as worlds, and says what is wrong with one in our words, with the place.

use serde::de::DeserializeOwned;
use serde_saphyr::Error;

/// Reads YAML.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn from_yaml<T: DeserializeOwned>(yaml: &str) -> Result<T, String> {
    // `y` and `no` are texts, as in workflows: a model's reply may write them into a file.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| in_our_words(&error))
}

/// What is wrong, after its place.
fn in_our_words(error: &Error) -> String {
    let error = error.without_snippet();
    let words = words(error);
    match error.location() {
        Some(place) if !matches!(error, Error::Eof { .. }) => {
            format!("line {} column {}: {words}", place.line(), place.column())
        }
        _ => words,
    }
}

fn words(error: &Error) -> String {
    match error {
        Error::Eof { .. } => "the file is empty".to_owned(),
        Error::DuplicateMappingKey { key, .. } => match key {
            Some(key) => format!("duplicate key `{key}`"),
            None => "duplicate key".to_owned(),
        },
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key `{field}`; accepted: {}", expected.join(", "))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("`{variant}` is not accepted here; accepted: {}", expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing"),
        Error::Unexpected { expected, .. } => match *expected {
            "mapping start" => "this must be a mapping".to_owned(),
            "sequence start" => "this must be a list".to_owned(),
            _ => "this must be text".to_owned(),
        },
        Error::SerdeInvalidType { unexpected, expected, .. } => invalid_type(unexpected, expected),
        Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("this must be {expected}, but it is {unexpected}")
        }
        Error::InvalidScalar { ty, .. } => match ty.chars().next() {
            Some('u') => "this must be a whole number from 0 up, and not too large".to_owned(),
            Some('i') => "this must be a whole number, and not too large".to_owned(),
            _ => "this must be a number".to_owned(),
        },
        Error::InvalidBooleanStrict { .. } => "this must be `true` or `false`".to_owned(),
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => "this must have a single key".to_owned(),
        Error::Budget { .. } => "this is more than a file may hold".to_owned(),
        other => {
            let message = other.to_string();
            if message.contains("recursion limit exceeded") {
                return "this is nested too deeply".to_owned();
            }
            let message = message.lines().next().unwrap_or_default();
            // The place comes before it.
            message.split(" at line ").next().unwrap_or_default().to_owned()
        }
    }
}

/// A value of another type: `unexpected` is as serde writes it, such as ``integer `12` ``.
fn invalid_type(unexpected: &str, expected: &str) -> String {
    match (unexpected.split('`').nth(1), expected) {
        (Some(value), "a string") => format!("this must be text, but it is `{value}`; put it in quotes"),
        (_, "a string") => format!("this must be text, but it is {unexpected}"),
        _ => format!("this must be {expected}, but it is {unexpected}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::script::Reply;
    use crate::world::World;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use std::path::PathBuf;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never there")]
    struct Around {
        #[serde(flatten)]
        inside: Inside,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never there")]
    struct Inside {
        text: String,
    }

    #[test]
    fn what_is_wrong_is_told_in_our_words_with_its_place() {
        for (yaml, told) in [
            ("", "the file is empty"),
            ("- a\n", "line 1 column 1: this must be a mapping"),
            ("signing: a\nsigning: b\n", "line 2 column 1: duplicate key `signing`"),
            ("signing: a\n", "line 1 column 1: `secrets` is missing"),
            ("jira: 3\n", "line 1 column 7: this must be a mapping"),
            ("jira:\n  projets: []\n", "line 2 column 3: unknown key `projets`; accepted: "),
        ] {
            let found = World::parse(yaml, PathBuf::new()).unwrap_err();
            assert!(found.contains(told) && found.lines().count() == 1, "{yaml}: {found}");
        }
        for (yaml, told) in [
            ("times: -1\ncontent: []\n", "this must be a whole number from 0 up, and not too large"),
            ("expect: { json_schema: no }\ncontent: []\n", "this must be `true` or `false`"),
            ("content: [{ text: a, json: b }]\n", "this must have a single key"),
        ] {
            let found = super::from_yaml::<Reply>(yaml).unwrap_err();
            assert!(found.starts_with("line 1 column ") && found.ends_with(told), "{yaml}: {found}");
        }
        // A flattened field is first read as the type that it looks like.
        let found = super::from_yaml::<Around>("other: a\ntext: 12\n").unwrap_err();
        assert!(found.ends_with("this must be text, but it is `12`; put it in quotes"), "{found}");
        let deep = format!("jira: {}{}", "[".repeat(5000), "]".repeat(5000));
        assert!(World::parse(&deep, PathBuf::new()).unwrap_err().ends_with("this is nested too deeply"));
    }

    #[test]
    fn words_that_mean_yes_or_no_are_texts() {
        let yaml = "input: { path: y, old_string: yes, new_string: No, on: off, replace_all: true }";
        let read: Value = super::from_yaml(yaml).unwrap();
        let input =
            json!({ "path": "y", "old_string": "yes", "new_string": "No", "on": "off", "replace_all": true });
        assert_eq!(read["input"], input);
    }
}
