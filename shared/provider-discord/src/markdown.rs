//! Markdown as [Discord shows it](https://support.discord.com/hc/en-us/articles/210298617): without tables, images and HTML.

use domain::text::{JOINER, destination, printable};
use provider::{Blocks, first_address};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeStream};

/// Writes Markdown as Discord reads it. Text is escaped, so that nothing in it mentions a person, a role or everybody, and links keep
/// `http` and `https` addresses only and show where they lead. Tables are rows separated by `|`, images are links.
pub fn markdown_for_discord(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let out = Blocks::new("- ", "  ");
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
    /// The link that is written, since Discord does not nest them: how many surround it, where its words begin, and its address.
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
            Event::Text(text) if self.out.in_code => self.out.write(&without_fences(&text)),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.out.write(&escaped(&text))
            }
            Event::Code(text) => self.out.write(&code_span(&text)),
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
                self.out.text.push_str("**");
            }
            Tag::BlockQuote(_) => self.out.quotes += 1,
            Tag::CodeBlock(kind) => {
                self.out.block();
                self.out.text.push_str(&format!("```{}\n", language(&kind)));
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
            Tag::Strong => self.out.text.push_str("**"),
            Tag::Strikethrough => self.out.text.push_str("~~"),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                if let Some(address) = address(&dest_url).filter(|_| self.link.is_none()) {
                    self.out.text.push('[');
                    self.link = Some((self.links, self.out.text.len(), address));
                }
                self.links += 1;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Strong => self.out.text.push_str("**"),
            TagEnd::BlockQuote(_) => self.out.quotes -= 1,
            TagEnd::CodeBlock => self.out.end_code(),
            TagEnd::List(_) => {
                self.out.lists.pop();
            }
            TagEnd::Emphasis => self.out.text.push('_'),
            TagEnd::Strikethrough => self.out.text.push_str("~~"),
            TagEnd::Link | TagEnd::Image => {
                self.links = self.links.saturating_sub(1);
                let Some((_, start, address)) = self.link.take_if(|(around, _, _)| *around == self.links)
                else {
                    return;
                };
                let words = self.out.text.split_off(start.min(self.out.text.len()));
                let plain = words.replace(['\\', JOINER], "");
                if plain == address || plain.is_empty() {
                    // Discord does not link an address whose words are an address.
                    self.out.text.pop();
                    self.out.text.push_str(&format!("<{address}>"));
                } else {
                    self.out.text.push_str(&format!("{words}](<{address}>)"));
                    if let Some(shown) = destination(&plain, &address) {
                        self.out.text.push_str(&format!(" ({})", escaped(shown)));
                    }
                }
            }
            _ => {}
        }
    }
}

/// What Discord gives a meaning: <https://support.discord.com/hc/en-us/articles/210298617>. A line must not begin as a heading, a list or a
/// quote does, and `@` and `<` begin no mention.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '[' | ']' | '-' => {
                written.push('\\');
                written.push(character);
            }
            '@' | '<' => {
                written.push(character);
                written.push(JOINER);
            }
            _ => written.push(character),
        }
    }
    written
}

/// Code without what would end its block.
fn without_fences(text: &str) -> String {
    text.replace("```", &format!("`{JOINER}`{JOINER}`"))
}

/// Words in code, in which nothing can be escaped: two backticks around them, and none in them that would end them.
fn code_span(text: &str) -> String {
    if !text.contains('`') {
        return format!("`{text}`");
    }
    format!("`` {} ``", text.replace("``", &format!("`{JOINER}`")))
}

/// The language of a block of code, in the form allowed after a fence.
fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    let name = info.split_whitespace().next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '.');
    if name.chars().all(is_name) { name.to_owned() } else { String::new() }
}

/// Text whose addresses are links to themselves, in brackets so that no page is shown of them.
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
        written.push_str(&if has_host { format!("<{given}>") } else { escaped(given) });
        rest = &rest[end..];
    }
    written.push_str(&escaped(rest));
    written
}

/// An address as it may be in a link; `None` for one that leads nowhere safe.
fn address(given: &str) -> Option<String> {
    let lower = given.to_ascii_lowercase();
    let safe = ["http://", "https://"].iter().any(|scheme| lower.starts_with(scheme));
    safe.then(|| given.replace('<', "%3C").replace('>', "%3E").replace(char::is_whitespace, "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markdown: &str, expected: &str) {
        assert_eq!(markdown_for_discord(markdown).replace(JOINER, "·"), expected, "{markdown}");
    }

    #[test]
    fn text_and_marks() {
        check("Done: **bold** *em* ~~gone~~ `a < b`", "Done: **bold** _em_ ~~gone~~ `a < b`");
        check("# Title\n\nOne\ntwo\n\nthree", "**Title**\n\nOne\ntwo\n\nthree");
        check("[#12](https://a.example/x?a=1&b=2)", "[\\#12](<https://a.example/x?a=1&b=2>) (a.example)");
        check("[#12](https://a.example/pull/12)", "[\\#12](<https://a.example/pull/12>)");
        check("see https://a.example/a_b?c=1, or https://", "see <https://a.example/a_b?c=1>, or https://");
        check("<https://a.example>", "<https://a.example>");
        check("![alt](https://a.example/x.png)", "[alt](<https://a.example/x.png>) (a.example)");
        check("[x](javascript:alert)", "x");
        check("2\\. a_b \\# c \\- d", "2. a\\_b \\# c \\- d");
    }

    #[test]
    fn lists_quotes_code_and_tables() {
        check("Changed:\n- a\n- b\n  - c\n\nAfter", "Changed:\n- a\n- b\n  - c\n\nAfter");
        check("3. a\n4. b", "3. a\n4. b");
        check("> one\n> two\n\nthree", "> one\n> two\n\nthree");
        check("```rust\nlet a = \"<b>\";\n```\nafter", "```rust\nlet a = \"<b>\";\n```\n\nafter");
        check("````\n```\n````", "```\n`·`·`\n```");
        check("`` a`b ``", "`` a`b ``");
        check("| a | b |\n| - | - |\n| 1 | 2 |", "a | b\n1 | 2");
    }

    #[test]
    fn emoji_and_right_to_left_text_stay() {
        check("😀 שלום **עולם**", "😀 שלום **עולם**");
    }

    #[test]
    fn nothing_in_the_text_can_mention_or_mislead() {
        check(
            "<@175928847299117063> <@&1> <#2> @everyone",
            "<·@·175928847299117063\\> <·@·&1\\> <·\\#2\\> @·everyone",
        );
        for text in provider_testing::HOSTILE {
            let message = markdown_for_discord(text);
            for name in ["@ada", "@acme", "@channel", "@here", "@everyone", "<@", "<#", "<!"] {
                assert!(!message.contains(name), "{message}");
            }
            assert!(
                !message.chars().any(|c| domain::text::is_hidden(c) && !matches!(c, '\n' | JOINER)),
                "{message}"
            );
            for link in message.split("](<https://evil").skip(1) {
                assert!(
                    link.split_once(">)").is_some_and(|(_, after)| after.starts_with(" (evil.example)")),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        provider_testing::assert_in_proportion(|text| {
            markdown_for_discord(text);
        });
    }

    proptest::proptest! {
        /// Whatever the text, nobody is mentioned outside code, and what is in brackets is an address.
        #[test]
        fn any_text_is_safe(text in "([-*_~#>|<>&!@\\[\\]()=:x1. \t\n]|https://a|<@1>|\\PC){0,100}") {
            let message = markdown_for_discord(&text.replace('`', ""));
            if !message.contains('`') {
                proptest::prop_assert!(!message.contains("<@") && !message.contains("@everyone"), "{}", message);
            }
        }
    }
}
