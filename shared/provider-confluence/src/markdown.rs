//! Confluence's storage format as Markdown, for agents and people to read: headings, lists, links, emphasis, code and tables. What else there
//! is, such as most macros, is left out but for its words.

/// Writes a text in the storage format as Markdown.
pub(crate) fn markdown_from_storage(storage: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = storage;
    while let Some(start) = rest.find('<') {
        writer.text(&unescaped(&rest[..start]));
        let tag = &rest[start..];
        if let Some(data) = tag.strip_prefix("<![CDATA[") {
            let end = data.find("]]>").unwrap_or(data.len());
            writer.code(&data[..end]);
            rest = data.get(end + 3..).unwrap_or_default();
        } else if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else {
            let end = tag.find('>').unwrap_or(tag.len());
            writer.tag(tag.get(1..end).unwrap_or_default());
            rest = tag.get(end + 1..).unwrap_or_default();
        }
    }
    writer.text(&unescaped(rest));
    let lines = writer.markdown.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let mut markdown = lines.trim().to_owned();
    while markdown.contains("\n\n\n") {
        markdown = markdown.replace("\n\n\n", "\n\n");
    }
    markdown
}

#[derive(Default)]
struct Writer {
    markdown: String,
    /// The next number of each list around, `None` for bullets.
    lists: Vec<Option<u64>>,
    /// The addresses of the links around.
    links: Vec<String>,
    /// The name and parameters of a macro, which people do not read.
    parameters: usize,
    is_block_of_code: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.parameters > 0 || (text.trim().is_empty() && self.markdown.ends_with(['\n', ' '])) {
            return;
        }
        self.markdown.push_str(&text.replace('\n', " "));
    }

    fn code(&mut self, text: &str) {
        if self.parameters > 0 {
            return;
        }
        match self.is_block_of_code {
            true => self.markdown.push_str(&format!("\n\n```\n{}\n```\n\n", text.trim_end())),
            false => self.markdown.push_str(text),
        }
    }

    fn tag(&mut self, tag: &str) {
        let (closes, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let is_empty = tag.ends_with('/');
        let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
        match (name, closes) {
            ("p" | "div" | "table" | "blockquote", _) => self.block("\n\n"),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                self.block("\n\n");
                let depth = name[1..].parse().unwrap_or(1);
                self.markdown.push_str(&format!("{} ", "#".repeat(depth)));
            }
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", true) => self.block("\n\n"),
            ("br", _) => self.markdown.push('\n'),
            ("hr", _) => self.markdown.push_str("\n\n---\n\n"),
            ("strong" | "b", _) => self.markdown.push_str("**"),
            ("em" | "i", _) => self.markdown.push('_'),
            ("code", _) => self.markdown.push('`'),
            ("ul", false) => self.lists.push(None),
            ("ol", false) => self.lists.push(Some(1)),
            ("ul" | "ol", true) => {
                self.lists.pop();
                self.block(if self.lists.is_empty() { "\n\n" } else { "\n" });
            }
            ("li", false) => self.item(),
            ("tr", true) => self.markdown.push_str("|\n"),
            ("td" | "th", false) => self.markdown.push_str("| "),
            ("td" | "th", true) => self.markdown.push(' '),
            ("a", false) => {
                self.links.push(attribute(tag, "href").unwrap_or_default());
                self.markdown.push('[');
            }
            ("a", true) => {
                let address = self.links.pop().unwrap_or_default();
                self.markdown.push_str(&format!("]({address})"));
            }
            ("ac:parameter", false) if !is_empty => self.parameters += 1,
            ("ac:parameter", true) => self.parameters = self.parameters.saturating_sub(1),
            ("ac:plain-text-body", closes) => self.is_block_of_code = !closes,
            _ => {}
        }
    }

    fn block(&mut self, between: &str) {
        let is_at_bullet = !self.lists.is_empty() && self.markdown.ends_with(' ');
        if !self.markdown.is_empty() && !is_at_bullet && self.lists.is_empty() {
            self.markdown.push_str(between);
        }
    }

    fn item(&mut self) {
        if !self.markdown.ends_with('\n') {
            self.markdown.push('\n');
        }
        self.markdown.push_str(&"  ".repeat(self.lists.len().saturating_sub(1).min(8)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.markdown.push_str(&format!("{number}. "));
                *number = number.saturating_add(1);
            }
            _ => self.markdown.push_str("- "),
        }
    }
}

/// The value of an attribute in a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    Some(unescaped(rest.split('"').next().unwrap_or_default()))
}

/// Text with the common entities decoded. Rare ones stay.
fn unescaped(text: &str) -> String {
    let known = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    known.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::storage_from_markdown;

    #[test]
    fn what_we_write_is_read_as_it_was() {
        for markdown in [
            "# How\n\nOne **bold** _em_ `code` & <b>",
            "- a\n- b\n\nAfter",
            "1. a\n2. b",
            "[#12](https://a.example/pull/12)",
            "```\nif a < b && c:\n    d\n```",
            "😀 שלום",
        ] {
            assert_eq!(markdown_from_storage(&storage_from_markdown(markdown)), markdown);
        }
    }

    #[test]
    fn macros_leave_their_words_and_not_their_names() {
        let storage = "<p>See</p><ac:structured-macro ac:name=\"info\"><ac:parameter ac:name=\"title\">T</ac:parameter>\
            <ac:rich-text-body><p>the note</p></ac:rich-text-body></ac:structured-macro><!-- hidden --><p>End &amp; all</p>";
        assert_eq!(markdown_from_storage(storage), "See\n\nthe note\n\nEnd & all");
        assert_eq!(markdown_from_storage("<p>cut off"), "cut off");
        assert_eq!(markdown_from_storage("<"), "");
        assert_eq!(markdown_from_storage("a <é"), "a");
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        provider_testing::assert_in_proportion(|text| {
            markdown_from_storage(text);
        });
    }
}
