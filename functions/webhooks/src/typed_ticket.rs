//! The ticket that people type behind the word of a command, whatever they put around it: emphasis, the text of a link, characters that nobody
//! sees. Every reader of commands finds it here: if one overlooked it, the command would be carried out on another ticket.

use domain::typed::{self, PUNCTUATION, bare_ticket};

/// The first word, which may be a ticket, without the characters around it, and the rest. The text of a link belongs to the word.
pub(crate) fn split_ticket(text: &str) -> (&str, &str) {
    let (typed, rest) = text.split_at(end_of_ticket(text));
    (bare_ticket(typed), rest.trim_start_matches(PUNCTUATION))
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
    c == '_' || typed::is_around(c)
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
