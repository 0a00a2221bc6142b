//! Requests of `link` and `notify`, parsed from a command.

use domain::configuration::Notice;
use domain::folded;
use domain::typed::{bare_ticket, bare_word};
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
        let words: Vec<&str> = behind.split_whitespace().collect();
        match words.as_slice() {
            [] => Some(Self::Begin),
            [code] => Some(Self::Show { code: code_in(code)? }),
            // A question confirms nothing.
            [word, code] if folded(bare_word(word)) == "confirm" && !code.contains('?') => {
                Some(Self::Confirm { code: code_in(code)? })
            }
            [word, source, account] if folded(bare_word(word)) == "remove" => {
                Some(Self::Remove { source: folded(bare_word(source)), account: account_in(account) })
            }
            _ => None,
        }
    }
}

/// The code that a word is, whatever is around it.
fn code_in(word: &str) -> Option<String> {
    let code = bare_ticket(word);
    let is_code = (6..=20).contains(&code.len()) && code.chars().all(|c| c.is_ascii_hexdigit());
    is_code.then(|| folded(code))
}

/// The account that a word names, perhaps as a mention.
fn account_in(word: &str) -> String {
    // People end sentences with punctuation.
    let account = word.trim_end_matches(['.', ',', ';', '!']).trim_matches('`');
    let mention = account.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>'));
    let account = match mention {
        Some(mention) => mention.split('|').next().unwrap_or(mention),
        None => account.strip_prefix('@').unwrap_or(account),
    };
    account.to_owned()
}

impl NotifyRequest {
    /// Parses the words after `notify`; `None` for a sentence.
    pub(crate) fn read(behind: &str) -> Option<Self> {
        let words = folded(behind);
        let words = words.split(|c: char| c.is_whitespace() || c == ',').map(bare_ticket);
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Some(Self::Show),
            // A question chooses nothing.
            _ if behind.contains('?') => None,
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
            ("*0a1b2c3d4e*", Some(LinkRequest::Show { code: code() })),
            ("Confirm: \u{201c}0a1b2c3d4e\u{201d}", Some(LinkRequest::Confirm { code: code() })),
            ("confirm 0a1b2c3d4e?", None),
            (
                "remove GitHub ada-l",
                Some(LinkRequest::Remove { source: "github".into(), account: "ada-l".into() }),
            ),
            (
                "remove slack <@U1|ada>.",
                Some(LinkRequest::Remove { source: "slack".into(), account: "U1".into() }),
            ),
            (
                "remove github @ada",
                Some(LinkRequest::Remove { source: "github".into(), account: "ada".into() }),
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
            ("Off!", chosen(&[])),
            ("approval, **failed**.", chosen(&[Notice::Approval, Notice::Failed])),
            ("`done`", chosen(&[Notice::Done])),
            ("off?", None),
            ("default", Some(NotifyRequest::Choose(None))),
            ("the user when it fails", None),
        ] {
            assert_eq!(NotifyRequest::read(behind), expected, "{behind}");
        }
    }
}
