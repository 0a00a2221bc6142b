//! Detects comments addressed to the bot.

use crate::spoken::{Markup, behind_quotes, spoken};
use domain::command::CommandWord;
use domain::folded;
use domain::typed::{bare_word, ends_word as is_end, first_word, is_invisible};

/// Words that people say before they come to the point.
const GREETINGS: [&str; 19] = [
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
    "thanks",
    "thank",
    "thx",
    "ok",
    "okay",
    "great",
    "please",
    "pls",
];

/// Words that go on with a greeting. Without one before them, they begin a sentence: `There is a typo`.
const FOLLOWERS: [&str; 5] = ["there", "all", "team", "you", "day"];

/// Those with which people ask for something: what follows is what they ask for.
const PLEASE: [&str; 2] = ["please", "pls"];

/// Those that also say something about the word behind them, even if that is a command's: `good plan`.
const PRAISE: [&str; 2] = ["good", "great"];

/// Those of them that people also say at the end.
const THANKS: [&str; 3] = ["thanks", "thank", "thx"];

/// Emphasis and brackets that people put around a name.
const AROUND: [(char, char); 4] = [('*', '*'), ('~', '~'), ('(', ')'), ('[', ']')];

/// What GitHub puts behind the names of apps.
const APP: &str = "[bot]";

/// The part of a comment addressed to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// The words after the address, without greetings, or the whole comment if the bot is only mentioned in it.
    pub(crate) words: &'a str,
    /// Whether the words are spoken to the bot, so that it answers them.
    pub(crate) is_addressed: bool,
    /// What is said before the address, unless that is a greeting.
    pub(crate) before: &'a str,
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
            let (lead, behind) = unwrapped(before, &comment[line_start + at + address.len()..]);
            // A sentence begins here, perhaps after a greeting or a list marker.
            if at <= greeted || lead.trim_end().ends_with(['.', '!', '?']) {
                let names = [command, mention];
                let words = without_greeting_to(behind, &names);
                // After a greeting on its own line, the next line counts.
                let again = names.into_iter().find_map(|name| self::address(words, name));
                let words = again.map_or(words, |again| without_greeting(&words[again.len()..]));
                // A command may follow what it answers; other words keep what they are about.
                let answer = without_greeting(behind_quotes(behind, markup));
                let words = if begins_with_command(answer) { answer } else { words };
                // `Thanks, @ticketsmith!` asks for nothing, and neither does `@ticketsmith thank you`.
                let asks = !words.is_empty() || (lead.trim().is_empty() && !thanks(behind));
                let before = said_before(&comment[..line_start + lead.len()]);
                return Some(Said { words, is_addressed: asks, before });
            }
            // `approve, @ticketsmith` is said in this order, too.
            if is_first && index == 0 && address.starts_with('@') {
                let first = before.trim().trim_end_matches([',', ':']);
                let mut more = behind.chars();
                let is_last =
                    more.all(|c| is_invisible(c) || c.is_whitespace() || matches!(c, '.' | '!' | '?'));
                if is_last && is_word(first) {
                    let start = line_start + before.len() - before.trim_start().len();
                    let words = &comment[start..start + first.len()];
                    return Some(Said { words, is_addressed: true, before: "" });
                }
            }
            is_named |= !address.starts_with('/');
        }
        is_first &= line.trim().is_empty();
        line_start += line.len();
    }
    is_named.then(|| Said { words: comment.trim(), is_addressed: false, before: "" })
}

/// What is before and behind a name, without what is only around the name: `**@bot** approve`, `(@bot) approve` and, as it comes out when a
/// mention is pasted, `[@bot](https://…) approve`.
fn unwrapped<'b, 'a>(mut before: &'b str, mut behind: &'a str) -> (&'b str, &'a str) {
    loop {
        let inside = AROUND.iter().find_map(|(opening, closing)| {
            let (before, behind) = (before.strip_suffix(*opening)?, behind.strip_prefix(*closing)?);
            Some((before, if *closing == ']' { behind_target(behind) } else { behind }))
        });
        match inside {
            Some(less) => (before, behind) = less,
            None => return (before, behind),
        }
    }
}

/// The text behind the target of a link at its start. A target ends before the next one begins, so that many of them take no more time.
fn behind_target(text: &str) -> &str {
    let Some(target) = text.strip_prefix('(') else { return text };
    let end = target.find(|c: char| matches!(c, '(' | ')') || c.is_whitespace());
    end.and_then(|end| target[end..].strip_prefix(')')).unwrap_or(text)
}

/// What the start of a comment says, or nothing if it only greets or marks a list.
fn said_before(start: &str) -> &str {
    match greeted(start) < start.len() && start.contains(char::is_alphabetic) {
        true => start.trim(),
        false => "",
    }
}

/// The text after greetings at its start: `hi, please approve` becomes `approve`. A sentence that only begins like one stays whole.
pub(crate) fn without_greeting(text: &str) -> &str {
    without_greeting_to(text, &[])
}

/// The same, where one of these names of the bot may be what is said behind a greeting.
fn without_greeting_to<'a>(text: &'a str, names: &[&str]) -> &'a str {
    let whole = without_punctuation(text);
    let mut rest = whole;
    loop {
        match greeting(rest, rest.len() < whole.len(), names) {
            0 => return rest,
            length => rest = without_punctuation(&rest[length..]),
        }
    }
}

/// How long the greeting at the start of a text is. Its words are one only if punctuation, the end of the line, a command or one of these names
/// ends them, or if they say please. `goes_on` says whether another greeting is before it.
fn greeting(text: &str, goes_on: bool, names: &[&str]) -> usize {
    let (mut length, mut asked) = (0, 0);
    let (mut is_alone, mut is_praise) = (false, false);
    loop {
        let rest = &text[length..];
        let (word, after) = rest.split_at(rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()));
        let word = folded(word);
        if !is_of_greeting(&word) || !ends_greeting(after) {
            break;
        }
        is_alone |= length == 0 && FOLLOWERS.contains(&word.as_str());
        is_praise = PRAISE.contains(&word.as_str());
        length = text.len() - after.trim_start_matches(|c: char| c.is_whitespace() && c != '\n').len();
        if PLEASE.contains(&word.as_str()) {
            asked = length;
        }
    }
    let rest = &text[length..];
    let ends = match is_alone && !goes_on {
        true => rest.is_empty() || rest.starts_with([',', '!', '\u{ff0c}', '\u{ff01}']),
        false => ends_greeting(rest) || names.iter().any(|name| address(rest, name).is_some()),
    };
    let says_command = !is_alone && !is_praise && begins_with_command(rest);
    if ends || says_command { length } else { asked }
}

fn is_of_greeting(word: &str) -> bool {
    GREETINGS.contains(&word) || FOLLOWERS.contains(&word)
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
        let word = folded(word);
        if !word.is_empty() && !is_of_greeting(&word) {
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
mod tests;
