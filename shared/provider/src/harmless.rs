//! Texts as code hosts may show them. What is in them comes from tickets and models as well, so they mention nobody, close no issue, load
//! no image and hide no address. What is code stays as it is.

use domain::text::{JOINER, destination, printable};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;

/// Tags that only change how a text looks, and are kept where they have no attributes.
const TAGS: &[&str] = &["br", "details", "kbd", "sub", "summary", "sup"];

/// What closes an issue when it is followed by its name:
/// <https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue>,
/// <https://docs.gitlab.com/administration/issue_closing_pattern/>.
const KEYWORDS: &[&str] = &[
    "close",
    "closes",
    "closed",
    "closing",
    "fix",
    "fixes",
    "fixed",
    "fixing",
    "resolve",
    "resolves",
    "resolved",
    "resolving",
    "implement",
    "implements",
    "implemented",
    "implementing",
];

/// How much of a text is looked at for the end of such a tag.
const LONGEST_TAG: usize = 32;

/// How much of a text is looked at for the name of an issue: addresses with the longest names of an owner and a repository are shorter.
const LONGEST_NAME: usize = 300;

/// How much of a text is looked at for the end of a host.
const LONGEST_HOST: usize = 300;

/// Escaped HTML may turn what is around it into Markdown, which is then read again. It happens once for each nesting that people write.
const MOST_PASSES: usize = 8;

/// Markdown for a body or a comment.
pub fn markdown(text: &str) -> String {
    let mut text = printable(text);
    for _ in 0..MOST_PASSES {
        let changed = pass(&text);
        if changed == text {
            return text;
        }
        text = changed;
    }
    // Whatever is left has no form at all.
    text.replace('<', "&lt;").replace('[', "\\[")
}

/// A text without [quick actions](https://docs.gitlab.com/user/project/quick_actions/), which some services carry out where a line begins
/// with `/` and a word: also in code, since services see code elsewhere than we do.
pub fn without_quick_actions(text: &str) -> String {
    let is_action = |line: &str| {
        let command = line.trim_start().strip_prefix('/');
        command.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    let defused = text.split_inclusive('\n').map(|line| match is_action(line) {
        true => line.replacen('/', &format!("{JOINER}/"), 1),
        false => line.to_owned(),
    });
    defused.collect()
}

/// A text without form: a title, the message of a commit.
pub fn plain(text: &str) -> String {
    let text = printable(text);
    let mut edits = Edits::default();
    edits.part_words(&text, &[]);
    edits.apply(&text)
}

fn pass(text: &str) -> String {
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
                let shown = destination(&words, &address).map(|shown| format!(" ({})", plain(shown)));
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
    edits.part_words(text, &code);
    edits.apply(text)
}

fn is_harmless_tag(text: &str) -> bool {
    let end = text.bytes().take(LONGEST_TAG).position(|byte| byte == b'>');
    let Some(tag) = end.and_then(|end| text.get(1..end)) else { return false };
    let name = tag.trim_start_matches('/').trim_end_matches('/').trim_end();
    TAGS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Replacements of parts of a text, by where they begin and end.
#[derive(Default)]
struct Edits(BTreeMap<(usize, usize), String>);

impl Edits {
    fn replace(&mut self, range: Range<usize>, with: &str) {
        self.0.insert((range.start, range.end), with.to_owned());
    }

    /// Parts mentions and the words that close issues, outside code.
    fn part_words(&mut self, text: &str, code: &[Range<usize>]) {
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
                let closes = KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
                if closes && names_an_issue(&rest[word.len()..]) {
                    let end = at + word.len();
                    self.replace(end..end, JOINER.encode_utf8(&mut [0; 4]));
                }
            }
            before = character;
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

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether what comes before `@` in a word makes it a part of a link, in which nobody is mentioned.
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

/// Whether a text begins as the name of an issue does behind a keyword.
fn names_an_issue(text: &str) -> bool {
    let rest = text.strip_prefix(':').unwrap_or(text);
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "*_~`[(\\<".contains(c));
    if rest.len() == text.len() {
        return false;
    }
    let token = rest.chars().take_while(|c| !c.is_whitespace()).take(LONGEST_NAME);
    let token = token.collect::<String>().to_ascii_lowercase();
    let digit_follows = |mark: &str| {
        token
            .match_indices(mark)
            .any(|(at, _)| token[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    ["#", "/issues/", "/pull/", "/work_items/"].into_iter().any(digit_follows) || token.starts_with("gh-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_quick_action() {
        let defused =
            without_quick_actions("Look:\n/close\n /merge now\n```\n/label ~bug\n```\r\n/1 a/b /x\n");
        assert_eq!(
            defused.replace(JOINER, "·"),
            "Look:\n·/close\n ·/merge now\n```\n·/label ~bug\n```\r\n/1 a/b /x\n"
        );
        assert_eq!(without_quick_actions(&defused), defused);
    }

    #[test]
    fn nothing_acts_in_markdown() {
        let check = |text: &str, expected: &str| {
            let shown = markdown(text).replace(JOINER, "·");
            assert_eq!(shown, expected, "{text}");
            assert_eq!(markdown(&markdown(text)), markdown(text), "{text}");
        };
        check("@ada and @acme/team, not a@b.example", "@·ada and @·acme/team, not a@b.example");
        check(
            "(@ada) **@ada** [@ada](https://github.com/ada)",
            "(@·ada) **@·ada** [@·ada](https://github.com/ada) (github.com)",
        );
        check(
            "Fixes #1, closes: acme/shop#2, RESOLVED GH-3",
            "Fixes· #1, closes·: acme/shop#2, RESOLVED· GH-3",
        );
        check(
            "fix https://github.com/a/b/issues/4 and fixed **#5**",
            "fix· https://github.com/a/b/issues/4 and fixed· **#5**",
        );
        check("fixes the cart; prefix #1; see #2", "fixes the cart; prefix #1; see #2");
        check("![alt](https://evil.example/x.png)", "[alt](https://evil.example/x.png) (evil.example)");
        check("[here](https://evil.example/x) it is", "[here](https://evil.example/x) (evil.example) it is");
        check(
            "[here][1]\n\n[1]: https://evil.example",
            "[here][1] (evil.example)\n\n[1]: https://evil.example",
        );
        check("[#12](https://github.com/acme/shop/pull/12)", "[#12](https://github.com/acme/shop/pull/12)");
        check(
            "<https://medium.com/@ada> https://medium.com/@ada",
            "<https://medium.com/@ada> https://medium.com/@ada",
        );
        check("https://@acme/team", "https://@·acme/team");
        check("a <img src=https://evil.example> b", "a &lt;img src=https://evil.example> b");
        check(
            "<div>\n![x](https://evil.example)\n@ada\n</div>",
            "&lt;div>\n[x](https://evil.example) (evil.example)\n@·ada\n&lt;/div>",
        );
        check("<!-- ticketsmith:x -->", "&lt;!-- ticketsmith:x -->");
        check(
            "<details><summary>More</summary>\n\na<br/>b\n\n</details>",
            "<details><summary>More</summary>\n\na<br/>b\n\n</details>",
        );
        check("<details onclick=x>", "&lt;details onclick=x>");
        check(
            "`@ada fixes #1 <img>`\n\n```\n@ada ![x](y) fixes #1\n```",
            "`@ada fixes #1 <img>`\n\n```\n@ada ![x](y) fixes #1\n```",
        );
        check("    @ada in code", "    @ada in code");
        check("Plain **text**, a list:\n\n- a\n- b\n", "Plain **text**, a list:\n\n- a\n- b\n");
    }

    #[test]
    fn no_hostile_text_acts_in_a_message() {
        let mark = domain::plugins::Mark { key: "key".into(), at: jiff::Timestamp::UNIX_EPOCH };
        for text in provider_testing::HOSTILE {
            for shown in [crate::mark::with_mark(text, &mark), plain(text)] {
                for name in ["@ada", "@acme", "@channel", "@here", "@everyone"] {
                    assert!(!shown.contains(name), "{shown}");
                }
                for keyword in ["Fixes #", "closes acme", "resolves: http", "fixed **", "FIX GH"] {
                    assert!(!shown.contains(keyword), "{shown}");
                }
                assert!(!shown.chars().any(|c| domain::text::is_hidden(c) && c != '\n'), "{shown}");
            }
            let body = crate::mark::with_mark(text, &mark);
            for tag in ["![", "<img", "<a ", "<div", "<script", "<!channel"] {
                assert!(!body.contains(tag), "{body}");
            }
            assert_eq!(crate::mark::marks_in(&body), [mark.digest()]);
            if text.contains("](https://evil") || text.contains("[1]") {
                assert!(body.contains("(evil.example)"), "{body}");
            }
        }
    }

    #[test]
    fn nothing_acts_in_a_title() {
        assert_eq!(plain("`@ada`: fixes #1").replace(JOINER, "·"), "`@·ada`: fixes· #1");
        assert_eq!(plain("Add a discount code"), "Add a discount code");
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        provider_testing::assert_in_proportion(|text| {
            markdown(text);
            plain(text);
        });
    }
}
