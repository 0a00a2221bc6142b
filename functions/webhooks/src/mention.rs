//! Detects comments addressed to the bot.

/// What a comment says to the bot: the words after a leading mention or command, the whole comment if the mention is inside
/// it, or `None` if it is not addressed to the bot. Names are compared as whole words, ignoring case
/// (`@ticketsmith-dev` is someone else). Quoted lines and code are ignored.
pub(crate) fn words_for_bot<'a>(comment: &'a str, mention: &str, command: &str) -> Option<&'a str> {
    let comment = comment.trim();
    for address in [command, mention] {
        if let Some(rest) = strip_address(comment, address) {
            return Some(rest.trim_start_matches([',', ':']).trim());
        }
    }
    let mut fenced = false;
    for line in comment.lines().map(str::trim_start) {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.starts_with('>') && mentions(line, mention) {
            return Some(comment);
        }
    }
    None
}

fn strip_address<'a>(text: &'a str, address: &str) -> Option<&'a str> {
    let head = text.get(..address.len())?;
    let rest = text.get(address.len()..)?;
    (!address.is_empty() && head.eq_ignore_ascii_case(address) && ends_word(rest)).then_some(rest)
}

fn mentions(line: &str, mention: &str) -> bool {
    let mut before = None;
    for (at, character) in line.char_indices() {
        let starts_word = before
            .is_none_or(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '@' | '/' | '`'));
        if starts_word && strip_address(&line[at..], mention).is_some() {
            return true;
        }
        before = Some(character);
    }
    false
}

/// Whether a name ends where `rest` begins: `@ticketsmith.` does, `@ticketsmith-dev`, `@ticketsmith/team` and
/// `@ticketsmith.dev` do not.
fn ends_word(rest: &str) -> bool {
    let mut characters = rest.chars();
    match characters.next() {
        None => true,
        Some('.') => !characters.next().is_some_and(char::is_alphanumeric),
        Some(c) => !c.is_alphanumeric() && !matches!(c, '_' | '-' | '/' | '@'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(comment: &str, expected: Option<&str>) {
        assert_eq!(words_for_bot(comment, "@ticketsmith", "/ticketsmith"), expected, "{comment}");
    }

    #[test]
    fn names_are_whole_words() {
        check("/ticketsmith revise use a map", Some("revise use a map"));
        check("@TicketSmith, revise", Some("revise"));
        check("@ticketsmith", Some(""));
        check("could @ticketsmith look?", Some("could @ticketsmith look?"));
        check("ask (@ticketsmith).", Some("ask (@ticketsmith)."));
        check("@ticketsmith-dev look", None);
        check("@ticketsmith/team look", None);
        check("@ticketsmith.dev look", None);
        check("mail me@ticketsmith please", None);
        check("/ticketsmithing", None);
        check("see docs/ticketsmith", None);
        check("", None);
    }

    #[test]
    fn quotes_and_code_are_not_spoken_to_the_bot() {
        check("> @ticketsmith revise\nI agree", None);
        check("```\n@ticketsmith revise\n```\nis what you write", None);
        check("write `@ticketsmith revise`", None);
        check(
            "> @ticketsmith revise\n@ticketsmith please do",
            Some("> @ticketsmith revise\n@ticketsmith please do"),
        );
    }

    proptest! {
        #[test]
        fn any_comment_is_read(comment in any::<String>(), mention in any::<String>()) {
            words_for_bot(&comment, &mention, "/ticketsmith");
        }
    }
}
