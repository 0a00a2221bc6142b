//! When two paths are one file.

use icu_normalizer::ComposingNormalizer;

/// The same text for all paths that are one file on some machine, because they differ only in case or in how their characters are
/// composed (`é` as one character or as two). For comparisons only; show people the path itself.
pub fn path_identity(path: &str) -> String {
    domain::folded(path)
}

/// Whether two paths are the same characters, however they are composed.
pub(crate) fn is_composed_otherwise(one: &str, other: &str) -> bool {
    let composed = ComposingNormalizer::new_nfc();
    one != other && composed.normalize(one) == composed.normalize(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_identity() {
        for (one, other) in [
            ("README.md", "readme.MD"),
            ("docs/Caf\u{e9}.md", "docs/cafe\u{301}.md"),
            ("STRASSE", "stra\u{df}e"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c2}"),
        ] {
            assert_eq!(path_identity(one), path_identity(other), "{one} {other}");
        }
        assert_ne!(path_identity("a-b"), path_identity("a_b"));
        assert!(is_composed_otherwise("Caf\u{e9}", "Cafe\u{301}") && !is_composed_otherwise("a", "A"));
    }
}
