//! Reads world files, and says what is wrong with one in our words, with the place.

use serde::de::DeserializeOwned;

/// What the library says, and what we do; `{}` is what is between the two parts of theirs.
const WORDS: &[(&str, &str, &str)] = &[
    ("duplicate mapping key: ", ", set DuplicateKeyPolicy in Options if acceptable", "duplicate key `{}`"),
    ("missing field `", "`", "`{}` is missing"),
    ("expected mapping start", "", "this must be a mapping"),
    ("expected sequence start", "", "this must be a list"),
    ("budget breached: ", "", "this is more than a world may be"),
    ("recursion limit exceeded", "", "this is nested too deeply"),
    (
        "invalid type: integer `",
        "`, expected a string",
        "this must be text, but it is `{}`; put it in quotes",
    ),
    (
        "invalid type: boolean `",
        "`, expected a string",
        "this must be text, but it is `{}`; put it in quotes",
    ),
    (
        "invalid type: floating point `",
        "`, expected a string",
        "this must be text, but it is `{}`; put it in quotes",
    ),
    ("unexpected end of input", "", "the file is empty"),
];

/// Reads YAML.
///
/// # Errors
/// The first thing that is wrong, and where.
pub(crate) fn from_yaml<T: DeserializeOwned>(yaml: &str) -> Result<T, String> {
    serde_saphyr::from_str(yaml).map_err(|error| in_our_words(&error.to_string()))
}

/// An error without the library's drawing of the place, which has the place in words before it.
fn in_our_words(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    if let Some((place, rest)) = line.split_once("unknown field `")
        && let Some((field, accepted)) = rest.split_once("`, expected ")
    {
        let accepted = accepted.strip_prefix("one of ").unwrap_or(accepted).replace('`', "");
        return format!("{place}unknown key `{field}`; accepted: {accepted}");
    }
    for (before, after, ours) in WORDS {
        let Some((place, rest)) = line.split_once(before) else { continue };
        let Some((between, _)) = rest.split_once(after) else { continue };
        return format!("{place}{}", ours.replace("{}", between));
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::world::World;
    use std::path::PathBuf;

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
        assert_eq!(
            super::in_our_words(
                "error: line 9 column 2: invalid type: integer `12`, expected a string\n --> <input>"
            ),
            "line 9 column 2: this must be text, but it is `12`; put it in quotes"
        );
        let deep = format!("jira: {}{}", "[".repeat(5000), "]".repeat(5000));
        assert!(World::parse(&deep, PathBuf::new()).unwrap_err().ends_with("this is nested too deeply"));
    }
}
