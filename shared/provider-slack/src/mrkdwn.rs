//! Markdown as Slack's [mrkdwn](https://docs.slack.dev/messaging/formatting-message-text).

use domain::text::{destination, printable};
use provider::{Blocks, first_address};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};

/// Writes Markdown as `mrkdwn`. Text is escaped, so that nothing in it can mention a person, a channel or everybody, and
/// links keep `http`, `https` and `mailto` addresses only and show where they lead. Headings are bold, tables are rows separated by `|`, images are links.
pub fn mrkdwn_from_markdown(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let out = Blocks::new("• ", "    ");
    let mut writer = Writer { out, links: 0, link: None, first_cell: false };
    let markdown = printable(markdown);
    for event in TextMergeStream::new(Parser::new_ext(&markdown, options)) {
        writer.read(event);
    }
    writer.out.text.trim().to_owned()
}

struct Writer {
    out: Blocks,
    /// How many links are around.
    links: usize,
    /// The link that is written, since Slack does not nest them: how many surround it, where its words begin, and its address.
    link: Option<(usize, usize, String)>,
    first_cell: bool,
}

impl Writer {
    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if !self.out.in_code && self.link.is_none() => {
                self.out.write(&with_links(&text));
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.out.write(&escaped(&text))
            }
            Event::Code(text) => self.out.write(&format!("`{}`", escaped(&text))),
            Event::SoftBreak | Event::HardBreak => self.out.write("\n"),
            Event::Rule => {
                self.out.block();
                self.out.text.push_str("———");
            }
            Event::TaskListMarker(done) => self.out.text.push_str(if done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(text) => self.out.write(&escaped(&text)),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.out.write(&escaped(&text)),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.out.block(),
            Tag::Heading { .. } => {
                self.out.block();
                self.out.text.push('*');
            }
            Tag::BlockQuote(_) => self.out.quotes += 1,
            // A language after the fence would be shown as code, so it is left out.
            Tag::CodeBlock(_) => {
                self.out.block();
                self.out.text.push_str("```\n");
                self.out.in_code = true;
            }
            Tag::List(first) => self.out.lists.push(first),
            Tag::Item => self.out.item(),
            Tag::Table(_) => self.out.block(),
            Tag::TableHead | Tag::TableRow => {
                self.out.line();
                self.first_cell = true;
            }
            Tag::TableCell if std::mem::take(&mut self.first_cell) => {}
            Tag::TableCell => self.out.text.push_str(" | "),
            Tag::Emphasis => self.out.text.push('_'),
            Tag::Strong => self.out.text.push('*'),
            Tag::Strikethrough => self.out.text.push('~'),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                if let Some(address) = address(&dest_url).filter(|_| self.link.is_none()) {
                    self.out.text.push_str(&format!("<{address}|"));
                    self.link = Some((self.links, self.out.text.len(), dest_url.into_string()));
                }
                self.links += 1;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Strong => self.out.text.push('*'),
            TagEnd::BlockQuote(_) => self.out.quotes -= 1,
            TagEnd::CodeBlock => self.out.end_code(),
            TagEnd::List(_) => {
                self.out.lists.pop();
            }
            TagEnd::Emphasis => self.out.text.push('_'),
            TagEnd::Strikethrough => self.out.text.push('~'),
            TagEnd::Link | TagEnd::Image => {
                self.links = self.links.saturating_sub(1);
                let Some((_, start, address)) = self.link.take_if(|(around, _, _)| *around == self.links)
                else {
                    return;
                };
                let words = unescaped(self.out.text.get(start..).unwrap_or_default());
                self.out.text.push('>');
                if let Some(shown) = destination(&words, &address) {
                    self.out.text.push_str(&format!(" ({})", escaped(shown)));
                }
            }
            _ => {}
        }
    }
}

/// The words as [`escaped`] found them.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The three characters that Slack gives a meaning, and nothing else:
/// <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text whose addresses link to themselves, since Slack is told not to look for any.
fn with_links(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(start) = first_address(rest) {
        let end = rest[start..].find(|c: char| c.is_whitespace() || "<>|\"'()[]{}`".contains(c));
        let given = rest[start..end.map_or(rest.len(), |end| start + end)]
            .trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '~']);
        let has_host =
            given.split_once("://").is_some_and(|(_, host)| host.starts_with(|c: char| c.is_alphanumeric()));
        let end = start + given.len();
        written.push_str(&escaped(&rest[..start]));
        written.push_str(&if has_host { format!("<{}>", escaped(given)) } else { escaped(given) });
        rest = &rest[end..];
    }
    written.push_str(&escaped(rest));
    written
}

/// An address as it may be in a link; `None` for one that leads nowhere safe.
fn address(given: &str) -> Option<String> {
    let lower = given.to_ascii_lowercase();
    let safe = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    safe.then(|| escaped(given).replace('|', "%7C").replace(char::is_whitespace, "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markdown: &str, expected: &str) {
        assert_eq!(mrkdwn_from_markdown(markdown), expected, "{markdown}");
    }

    #[test]
    fn text_and_marks() {
        check("Done: **bold** *em* ~~gone~~ `a < b`", "Done: *bold* _em_ ~gone~ `a &lt; b`");
        check("# Title\n\nOne\ntwo\n\nthree", "*Title*\n\nOne\ntwo\n\nthree");
        check("[#12](https://a.example/x?a=1&b=2)", "<https://a.example/x?a=1&amp;b=2|#12> (a.example)");
        check("[#12](https://a.example/pull/12)", "<https://a.example/pull/12|#12>");
        check(
            "see https://a.example/a_b?c=1&d=2, or https://",
            "see <https://a.example/a_b?c=1&amp;d=2>, or https://",
        );
        check("<https://a.example>", "<https://a.example|https://a.example>");
        check("![alt](https://a.example/x.png)", "<https://a.example/x.png|alt> (a.example)");
    }

    #[test]
    fn lists_quotes_code_and_tables() {
        check("Changed:\n- a\n- b\n  - c\n\nAfter", "Changed:\n• a\n• b\n    • c\n\nAfter");
        check("3. a\n4. b", "3. a\n4. b");
        check("- [x] did\n- [ ] will", "• ☑ did\n• ☐ will");
        check("> one\n> two\n\nthree", "> one\n> two\n\nthree");
        check("```rust\nlet a = \"<b>\";\n```\nafter", "```\nlet a = \"&lt;b&gt;\";\n```\n\nafter");
        check("| a | b |\n| - | - |\n| 1 | 2 |", "a | b\n1 | 2");
        check("a\n\n---\n\nb", "a\n\n———\n\nb");
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        provider_testing::assert_in_proportion(|text| {
            mrkdwn_from_markdown(text);
        });
    }

    #[test]
    fn no_hostile_text_acts_in_a_message() {
        for text in provider_testing::HOSTILE {
            let message = mrkdwn_from_markdown(text);
            for part in message.split('<').skip(1) {
                let (link, after) = part.split_once('>').unwrap();
                assert!(link.starts_with("https://"), "{message}");
                let is_masked = link.contains('|') && link.contains("evil.example");
                assert!(!is_masked || after.starts_with(" (evil.example)"), "{message}");
            }
            assert!(!message.chars().any(|c| domain::text::is_hidden(c) && c != '\n'), "{message}");
        }
    }

    #[test]
    fn nothing_in_the_text_can_mention_or_mislead() {
        for hostile in [
            "<!channel> <!here> <@U012AB3CD> <!subteam^S1> <#C1|x>",
            "`<!channel>`",
            "```\n<!channel>\n```",
            "[<!channel>](https://a.example)",
            "[x](<https://a.example/|<!channel>>)",
            "[x](javascript:alert)",
            "<b>\n<!channel>\n</b>",
            "&lt;!channel&gt;",
        ] {
            let text = mrkdwn_from_markdown(hostile);
            for part in text.split('<').skip(1) {
                assert!(part.starts_with("https://a.example"), "{hostile} became {text}");
            }
        }
        check("[x](javascript:alert)", "x");
    }

    proptest::proptest! {
        /// Whatever the text, what is in Slack's brackets is a link to an address that is safe.
        #[test]
        fn any_text_is_safe(text in "([-*_~`#>|<>&!@\\[\\]()=:x1. \t\n]|https://a|<!here>|\\PC){0,100}") {
            for part in mrkdwn_from_markdown(&text).split('<').skip(1) {
                proptest::prop_assert!(
                    ["http://", "https://", "mailto:"].iter().any(|safe| part.to_lowercase().starts_with(safe)),
                    "{part}"
                );
            }
        }
    }
}
