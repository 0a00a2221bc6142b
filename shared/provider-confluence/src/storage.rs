//! Markdown as Confluence's storage format, which is XHTML with macros.

use domain::plugins::Mark;
use domain::text::{destination, printable};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Writes Markdown in the storage format. HTML in it is kept as text, code becomes the code macro, images
/// become links, and links keep `http`, `https` and `mailto` addresses only and show where they lead.
pub fn storage_from_markdown(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut events = Vec::new();
    let mut code: Option<String> = None;
    // How many links surround it, and the link that is written: how many surround that one, where it begins, and its address.
    let mut links = 0_usize;
    let mut link: Option<(usize, usize, String)> = None;
    let markdown = printable(markdown);
    for event in Parser::new_ext(&markdown, options) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                code = Some(match kind {
                    CodeBlockKind::Fenced(language) => begin_code(&language),
                    CodeBlockKind::Indented => begin_code(""),
                });
            }
            Event::Text(text) if code.is_some() => {
                if let Some(code) = &mut code {
                    code.push_str(&in_cdata(&text));
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let code = code.take().unwrap_or_default();
                events.push(Event::Html(format!("{code}{END_CODE}\n").into()));
            }
            Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => {
                events.push(Event::Text(legal(&text).into()));
            }
            Event::Code(text) => events.push(Event::Code(legal(&text).into())),
            Event::Start(Tag::HtmlBlock) => events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => events.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. }) => {
                // Links do not nest; an image in one is its words.
                if is_safe(&dest_url) && link.is_none() {
                    link = Some((links, events.len(), dest_url.to_string()));
                    let (title, id) = (CowStr::Borrowed(""), CowStr::Borrowed(""));
                    let dest_url = legal(&dest_url).into();
                    events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
                links += 1;
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                links = links.saturating_sub(1);
                if let Some((_, start, address)) = link.take_if(|(around, _, _)| *around == links) {
                    let words = words_of(&events[start..]);
                    events.push(Event::End(TagEnd::Link));
                    if let Some(shown) = destination(&words, &address) {
                        events.push(Event::Text(format!(" ({})", legal(shown)).into()));
                    }
                }
            }
            other => events.push(other),
        }
    }
    let mut text = String::new();
    html::push_html(&mut text, events.into_iter());
    text.trim().to_owned()
}

fn words_of(events: &[Event<'_>]) -> String {
    let words = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        _ => None,
    });
    words.collect()
}

/// The mark as an anchor: <https://confluence.atlassian.com/doc/anchor-macro-182682085.html>.
pub(crate) fn anchor(mark: &Mark) -> String {
    format!(
        "<p><ac:structured-macro ac:name=\"anchor\"><ac:parameter ac:name=\"\">ticketsmith-{}</ac:parameter>\
         </ac:structured-macro></p>",
        mark.digest()
    )
}

const END_CODE: &str = "]]></ac:plain-text-body></ac:structured-macro>";

fn begin_code(info: &str) -> String {
    let word = info.split_whitespace().next().unwrap_or_default();
    let language: String =
        word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#')).collect();
    let language = match language.as_str() {
        "" => String::new(),
        language => format!("<ac:parameter ac:name=\"language\">{language}</ac:parameter>"),
    };
    format!("<ac:structured-macro ac:name=\"code\">{language}<ac:plain-text-body><![CDATA[")
}

/// What would end the section is parted over two.
fn in_cdata(text: &str) -> String {
    legal(text).replace("]]>", "]]]]><![CDATA[>")
}

/// The text without the characters that [XML](https://www.w3.org/TR/xml/#charsets) does not allow.
fn legal(text: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    text.chars().filter(allowed).collect()
}

fn is_safe(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    ["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markdown: &str, expected: &str) {
        assert_eq!(storage_from_markdown(markdown), expected, "{markdown}");
    }

    #[test]
    fn text_and_blocks() {
        check(
            "# A & B\n\n**b** *i* ~~s~~ `c<d`",
            "<h1>A &amp; B</h1>\n<p><strong>b</strong> <em>i</em> <del>s</del> <code>c&lt;d</code></p>",
        );
        check("a  \nb\n\n---", "<p>a<br />\nb</p>\n<hr />");
        check(
            "[x](https://a.example?a=1&b=2)",
            "<p><a href=\"https://a.example?a=1&amp;b=2\">x</a> (a.example)</p>",
        );
        check(
            "```rust\nif a < b && c[d[0]]>0 {}\n```",
            "<ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">rust</ac:parameter>\
             <ac:plain-text-body><![CDATA[if a < b && c[d[0]]]]><![CDATA[>0 {}\n]]></ac:plain-text-body></ac:structured-macro>",
        );
    }

    #[test]
    fn nothing_in_the_text_becomes_markup() {
        check("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
        check("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
        check("[x](javascript:alert) ![y](data:x)", "<p>x y</p>");
        check(
            "![alt](https://a.example/x.png)",
            "<p><a href=\"https://a.example/x.png\">alt</a> (a.example)</p>",
        );
        check("```x\"><ac:macro>\ny\n```", &format!("{}y\n{END_CODE}", begin_code("xacmacro")));
        check("a\u{8}b\u{FFFF}c", "<p>a\u{fffd}bc</p>");
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        provider_testing::assert_in_proportion(|text| {
            storage_from_markdown(text);
        });
    }

    #[test]
    fn no_hostile_text_acts_in_a_page() {
        for text in provider_testing::HOSTILE {
            let page = storage_from_markdown(text);
            for tag in
                ["<img", "<a href=\"javascript", "<a href=\"data", "<div", "<script", "<ac:", "<ri:", "<!"]
            {
                assert!(!page.contains(tag), "{page}");
            }
            assert!(!page.chars().any(|c| domain::text::is_hidden(c) && c != '\n'), "{page}");
            for link in page.split("<a href=\"").skip(1) {
                let (address, rest) = link.split_once('"').unwrap();
                let (_, after) = rest.split_once("</a>").unwrap();
                assert!(!address.contains("evil") || after.starts_with(" (evil.example)"), "{page}");
            }
        }
    }

    proptest::proptest! {
        /// Whatever the text, no tag but those of Markdown and of our macro comes out.
        #[test]
        fn any_text_is_no_markup(text in "([-*_~`#>|<>&!\\[\\]()=:x1. \t\n]|<script>|<ac:link>|]]>|\\PC){0,100}") {
            let storage = storage_from_markdown(&text);
            let outside_code: String = storage
                .split("<![CDATA[")
                .map(|part| part.split_once("]]>").map_or(part, |(_, after)| after))
                .collect();
            proptest::prop_assert!(!outside_code.contains("<script") && !outside_code.contains("<ac:link"), "{storage}");
        }
    }
}
