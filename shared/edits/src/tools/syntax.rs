//! Whether a file of a known format still is of that format.

use crate::text::Text;
use granit_parser::Parser;
use serde::de::IgnoredAny;

/// What to add to an answer about a changed file: why it cannot be parsed, if it is JSON, YAML or TOML by its name and was parsed
/// before or is new. Files that were never valid, such as templates, are left alone.
pub(super) fn syntax_note(path: &str, before: Option<&str>, after: &str) -> String {
    let Some(format) = Format::of(path) else { return String::new() };
    match format.problem(Text::read(after).as_str()) {
        Some(problem)
            if before.is_none_or(|before| format.problem(Text::read(before).as_str()).is_none()) =>
        {
            format!(" It is not valid {} now: {problem}.", format.name())
        }
        _ => String::new(),
    }
}

#[derive(Clone, Copy)]
enum Format {
    Json,
    Yaml,
    Toml,
}

impl Format {
    fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
        }
    }

    fn problem(self, text: &str) -> Option<String> {
        match self {
            Self::Json => serde_json::from_str::<IgnoredAny>(text).err().map(|error| error.to_string()),
            Self::Yaml => {
                let error = Parser::new_from_str(text).find_map(Result::err)?;
                Some(format!("{} at line {}", error.info(), error.marker().line()))
            }
            Self::Toml => {
                let error = toml::de::DeTable::parse(text).err()?;
                let line = error.span().map_or(1, |span| super::numbered::line_of(text, span.start));
                Some(format!("{} at line {line}", error.message()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_parsed_before_or_is_new_is_reported() {
        let check = |path: &str, before: Option<&str>, after: &str, words: &str| {
            let note = syntax_note(path, before, after);
            assert!(note.contains(words) && note.is_empty() == words.is_empty(), "{path}: {note}");
        };
        check("a.json", None, "{\n\"a\": 1,\n}", "not valid JSON now: key must be a string at line 3");
        check("a.json", Some("{}"), "\u{feff}{\"a\": 1}\r\n", "");
        check("a.json", Some("// a comment\n{}"), "// a comment\n{,}", "");
        check("a.yml", Some("a: 1\n"), "a: [1\n", "not valid YAML now: ");
        check("a.yaml", Some("a: {{ x }}: y\n"), "a: [1\n", "");
        check("a.yaml", None, "a: 1\n---\nb: &x 2\nc: *x\n", "");
        check("A.TOML", Some("a = 1\n"), "a = 1\n\nb = \n", "not valid TOML now: ");
        check("Cargo.toml", None, "[package]\nname = \"x\"\n", "");
        check("a.rs", None, "fn", "");
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        for (path, open) in [("a.json", "["), ("a.yaml", "["), ("a.toml", "a = ["), ("b.yaml", "- ")] {
            syntax_note(path, None, &open.repeat(200_000));
        }
        syntax_note("a.toml", None, &format!("a = {}", "[".repeat(200_000)));
    }
}
