//! The parts of a comment that a reader attributes to its author: not quotes, code, or text hidden in HTML.

mod ends;

use ends::Ends;

/// How the sender's comments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// GitHub's Markdown: <https://github.github.com/gfm/>.
    Markdown,
    /// Jira's wiki text. People also type Markdown's quotes and code there, so these count as well:
    /// <https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>.
    Wiki,
    /// Slack's mrkdwn, in which `>` comes as `&gt;`: <https://docs.slack.dev/messaging/formatting-message-text/>.
    Mrkdwn,
}

/// Elements of HTML whose text is code or somebody else's.
const SILENT_ELEMENTS: [&str; 5] = ["blockquote", "code", "pre", "samp", "kbd"];

/// Constructs of wiki text whose text is code or somebody else's: `{quote}…{quote}`.
const SILENT_MACROS: [&str; 3] = ["quote", "code", "noformat"];

/// The same text with spaces in place of everything that its author did not say, byte for byte, so that a place in one is that place
/// in the other. Line breaks stay. Unclosed markup counts as text, except fences and HTML comments, which then
/// hide the rest, as they do for readers. Takes time in proportion to the text's length: anybody may comment.
pub(crate) fn spoken(text: &str, markup: Markup) -> String {
    let ends = Ends::of(text, markup);
    let mut said = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let hidden = match starts_line(text, at) {
            true => silent_block(text, at, markup, &ends).or_else(|| silent_span(text, at, markup, &ends)),
            false => silent_span(text, at, markup, &ends),
        };
        if let Some(length) = hidden.filter(|length| *length > 0) {
            let blank = |c: char| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8());
            said.extend(rest[..length].chars().flat_map(blank));
            at += length;
            continue;
        }
        // A run of backticks that closes nothing is skipped whole: its end could otherwise open something.
        let length = match (backticks(rest), rest.strip_prefix('\\').and_then(|rest| rest.chars().next())) {
            (0, Some(escaped)) => 1 + escaped.len_utf8(),
            (0, None) => rest.chars().next().map_or(1, char::len_utf8),
            (ticks, _) => ticks,
        };
        said.push_str(&rest[..length]);
        at += length;
    }
    said
}

/// The text behind the quoted lines and HTML comments at its start, which a reader of a reply passes over.
pub(crate) fn behind_quotes(text: &str, markup: Markup) -> &str {
    let mut rest = text;
    loop {
        let words = rest.trim_start();
        let starts_line = rest[..rest.len() - words.len()].contains('\n');
        let hidden = match starts_line && is_quote(words, markup) {
            true if quotes_all(words, markup) => Some(words.len()),
            true => Some(line_length(words)),
            false => comment_end(words, 0).filter(|_| markup != Markup::Mrkdwn),
        };
        // The line break before the next line stays, so that it starts one.
        let Some(length) = hidden else { return words };
        rest = words[..length].strip_suffix('\n').map_or(&words[length..], |line| &words[line.len()..]);
    }
}

fn is_quote(words: &str, markup: Markup) -> bool {
    match markup {
        Markup::Markdown => words.starts_with('>'),
        Markup::Mrkdwn => words.starts_with("&gt;") || words.starts_with('>'),
        Markup::Wiki => words.starts_with('>') || words.starts_with("bq. "),
    }
}

/// Whether a quote goes on to the end of the text: in Slack, three signs say so.
fn quotes_all(words: &str, markup: Markup) -> bool {
    markup == Markup::Mrkdwn && (words.starts_with("&gt;&gt;&gt;") || words.starts_with(">>>"))
}

fn starts_line(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes()[at - 1] == b'\n'
}

fn backticks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

/// The length of the line with its line break.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

/// The length of a block that begins with this line and does not count: a fence, a quoted line, indented code.
fn silent_block(text: &str, at: usize, markup: Markup, ends: &Ends) -> Option<usize> {
    let rest = &text[at..];
    let line = rest[..line_length(rest)].trim_end();
    let words = line.trim_start();
    if let Some(fence) = fence(words) {
        return Some(fenced_length(rest, fence));
    }
    if quotes_all(words, markup) {
        return Some(rest.len());
    }
    let quote = is_quote(words, markup);
    let is_indented = line.starts_with("    ") || line.starts_with('\t');
    let code = markup == Markup::Markdown
        && is_indented
        && !ends.has_item_before(at)
        && follows_nothing(&text[..at]);
    (quote || code).then(|| line_length(rest))
}

/// Whether indented text after `before` is code outside lists: after an empty line or more such code.
fn follows_nothing(before: &str) -> bool {
    match before.lines().next_back() {
        None => true,
        Some(last) => last.trim().is_empty() || last.starts_with("    ") || last.starts_with('\t'),
    }
}

/// The fence that a line opens: its character and how many of them.
fn fence(words: &str) -> Option<(char, usize)> {
    let character = words.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = words.trim_start_matches(character);
    let length = words.len() - info.len();
    (length >= 3 && !(character == '`' && info.contains('`'))).then_some((character, length))
}

/// The length of a fenced block, to the end of the text if it is not closed.
fn fenced_length(text: &str, (character, length): (char, usize)) -> usize {
    let mut at = line_length(text);
    while at < text.len() {
        let rest = &text[at..];
        at += line_length(rest);
        let line = rest[..line_length(rest)].trim();
        if line.len() >= length && line.chars().all(|c| c == character) {
            break;
        }
    }
    at
}

/// The length of an inline part that begins here and does not count.
fn silent_span(text: &str, at: usize, markup: Markup, ends: &Ends) -> Option<usize> {
    let end = match text.as_bytes().get(at)? {
        b'`' => ends.code(text, at, markup),
        b'<' if markup != Markup::Mrkdwn => comment_end(text, at).or_else(|| ends.element(at)),
        b'{' if markup == Markup::Wiki => ends.wiki(text, at),
        _ => None,
    };
    end.map(|end| end - at)
}

fn comment_end(text: &str, at: usize) -> Option<usize> {
    let inside = text[at..].strip_prefix("<!--")?;
    Some(inside.find("-->").map_or(text.len(), |end| at + "<!--".len() + end + "-->".len()))
}

fn is_tag(text: &str, opening: &str, name: &str) -> bool {
    let Some(rest) = text.strip_prefix(opening) else { return false };
    rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && rest[name.len()..].starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is left of a text, in words.
    fn left(text: &str, markup: Markup) -> String {
        let said = spoken(text, markup);
        assert_eq!(said.len(), text.len(), "{text}");
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_the_author_said_is_left() {
        for (text, expected) in [
            ("a\n> b\nc", "a c"),
            ("a <!-- b\n\nc --> d", "a d"),
            ("a <!-- b", "a"),
            ("a `b` ``c ` d`` e", "a e"),
            ("a ` b\n\nc ` d", "a ` b c ` d"),
            ("write `<!--` and c", "write and c"),
            ("\\`a\\`", "\\`a\\`"),
            ("```rust\na\n``\n```\nb", "b"),
            ("~~~\na\n```\n~~~\nb", "b"),
            ("a\n```\nb", "a"),
            ("a\n\n    b\n\n\tc\nd", "a d"),
            ("- a\n\n    b", "- a b"),
            ("a\n    b", "a b"),
            ("<CODE class=x>a</code> b <pre>\nc</pre> d", "b d"),
            ("<blockquote>a<blockquote>b</blockquote>c</blockquote> d", "d"),
            ("<code>a", "<code>a"),
            ("<codex>a</codex>", "<codex>a</codex>"),
            ("{quote}a{quote}", "{quote}a{quote}"),
            ("ä `ö` ü", "ä ü"),
        ] {
            assert_eq!(left(text, Markup::Markdown), expected, "{text}");
        }
    }

    #[test]
    fn wiki_text_and_slack_have_forms_of_their_own() {
        for (text, expected) in [
            ("{quote}a\nb{quote}\r\n\r\nc", "c"),
            ("{code:title=a.rs|x=1}b{code} {noformat}c{noformat} d", "d"),
            ("bq. a\nb", "b"),
            ("a {{b}} c", "a c"),
            ("a {{b\n}} c {quote} d", "a {{b }} c {quote} d"),
            ("{color:red}a{color}", "{color:red}a{color}"),
            ("> a\n```\nb\n```\nc", "c"),
        ] {
            assert_eq!(left(text, Markup::Wiki), expected, "{text}");
        }
        for (text, expected) in [
            ("&gt; a\nb", "b"),
            ("a\n&gt;&gt;&gt; b\nc", "a"),
            ("a ```b\n\nc``` d", "a d"),
            ("<@U1> a", "<@U1> a"),
        ] {
            assert_eq!(left(text, Markup::Mrkdwn), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_length(text in "[ \\n>`~<{}!\\-a-cä&;]{0,60}") {
            for markup in [Markup::Markdown, Markup::Wiki, Markup::Mrkdwn] {
                let said = spoken(&text, markup);
                prop_assert_eq!(said.len(), text.len());
                prop_assert_eq!(said.matches('\n').count(), text.matches('\n').count());
            }
        }
    }
}
