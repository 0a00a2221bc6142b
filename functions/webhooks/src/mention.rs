//! Detects comments addressed to the bot.

use crate::spoken::{Markup, behind_quotes, spoken};
use domain::command::CommandWord;
use domain::folded;
use domain::typed::{bare_word, ends_word as is_end, first_word, is_invisible};

/// Words that people say before they come to the point.
const GREETINGS: [&str; 24] = [
    "hi",
    "hello",
    "hey",
    "heya",
    "hiya",
    "dear",
    "greetings",
    "good",
    "morning",
    "afternoon",
    "evening",
    "day",
    "thanks",
    "thank",
    "you",
    "thx",
    "ok",
    "okay",
    "great",
    "please",
    "pls",
    "there",
    "all",
    "team",
];

/// Those of them that people also say at the end.
const THANKS: [&str; 3] = ["thanks", "thank", "thx"];

/// What GitHub puts behind the names of apps.
const APP: &str = "[bot]";

/// The part of a comment addressed to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// The words after the address, without greetings, or the whole comment if the bot is only mentioned in it.
    pub(crate) words: &'a str,
    /// Whether the words are spoken to the bot, so that it answers them.
    pub(crate) is_addressed: bool,
}

/// The part of a comment addressed to the bot, or `None` if a reader sees neither its mention nor its command: quotes, code and hidden text do
/// not count. A line or a sentence that begins with one of them, perhaps after a greeting, is addressed to the bot. Names are compared
/// as whole words, ignoring case (`@ticketsmith-dev` is someone else).
pub(crate) fn words_for_bot<'a>(
    comment: &'a str,
    mention: &str,
    command: &str,
    markup: Markup,
) -> Option<Said<'a>> {
    let visible = spoken(comment, markup);
    let mut is_named = false;
    let mut line_start = 0;
    // Whether nothing is said before this line.
    let mut is_first = true;
    for line in visible.split_inclusive('\n') {
        let greeted = greeted(line);
        for (index, (at, address)) in addresses(line, mention, command).into_iter().enumerate() {
            let before = &line[..at];
            let behind = &comment[line_start + at + address.len()..];
            // A sentence begins here, perhaps after a greeting or a list marker.
            if at <= greeted || before.trim_end().ends_with(['.', '!', '?']) {
                let words = without_greeting(behind);
                // After a greeting on its own line, the next line counts.
                let again = [command, mention].into_iter().find_map(|name| self::address(words, name));
                let words = again.map_or(words, |again| without_greeting(&words[again.len()..]));
                // A command may follow what it answers; other words keep what they are about.
                let answer = without_greeting(behind_quotes(behind, markup));
                let words = if begins_with_command(answer) { answer } else { words };
                // `Thanks, @ticketsmith!` asks for nothing, and neither does `@ticketsmith thank you`.
                let asks = !words.is_empty() || (before.trim().is_empty() && !thanks(behind));
                return Some(Said { words, is_addressed: asks });
            }
            // `approve, @ticketsmith` is said in this order, too.
            if is_first && index == 0 && address.starts_with('@') {
                let first = before.trim().trim_end_matches([',', ':']);
                let mut more = behind.chars();
                let is_last =
                    more.all(|c| is_invisible(c) || c.is_whitespace() || matches!(c, '.' | '!' | '?'));
                if is_last && is_word(first) {
                    let start = line_start + before.len() - before.trim_start().len();
                    return Some(Said { words: &comment[start..start + first.len()], is_addressed: true });
                }
            }
            is_named |= !address.starts_with('/');
        }
        is_first &= line.trim().is_empty();
        line_start += line.len();
    }
    is_named.then(|| Said { words: comment.trim(), is_addressed: false })
}

/// The text after greetings at its start: `hi, please approve` becomes `approve`.
pub(crate) fn without_greeting(text: &str) -> &str {
    let mut rest = without_punctuation(text);
    loop {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() || !ends_greeting(after) || !GREETINGS.contains(&folded(word).as_str()) {
            return rest;
        }
        rest = without_punctuation(after);
    }
}

/// Whether a greeting ends where `rest` begins: `all` in `all-day events` and `team` in `team.yaml` begin a longer word.
fn ends_greeting(rest: &str) -> bool {
    let mut characters = rest.chars();
    match characters.next() {
        None => true,
        Some('-' | '\u{2013}' | '.' | ':') => !characters.next().is_some_and(char::is_alphanumeric),
        Some(c) => c.is_whitespace() || is_punctuation(c),
    }
}

fn begins_with_command(words: &str) -> bool {
    CommandWord::read(&folded(bare_word(first_word(words).0))).is_some()
}

/// Whether a greeting is one that ends a conversation.
fn thanks(greeting: &str) -> bool {
    let mut words = greeting.split(|c: char| !c.is_alphanumeric());
    words.any(|word| THANKS.contains(&folded(word).as_str()))
}

fn is_punctuation(c: char) -> bool {
    matches!(c, ',' | ':' | ';' | '.' | '!' | '-' | '\u{2013}') || is_end(c)
}

fn without_punctuation(text: &str) -> &str {
    let is_silent = |c: char| c.is_whitespace() || is_invisible(c);
    text.trim_start_matches(|c: char| is_silent(c) || is_punctuation(c)).trim_end_matches(is_silent)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char::is_alphanumeric)
}

/// How far a line consists of greetings: where its first other word begins.
fn greeted(line: &str) -> usize {
    let is_between = |c: char| !c.is_alphanumeric();
    let mut at = 0;
    for part in line.split_inclusive(is_between) {
        let word = part.trim_end_matches(is_between);
        if !word.is_empty() && !GREETINGS.contains(&folded(word).as_str()) {
            break;
        }
        at += part.len();
    }
    at
}

/// Where the bot is addressed in a line, and by which of its names as it is written there.
fn addresses<'a>(line: &'a str, mention: &str, command: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut before = None;
    for (at, character) in line.char_indices() {
        let starts_word = before.is_none_or(|c: char| {
            !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '@' | '/' | '`' | '\\')
        });
        if starts_word {
            let names = [command, mention].into_iter();
            found.extend(
                names.filter_map(|name| address(&line[at..], name)).map(|address| (at, address)).next(),
            );
        }
        before = Some(character);
    }
    found
}

/// The name at the start of a text, as it is written there. Folded, both may differ in length.
fn address<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let wanted = folded(name);
    let sign = name.chars().next()?;
    if !text.starts_with(sign) {
        return None;
    }
    let ends = text.char_indices().map(|(end, _)| end).skip(1).chain([text.len()]);
    ends.take(2 * name.chars().count() + 1)
        .map(|end| text.split_at(end))
        .find(|(head, rest)| ends_word(rest) && folded(head) == wanted)
        .map(|(head, rest)| match rest.starts_with(APP) {
            true => &text[..head.len() + APP.len()],
            false => head,
        })
}

/// Whether a name ends where `rest` begins: `@ticketsmith.` does, `@ticketsmith-dev`, `@ticketsmith/team` and
/// `@ticketsmith.dev` do not.
fn ends_word(rest: &str) -> bool {
    let mut characters = rest.chars();
    match characters.next() {
        None => true,
        Some('.') => !characters.next().is_some_and(char::is_alphanumeric),
        Some(c) => !c.is_alphanumeric() && !matches!(c, '_' | '-' | '/' | '@' | '\u{300}'..='\u{36f}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(comment: &str, expected: Option<(&str, bool)>) {
        check_in(Markup::Markdown, comment, expected);
    }

    fn check_in(markup: Markup, comment: &str, expected: Option<(&str, bool)>) {
        let said = words_for_bot(comment, "@ticketsmith", "/ticketsmith", markup);
        assert_eq!(said.map(|said| (said.words, said.is_addressed)), expected, "{comment}");
    }

    #[test]
    fn names_are_whole_words() {
        check("/ticketsmith revise use a map", Some(("revise use a map", true)));
        check("@TicketSmith, revise", Some(("revise", true)));
        check("@ticketsmith", Some(("", true)));
        check("could @ticketsmith look?", Some(("could @ticketsmith look?", false)));
        for thanks in ["Thanks, @ticketsmith!", "@ticketsmith thanks!", "@ticketsmith OK, thank you."] {
            check(thanks, Some(("", false)));
        }
        check("ask (@ticketsmith).", Some(("ask (@ticketsmith).", false)));
        check("@ticketsmith-dev look", None);
        check("@ticketsmith/team look", None);
        check("@ticketsmith.dev look", None);
        check("mail me@ticketsmith please", None);
        check("/ticketsmithing", None);
        check("see docs/ticketsmith", None);
        check("what does /ticketsmith do", None);
        check("", None);
        let said = words_for_bot("@ÜBERSETZER prüfe", "@Übersetzer", "/x", Markup::Markdown);
        assert_eq!(said.map(|said| said.words), Some("prüfe"));
        let composed = words_for_bot("@u\u{308}bersetzer prüfe", "@Übersetzer", "/x", Markup::Markdown);
        assert_eq!(composed.map(|said| said.words), Some("prüfe"));
    }

    #[test]
    fn a_command_may_follow_a_quoted_reply_or_a_greeting() {
        for comment in [
            "> May SHOP-1 be worked on?\r\n\r\n@ticketsmith approve",
            "Hi @ticketsmith, approve",
            "Good morning, @ticketsmith!\napprove",
            "Looks good to me. @ticketsmith approve",
            "I have read it.\n\n@ticketsmith: please approve",
            "Thanks!\n/ticketsmith approve",
            "- @ticketsmith approve",
            "@ticketsmith hello, please approve",
            "approve @ticketsmith",
            "Approve, @ticketsmith!",
            "<!-- who? -->\n@ticketsmith approve",
            "\u{200f}@ticketsmith\u{200f} \u{200f}approve\u{200e}",
            "\u{feff}@ticketsmith\u{a0}approve\u{200b}",
            "approve @ticketsmith\u{2060}",
            "@ticketsmith hello!\n@ticketsmith approve",
            "@ticketsmith\u{ff0c}approve",
            "@ticketsmith[bot] approve",
            "Hi @ticketsmith[bot], approve",
            "@ticketsmith\r\n> May SHOP-1 be worked on?\r\n>\r\n> It is large.\r\n\r\napprove",
            "@ticketsmith <!-- a template --> approve",
            "@ticketsmith\n\n> May I?\n<!-- who? -->\nPlease approve",
        ] {
            let said = words_for_bot(comment, "@ticketsmith", "/ticketsmith", Markup::Markdown).unwrap();
            assert!(said.is_addressed && folded(said.words) == "approve", "{comment}: {said:?}");
        }
        check_in(Markup::Wiki, "{quote}May I?{quote}\r\n\r\n@ticketsmith approve", Some(("approve", true)));
        check_in(Markup::Mrkdwn, "&gt; May I?\n@ticketsmith approve", Some(("approve", true)));
        check_in(Markup::Mrkdwn, "@ticketsmith\n&gt; May I?\napprove", Some(("approve", true)));
        check_in(Markup::Wiki, "@ticketsmith\nbq. May I?\napprove", Some(("approve", true)));
        let all = "@ticketsmith\n&gt;&gt;&gt; May I?\napprove";
        check_in(Markup::Mrkdwn, all, Some(("&gt;&gt;&gt; May I?\napprove", true)));
        // What is asked for keeps what it is about.
        check("@ticketsmith\n> the cart\nRename it", Some(("> the cart\nRename it", true)));
        check("@ticketsmith > approve", Some(("> approve", true)));
        check("@ticketsmith\n> approve", Some(("> approve", true)));
    }

    /// Anybody may comment, and comments have up to a million characters.
    #[test]
    fn time_is_in_proportion_to_the_length() {
        let time_for = |length: usize| {
            let started = std::time::Instant::now();
            for markup in [Markup::Markdown, Markup::Wiki, Markup::Mrkdwn] {
                for part in [
                    "    a\n", "`a`\n", "`a``b", "<code>", "</code ", "<!--", "{{", "{quote", "{code:a}",
                    "\n",
                ] {
                    words_for_bot(&part.repeat(length / part.len()), "@ticketsmith", "/ticketsmith", markup);
                }
                let half = |part: &str| part.repeat(length / part.len() / 2);
                let greeted = format!("{}so {}", half("hi "), half("a @ticketsmith "));
                words_for_bot(&greeted, "@ticketsmith", "/ticketsmith", markup);
            }
            started.elapsed()
        };
        // Other work on the machine only ever adds to the time.
        let shortest = |length: usize| (0..3).map(|_| time_for(length)).min().unwrap();
        let (short, long) = (shortest(6_000), shortest(48_000));
        // Eight times the length takes sixty-four times as long where time grows with the square.
        assert!(long < short * 30, "{short:?} and {long:?}");
    }

    #[test]
    fn a_greeting_that_begins_a_longer_word_is_none() {
        for words in
            ["all-day events are missing", "team.yaml: rename the key", "PLEASE-CHECK stays as it is"]
        {
            check(&format!("@ticketsmith {words}"), Some((words, true)));
            check(&format!("@ticketsmith please, {words}"), Some((words, true)));
        }
        check("@ticketsmith hi - all:build fails", Some(("all:build fails", true)));
        check("@ticketsmith hi,all, please: approve", Some(("approve", true)));
    }

    #[test]
    fn a_mention_of_somebody_else_first_is_not_spoken_to_the_bot() {
        let comment = "@grace approve what @ticketsmith did";
        check(comment, Some((comment, false)));
        let comment = "As I said, @ticketsmith stop is a command";
        check(comment, Some((comment, false)));
    }

    #[test]
    fn quotes_code_and_comments_are_not_spoken_to_the_bot() {
        check("> @ticketsmith revise\nI agree", None);
        check("```\n@ticketsmith revise\n```\nis what you write", None);
        check("write `@ticketsmith revise`", None);
        check("Fine.\n<!-- maintainers can write @ticketsmith revise -->", None);
        check("Fine.\n\n    @ticketsmith revise", None);
        check("<pre>\n@ticketsmith revise\n</pre>", None);
        check("> @ticketsmith revise\n@ticketsmith please do", Some(("do", true)));
        check_in(Markup::Wiki, "{code}@ticketsmith revise{code}", None);
    }

    #[test]
    fn the_words_keep_their_code() {
        check("@ticketsmith revise `a` to\n```\nb\n```", Some(("revise `a` to\n```\nb\n```", true)));
    }

    proptest! {
        #[test]
        fn any_comment_is_read(comment in any::<String>(), mention in any::<String>()) {
            for markup in [Markup::Markdown, Markup::Wiki, Markup::Mrkdwn] {
                words_for_bot(&comment, &mention, "/ticketsmith", markup);
            }
        }
    }
}
