//! The ticket that people type behind the word of a command, whatever they put around it: emphasis, the text of a link, characters that nobody
//! sees. Every reader of commands finds it here: if one overlooked it, the command would be carried out on another ticket.

use crate::mention::is_invisible;

/// Punctuation that people write after a word.
pub(crate) const PUNCTUATION: [char; 5] = ['.', '!', ',', ':', ';'];

/// What people write around a ticket, and what no ticket begins or ends with: emphasis, code, quotes, parentheses.
const AROUND: [char; 17] = [
    '*', '~', '`', '"', '\'', '(', ')', '{', '}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}',
    '\u{ab}', '\u{bb}', '?',
];

/// The first word, which may be a ticket, without the characters around it, and the rest. The text of a link belongs to the word.
pub(crate) fn split_ticket(text: &str) -> (&str, &str) {
    let (typed, rest) = text.split_at(end_of_ticket(text));
    (bare(typed), rest.trim_start_matches(PUNCTUATION))
}

/// Where the first word ends, with what is around it. A link ends with its closing bracket: `<https://…|Limit carts>`, `[Limit carts](https://…)`,
/// `[Limit carts|https://…]`.
pub(crate) fn end_of_ticket(text: &str) -> usize {
    let opening = text.len() - text.trim_start_matches(is_around).len();
    let word = &text[opening..];
    let link = match word.chars().next() {
        Some('<') => word.find('>').map(|end| end + 1),
        Some('[') => word.find(']').map(|end| end + 1 + target_length(&word[end + 1..])),
        _ => None,
    };
    let end = opening + link.unwrap_or_default();
    let goes_on = |c: char| c.is_whitespace() || (link.is_some() && !is_around(c));
    end + text[end..].find(goes_on).unwrap_or(text.len() - end)
}

/// The length of the `(https://…)` that follows the text of a link in Markdown.
fn target_length(behind: &str) -> usize {
    behind.strip_prefix('(').and_then(|target| target.find(')')).map_or(0, |end| end + 2)
}

fn is_around(c: char) -> bool {
    c == '_' || is_invisible(c) || AROUND.contains(&c)
}

/// A word without what is around it; of a link, its target.
fn bare(word: &str) -> &str {
    let is_silent = |c: char| is_invisible(c) || AROUND.contains(&c);
    let mut left = word;
    loop {
        let inside = left.trim_start_matches(is_silent);
        let inside = unlinked(inside.trim_end_matches(|c| is_silent(c) || PUNCTUATION.contains(&c)));
        // A name may begin or end with a low line: around one, there are two.
        let inside = inside.strip_prefix('_').and_then(|rest| rest.strip_suffix('_')).unwrap_or(inside);
        if inside.len() == left.len() {
            return inside;
        }
        left = inside;
    }
}

/// The target of a link in the form of Slack, Markdown or wiki text; any other text as it is.
fn unlinked(text: &str) -> &str {
    if let Some(link) = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        return link.split('|').next().unwrap_or(link);
    }
    let Some(link) = text.strip_prefix('[') else { return text };
    // The closing parenthesis is trimmed already.
    if let Some((_, target)) = link.split_once("](") {
        return target.split_whitespace().next().unwrap_or(target);
    }
    let Some(link) = link.strip_suffix(']') else { return text };
    let mut parts = link.split('|');
    parts.clone().find(|part| part.contains("://")).or_else(|| parts.next()).unwrap_or(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ticket_is_found_in_whatever_is_around_it() {
        for typed in [
            "SHOP-2",
            "SHOP-2:",
            "\u{200f}SHOP-2\u{200b}.",
            "SHOP-2\u{200b},",
            "**SHOP-2**",
            "_SHOP-2_,",
            "`SHOP-2`",
            "{{SHOP-2}}",
            "(SHOP-2)",
            "\u{201c}SHOP-2\u{201d}?",
            "[SHOP-2]",
        ] {
            assert_eq!(split_ticket(&format!("{typed} looks good")), ("SHOP-2", " looks good"), "{typed}");
        }
        for typed in [
            "https://acme.example/browse/SHOP-2",
            "<https://acme.example/browse/SHOP-2|Limit carts>",
            "**<https://acme.example/browse/SHOP-2|Limit carts>**",
            "<https://acme.example/browse/SHOP-2>,",
            "[Limit carts](https://acme.example/browse/SHOP-2)",
            "[Limit carts](https://acme.example/browse/SHOP-2 \"All of them\").",
            "[Limit carts|https://acme.example/browse/SHOP-2]",
            "[https://acme.example/browse/SHOP-2|https://acme.example/browse/SHOP-2|smart-link]",
        ] {
            let (ticket, rest) = split_ticket(typed);
            assert_eq!((ticket, rest), ("https://acme.example/browse/SHOP-2", ""), "{typed}");
            let praised = format!("{typed} looks good");
            let (ticket, rest) = split_ticket(&praised);
            assert_eq!(
                (ticket, rest.trim()),
                ("https://acme.example/browse/SHOP-2", "looks good"),
                "{typed}"
            );
        }
        assert_eq!(split_ticket("_acme/shop_#1 it"), ("_acme/shop_#1", " it"));
        assert_eq!(split_ticket("acme/web/shop!7, it"), ("acme/web/shop!7", " it"));
        assert_eq!(split_ticket("#2"), ("#2", ""));
        assert_eq!(split_ticket("+5"), ("+5", ""));
        assert_eq!(split_ticket(""), ("", ""));
    }

    proptest! {
        #[test]
        fn any_words_are_read(words in "[ a-c1#!<>|\\[\\]()*_`.,ä\u{200f}]{0,30}") {
            let (ticket, rest) = split_ticket(&words);
            prop_assert!(words.contains(ticket) && words.ends_with(rest));
        }
    }
}
