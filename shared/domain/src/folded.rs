//! Names that people write in any case, and with characters composed in either way.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};

/// The same text for all spellings of a name that differ only in case or in how their characters are composed: `ÜBERPRÜFT` and
/// `Überprüft`, `STRASSE` and `Straße`, `é` as one character or as two. For comparisons only; show people the name itself.
pub fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Canonical caseless matching, Unicode 3.13, D145; composed, so that counted characters are the ones people see.
    let decomposed = DecomposingNormalizer::new_nfd().normalize(name).into_owned();
    let folded = CaseMapper::new().fold_string(&decomposed).into_owned();
    ComposingNormalizer::new_nfc().normalize(&folded).into_owned()
}

/// Whether two names are equal under Unicode case folding. Not for account IDs, which a service may distinguish by case.
pub fn same_name(one: &str, other: &str) -> bool {
    one == other || folded(one) == folded(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_many_spellings() {
        for (one, other) in [
            ("Agent", "aGENT"),
            ("ÜBERPRÜFT", "überprüft"),
            ("STRASSE", "stra\u{df}e"),
            ("Caf\u{e9}", "cafe\u{301}"),
            ("ΣΟΦΟΣ", "σοφος"),
            ("ГОТОВО", "готово"),
        ] {
            assert!(same_name(one, other), "{one} {other}");
        }
        assert!(!same_name("bereit", "bereits") && !same_name("a-b", "a_b"));
    }
}
