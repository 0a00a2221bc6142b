//! Text for a service that reads Markdown. Tickets and models contribute to it, so it mentions nobody, closes
//! no issue, loads no image and hides no address, and as a commit's message it skips no checks. Code stays as it is.

use domain::text::{JOINER, destination, printable};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;

/// Tags that only affect the appearance, kept if they have no attributes.
const TAGS: &[&str] = &["br", "details", "kbd", "sub", "summary", "sup"];

/// How much of a text is looked at for the end of such a tag.
const LONGEST_TAG: usize = 32;

/// How much of a text is looked at for the end of a host.
const LONGEST_HOST: usize = 300;

/// How much of a text is looked at for the end of what skips checks.
const LONGEST_SKIP: usize = 40;

/// Escaped HTML may turn the text around it into Markdown, which is then read again. This happens once for each level of nesting.
const MOST_PASSES: usize = 8;

/// Whether a word closes an issue, given the text that follows it. Services without such words say `|_, _| false`.
pub type Closes = fn(&str, &str) -> bool;

/// Markdown in which nothing acts, for a body, a comment or a message.
pub fn harmless_markdown(text: &str, closes: Closes) -> String {
    let mut text = printable(text);
    for _ in 0..MOST_PASSES {
        let changed = pass(&text, closes);
        if changed == text {
            return text;
        }
        text = changed;
    }
    // The rest has no formatting at all.
    text.replace('<', "&lt;").replace('[', "\\[")
}

/// A text without form in which nothing acts: a title, the message of a commit.
pub fn harmless_text(text: &str, closes: Closes) -> String {
    let text = printable(text);
    let mut edits = Edits::default();
    edits.part_words(&text, &[], closes);
    edits.part_skips(&text);
    edits.apply(&text)
}

fn pass(text: &str, closes: Closes) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut edits = Edits::default();
    let mut code: Vec<Range<usize>> = Vec::new();
    let mut links: Vec<(String, String)> = Vec::new();
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code.push(range),
            Event::Code(words) => {
                links.iter_mut().for_each(|(known, _)| known.push_str(&words));
                code.push(range);
            }
            Event::Text(words) => links.iter_mut().for_each(|(known, _)| known.push_str(&words)),
            Event::Start(Tag::Image { .. }) if text[range.start..].starts_with('!') => {
                edits.replace(range.start..range.start + 1, "");
            }
            Event::Start(Tag::Link { dest_url, .. }) => links.push((String::new(), dest_url.into_string())),
            Event::End(TagEnd::Link) => {
                let Some((words, address)) = links.pop() else { continue };
                let shown =
                    destination(&words, &address).map(|shown| format!(" ({})", harmless_text(shown, closes)));
                if let Some(shown) = shown.filter(|shown| !text[range.end..].starts_with(shown.as_str())) {
                    edits.replace(range.end..range.end, &shown);
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => {
                for (at, _) in text[range.clone()].match_indices('<') {
                    let at = range.start + at;
                    if !is_harmless_tag(&text[at..]) {
                        edits.replace(at..at + 1, "&lt;");
                    }
                }
            }
            _ => {}
        }
    }
    edits.part_words(text, &code, closes);
    edits.apply(text)
}

fn is_harmless_tag(text: &str) -> bool {
    let end = text.bytes().take(LONGEST_TAG).position(|byte| byte == b'>');
    let Some(tag) = end.and_then(|end| text.get(1..end)) else { return false };
    let name = tag.trim_start_matches('/').trim_end_matches('/').trim_end();
    TAGS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Replacements of parts of a text, by their start and end.
#[derive(Default)]
struct Edits(BTreeMap<(usize, usize), String>);

impl Edits {
    fn replace(&mut self, range: Range<usize>, with: &str) {
        self.0.insert((range.start, range.end), with.to_owned());
    }

    /// Parts mentions and the words that close issues, outside code.
    fn part_words(&mut self, text: &str, code: &[Range<usize>], closes: Closes) {
        let mut code = code.iter().peekable();
        let (mut before, mut token) = (' ', 0);
        for (at, character) in text.char_indices() {
            while code.next_if(|range| range.end <= at).is_some() {}
            let is_code = code.peek().is_some_and(|range| range.contains(&at));
            if character.is_whitespace() || matches!(character, '(' | '<' | '[') {
                token = at + character.len_utf8();
            }
            let rest = &text[at..];
            if is_code {
            } else if character == '@' {
                let is_name = rest[1..].starts_with(|next: char| next.is_alphanumeric());
                // An underscore before it may be emphasis.
                if is_name && !before.is_alphanumeric() && !is_address(&text[token..at]) {
                    self.replace(at + 1..at + 1, JOINER.encode_utf8(&mut [0; 4]));
                }
            } else if !is_word(before) && is_word(character) {
                let word = rest.split(|next| !is_word(next)).next().unwrap_or_default();
                if closes(word, &rest[word.len()..]) {
                    let end = at + word.len();
                    self.replace(end..end, JOINER.encode_utf8(&mut [0; 4]));
                }
            }
            before = character;
        }
    }

    /// Parts what keeps checks from running if a commit's message or title has it: `[skip ci]`, `[no ci]` and `skip-checks: true` on
    /// [GitHub](https://docs.github.com/en/actions/managing-workflow-runs/skipping-workflow-runs), `[ci-skip]` on GitLab, and others'
    /// forms, such as `[skip netlify]` and `***NO_CI***`.
    fn part_skips(&mut self, text: &str) {
        let text = text.to_ascii_lowercase();
        let mut part = |at: usize| self.replace(at..at, JOINER.encode_utf8(&mut [0; 4]));
        for (at, bracket) in text.match_indices('[') {
            let start = at + bracket.len();
            if is_skip(&text[start..]) {
                part(start);
            }
        }
        for (phrase, follows) in [("skip-checks", ":"), ("***no_ci***", "")] {
            for (at, _) in text.match_indices(phrase) {
                if text[at + phrase.len()..].trim_start_matches([' ', '\t']).starts_with(follows) {
                    part(at + 4);
                }
            }
        }
    }

    fn apply(self, text: &str) -> String {
        let mut changed = String::with_capacity(text.len());
        let mut from = 0;
        for ((start, end), with) in self.0 {
            if let Some(kept) = text.get(from..start) {
                changed.push_str(kept);
                changed.push_str(&with);
                from = end;
            }
        }
        changed.push_str(&text[from..]);
        changed
    }
}

/// Whether a text in lower case, after its opening bracket, begins with an instruction to skip checks.
fn is_skip(text: &str) -> bool {
    let end = text.bytes().take(LONGEST_SKIP).position(|byte| byte == b']');
    let Some(inside) = end.and_then(|end| text.get(..end)) else { return false };
    // What was parted before stays as it is.
    if inside.starts_with(JOINER) {
        return false;
    }
    let words: Vec<&str> = inside.split([' ', '-', '_']).collect();
    matches!(words.as_slice(), ["skip", _] | [_, "skip"] | ["no", "ci"])
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether the text before `@` in a word makes it part of a link, which mentions nobody.
fn is_address(before: &str) -> bool {
    let behind = |scheme: &str| {
        let (start, rest) = before.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    behind("https://").or_else(|| behind("http://")).is_some_and(|host| {
        host.starts_with(|first: char| first.is_ascii_alphanumeric())
            && host.bytes().take(LONGEST_HOST).any(|byte| byte == b'/')
    })
}
