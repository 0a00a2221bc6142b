//! Words and tickets as people type them, with whatever they put around them: emphasis, quotes, the text of a link, characters that nobody
//! sees. Every reader of commands, triggers and tickets uses this, so that none of them overlooks what another one reads.

/// Punctuation that people write after a word.
pub const PUNCTUATION: [char; 5] = ['.', '!', ',', ':', ';'];

/// What ends a word without a space: a long dash, an ellipsis, and the punctuation of scripts that put no spaces behind it.
const ENDS: [char; 8] =
    ['\u{2014}', '\u{2026}', '\u{3001}', '\u{3002}', '\u{ff01}', '\u{ff0c}', '\u{ff1a}', '\u{ff1b}'];

/// What Markdown and Slack show as bold or in italics.
const EMPHASIS: [char; 2] = ['*', '_'];

/// What people write around a ticket, and what no ticket begins or ends with: emphasis, code, quotes, parentheses.
const AROUND: [char; 17] = [
    '*', '~', '`', '"', '\'', '(', ')', '{', '}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}',
    '\u{ab}', '\u{bb}', '?',
];

/// How many layers around a ticket are taken off at most: texts of any length are looked at.
const MOST_AROUND: usize = 8;

/// Whether a character has no width: direction marks and break opportunities, which keyboards and programs
/// put around words unseen.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether nobody sees a character, or people write it around a ticket without meaning it.
pub fn is_around(c: char) -> bool {
    is_invisible(c) || AROUND.contains(&c)
}

/// Whether a character ends a word as a space does.
pub fn ends_word(c: char) -> bool {
    c.is_whitespace() || ENDS.contains(&c)
}

/// The first word, with what is around it, and the rest: `stop` and `SHOP-1` of `stop，SHOP-1`.
pub fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(ends_word);
    let (word, rest) = text.split_once(ends_word).unwrap_or((text, ""));
    (word, rest.trim_start_matches(ends_word))
}

/// The words of a command: behind the first, they are separated by spaces alone.
pub fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let (first, rest) = first_word(text);
    std::iter::once(first).filter(|first| !first.is_empty()).chain(rest.split_whitespace())
}

/// A word without punctuation after it and emphasis around it: `**Plan:**` and `_plan_,` both say `plan`. Quotes and question marks stay, because
/// with them it is not said to do anything.
pub fn bare_word(word: &str) -> &str {
    let word = word.trim_matches(|c| is_invisible(c) || EMPHASIS.contains(&c));
    word.trim_end_matches(PUNCTUATION).trim_end_matches(EMPHASIS)
}

/// Whether a character is a question mark, in any script that commands are said in.
pub fn is_question_mark(c: char) -> bool {
    matches!(c, '?' | '\u{ff1f}' | '\u{61f}')
}

/// Whether the first sentence of a text is a question: `approve, or not?` and `approve it? No!` are, `approve. Why so late?` is not. A mark
/// inside an address ends no sentence, and an ellipsis does not, either.
pub fn begins_with_question(text: &str) -> bool {
    let mut characters = text.trim().chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        let ends_there = next.is_none_or(|next| !next.is_alphanumeric());
        match c {
            '\n' | '\u{3002}' | '\u{ff01}' => return false,
            '!' if next.is_none_or(char::is_whitespace) => return false,
            '.' if before != '.' && next.is_none_or(char::is_whitespace) => return false,
            '\u{ff1f}' => return true,
            _ if is_question_mark(c) && ends_there => return true,
            _ => {}
        }
        before = c;
    }
    false
}

/// A ticket without what is around it; of a link, its target.
pub fn bare_ticket(typed: &str) -> &str {
    let mut left = typed;
    for _ in 0..MOST_AROUND {
        let inside = left.trim_start_matches(is_around);
        let inside = unlinked(
            inside.trim_end_matches(|c| is_around(c) || PUNCTUATION.contains(&c) || ENDS.contains(&c)),
        );
        // A name may begin or end with a low line: around one, there are two.
        let inside = inside.strip_prefix('_').and_then(|rest| rest.strip_suffix('_')).unwrap_or(inside);
        if inside.len() == left.len() {
            break;
        }
        left = inside;
    }
    left
}

/// The target of a link in the form of Slack, Markdown or wiki text; any other text as it is, even if it begins and ends with links.
fn unlinked(text: &str) -> &str {
    if let Some(link) = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        return if link.contains('>') { text } else { link.split('|').next().unwrap_or(link) };
    }
    let Some(link) = text.strip_prefix('[') else { return text };
    // The closing parenthesis is trimmed already.
    if let Some((_, target)) = link.split_once("](") {
        return if target.contains(')') { text } else { target.split_whitespace().next().unwrap_or(target) };
    }
    let Some(link) = link.strip_suffix(']').filter(|link| !link.contains(']')) else { return text };
    let mut parts = link.split('|');
    parts.clone().find(|part| part.contains("://")).or_else(|| parts.next()).unwrap_or(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_whatever_is_around_it() {
        for typed in
            ["plan", "plan:", "plan,", "**plan**", "_plan_!", "*plan:*", "\u{200f}plan\u{200b}", "plan..."]
        {
            assert_eq!(bare_word(typed), "plan", "{typed}");
        }
        for typed in ["plan?", "`plan`", "\u{201c}plan\u{201d}", "/plan", "plans", ""] {
            assert_eq!(bare_word(typed), typed);
        }
    }

    #[test]
    fn a_question_is_one_until_its_first_sentence_ends() {
        for text in [
            "approve?",
            "approve, or not?",
            "approve it? No!",
            "**approve?** I would say no.",
            "approve... or not?",
            "approve v1.2?",
            "approve\u{ff0c}\u{53ef}\u{4ee5}\u{ff1f}\u{4e0d}",
            "approve\u{61f}",
        ] {
            assert!(begins_with_question(text), "{text}");
        }
        for text in [
            "",
            "approve",
            "approve. Why so late?",
            "approve! What is next?",
            "approve\nWhat is next?",
            "approve\u{3002}\u{4e3a}\u{4ec0}\u{4e48}\u{ff1f}",
            "approve https://acme.example/browse/SHOP-1?focusedId=7 now",
        ] {
            assert!(!begins_with_question(text), "{text}");
        }
    }

    #[test]
    fn a_word_ends_without_a_space_where_people_put_none() {
        for text in [
            "stop it",
            " stop\u{ff0c}it",
            "stop\u{3002} it",
            "stop\u{2014}it",
            "\u{ff1a}stop\u{2026}\u{2026}it",
        ] {
            assert_eq!(first_word(text), ("stop", "it"), "{text}");
        }
        assert_eq!(words_of("plan\u{ff1a}a\u{ff0c}b c").collect::<Vec<_>>(), ["plan", "a\u{ff0c}b", "c"]);
        assert_eq!(words_of(" \u{3002}").count(), 0);
    }

    #[test]
    fn a_ticket_is_found_in_whatever_is_around_it() {
        for typed in [
            "SHOP-1",
            "SHOP-1?!",
            "**SHOP-1**",
            "_SHOP-1_,",
            "`SHOP-1`",
            "(SHOP-1).",
            "[SHOP-1]",
            "\u{201c}SHOP-1\u{201d}",
            "SHOP-1\u{200b}",
            "SHOP-1\u{3002}",
            "<SHOP-1|Limit carts>",
            "[Limit carts](SHOP-1)",
            "**[Limit carts](SHOP-1 \"All\")**",
        ] {
            assert_eq!(bare_ticket(typed), "SHOP-1", "{typed}");
        }
        for typed in [
            "[Limit carts](SHOP-1) with a receipt",
            "[one](SHOP-1) and [another](SHOP-2",
            "<SHOP-1|one> and <SHOP-2|another>",
            "[SHOP-1] and [SHOP-2]",
        ] {
            assert!(bare_ticket(typed).contains(' '), "{typed}");
        }
        for typed in ["acme/_shop#1", "acme/web!7", "#2", "+5", "", "***"] {
            assert_eq!(bare_ticket(typed), typed.trim_matches('*'));
        }
    }
}
