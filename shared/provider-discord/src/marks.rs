//! Marks in messages: the digest in characters that have no width, at the end of the text. Text from outside holds none of these
//! characters when it is sent, so that it cannot pass for ours.

use domain::plugins::Mark;

/// The character for each two bits.
const DIGITS: [char; 4] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'];

/// How many characters a mark has: two for each of 32 hex digits.
pub(crate) const LENGTH: usize = 64;

/// A nonce has at most [25 characters](https://docs.discord.com/developers/resources/message#create-message).
const NONCE: usize = 25;

/// What Discord takes for the same message, for some minutes.
pub(crate) fn nonce(mark: &Mark) -> String {
    mark.digest().chars().take(NONCE).collect()
}

/// The mark's digest without a width.
pub(crate) fn hidden(mark: &Mark) -> String {
    let digits = mark.digest().chars().filter_map(|digit| digit.to_digit(16)).collect::<Vec<_>>();
    digits.into_iter().flat_map(|digit| [digit >> 2, digit & 3]).filter_map(digit).collect()
}

fn digit(bits: u32) -> Option<char> {
    DIGITS.get(usize::try_from(bits).ok()?).copied()
}

/// The hidden mark at the end of a message's text; empty if there is none.
pub(crate) fn hidden_in(content: &str) -> &str {
    let words = content.trim_end_matches(DIGITS);
    let hidden = content.get(words.len()..).unwrap_or_default();
    // A joiner that ends the text belongs to the text.
    let extra = hidden.chars().count().saturating_sub(LENGTH);
    let start = hidden.char_indices().nth(extra).map_or(hidden.len(), |(at, _)| at);
    let mark = hidden.get(start..).unwrap_or_default();
    if mark.chars().count() == LENGTH { mark } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_behind_any_text() {
        let mark = |key: &str| Mark { key: key.into(), at: jiff::Timestamp::UNIX_EPOCH };
        let ours = hidden(&mark("a"));
        assert_eq!(ours.chars().count(), LENGTH);
        assert_ne!(ours, hidden(&mark("b")));
        for text in ["", "words", "joined\u{2060}", "שלום", "😀"] {
            assert_eq!(hidden_in(&format!("{text}{ours}")), ours, "{text}");
            assert_eq!(hidden_in(text), "", "{text}");
        }
        assert_eq!(nonce(&mark("a")).len(), 25);
    }
}
