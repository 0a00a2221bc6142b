//! Requests of `link` and `notify`, parsed from a command.

use domain::configuration::Notice;
use domain::folded;
use std::collections::BTreeSet;

/// A request of `link`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkRequest {
    /// A code.
    Begin,
    /// The accounts that a code would join.
    Show { code: String },
    /// To confirm it.
    Confirm { code: String },
    /// To separate an account.
    Remove { source: String, account: String },
}

/// A request of `notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotifyRequest {
    /// To see it.
    Show,
    /// To get these messages; `None` uses the configuration's choice.
    Choose(Option<BTreeSet<Notice>>),
}

impl LinkRequest {
    /// Parses the words after `link`; `None` for a sentence.
    pub(crate) fn read(behind: &str) -> Option<Self> {
        // People end sentences with punctuation.
        let bare = |word: &'_ str| word.trim_end_matches(['.', ',', ';', '!']).trim_matches('`').to_owned();
        let words: Vec<String> = behind.split_whitespace().map(bare).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is_code =
            |word: &str| word.len() <= 20 && word.len() >= 6 && word.chars().all(|c| c.is_ascii_hexdigit());
        match words.as_slice() {
            [] => Some(Self::Begin),
            [code] if is_code(code) => Some(Self::Show { code: folded(code) }),
            [word, code] if folded(word) == "confirm" && is_code(code) => {
                Some(Self::Confirm { code: folded(code) })
            }
            [word, source, account] if folded(word) == "remove" => {
                Some(Self::Remove { source: folded(source), account: (*account).to_owned() })
            }
            _ => None,
        }
    }
}

impl NotifyRequest {
    /// Parses the words after `notify`; `None` for a sentence.
    pub(crate) fn read(behind: &str) -> Option<Self> {
        let words = folded(behind);
        let words: Vec<&str> =
            words.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Some(Self::Show),
            ["default"] => Some(Self::Choose(None)),
            ["off"] => Some(Self::Choose(Some(BTreeSet::new()))),
            names => {
                names.iter().map(|name| Notice::read(name)).collect::<Option<_>>().map(Some).map(Self::Choose)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_behind_link_is_a_request_or_a_sentence() {
        let code = || "0a1b2c3d4e".to_owned();
        for (behind, expected) in [
            ("", Some(LinkRequest::Begin)),
            ("0A1B2C3D4E", Some(LinkRequest::Show { code: code() })),
            (" Confirm `0a1b2c3d4e`", Some(LinkRequest::Confirm { code: code() })),
            ("`0a1b2c3d4e`.", Some(LinkRequest::Show { code: code() })),
            ("confirm 0a1b2c3d4e!", Some(LinkRequest::Confirm { code: code() })),
            (
                "remove GitHub ada-l",
                Some(LinkRequest::Remove { source: "github".into(), account: "ada-l".into() }),
            ),
            ("the page to the cart", None),
            ("confirm", None),
        ] {
            assert_eq!(LinkRequest::read(behind), expected, "{behind}");
        }
    }

    #[test]
    fn what_comes_behind_notify_names_notices_or_is_a_sentence() {
        let chosen =
            |notices: &[Notice]| Some(NotifyRequest::Choose(Some(notices.iter().copied().collect())));
        for (behind, expected) in [
            ("", Some(NotifyRequest::Show)),
            ("Approval, failed", chosen(&[Notice::Approval, Notice::Failed])),
            ("off", chosen(&[])),
            ("default", Some(NotifyRequest::Choose(None))),
            ("the user when it fails", None),
        ] {
            assert_eq!(NotifyRequest::read(behind), expected, "{behind}");
        }
    }
}
