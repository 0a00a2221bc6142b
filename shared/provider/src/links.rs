//! Links in texts of tickets to files that people put there.

use domain::Attachment;
use std::collections::BTreeSet;

/// How much of the text before a link is looked at for its name.
const LONGEST_LABEL: usize = 2_000;

/// A link in a text to something below an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'t> {
    /// Its place in the text, in bytes.
    pub at: usize,
    /// The text before it.
    pub before: &'t str,
    /// The whole link, as it was written.
    pub address: &'t str,
    /// What follows the address and its slash, without a query or a fragment.
    pub path: &'t str,
}

impl<'t> Link<'t> {
    /// The text that people see for it, and whether it is shown as a picture: `![name](` or `<img alt="name" src="` is before it.
    pub fn label(&self) -> (Option<&'t str>, bool) {
        let near = self.before.floor_char_boundary(self.before.len().saturating_sub(LONGEST_LABEL));
        let line = self.before[near..].rsplit('\n').next().unwrap_or_default();
        let name = |name: &'t str| Some(name.trim()).filter(|name| !name.is_empty());
        if let Some(label) = line.strip_suffix("](").and_then(|line| line.rsplit_once('[')) {
            return (name(label.1), label.0.ends_with('!'));
        }
        let Some((_, tag)) = line.rsplit_once("<img ") else { return (None, false) };
        let alt = tag.split_once("alt=\"").and_then(|(_, rest)| rest.split_once('"'));
        (alt.and_then(|(alt, _)| name(alt)), !tag.contains('>'))
    }
}

/// Where the first web address of a text begins. A text of many addresses is read once, whichever schemes they have.
pub fn first_address(text: &str) -> Option<usize> {
    let begins = |at: &usize| ["http://", "https://"].iter().any(|scheme| text[*at..].starts_with(scheme));
    text.match_indices("http").map(|(at, _)| at).find(begins)
}

/// Every link in a text to something below `base`, the beginning of an address or a path up to a slash. An address that only contains `base`, for
/// example in its query, is not one.
fn links_below<'t>(text: &'t str, base: &str) -> Vec<Link<'t>> {
    let link = |at: usize| {
        let before = &text[..at];
        let encloses = |c: char| "(<\"'".contains(c);
        let rest = text[at + base.len()..].strip_prefix('/')?;
        let last = before.chars().next_back();
        if !last.is_none_or(|c| c.is_whitespace() || encloses(c)) {
            return None;
        }
        let ends = |c: char| c.is_whitespace() || c.is_control() || "()<>[]{}|\"'`\\".contains(c);
        let rest = rest.split(ends).next().unwrap_or_default();
        // Punctuation after a bare link belongs to the sentence.
        let rest = match last.is_some_and(encloses) {
            true => rest,
            false => rest.trim_end_matches(['.', ',', ';', ':', '!']),
        };
        let address = &text[at..at + base.len() + 1 + rest.len()];
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        Some(Link { at, before, address, path })
    };
    text.match_indices(base).filter_map(|(at, _)| link(at)).collect()
}

/// The files that a text links below any of these addresses, each once, in the text's order. `file` says which file a link below one of them
/// (by its place among `bases`) is; `None` if it is not a file.
pub fn files_linked_in(
    text: &str,
    bases: &[&str],
    file: impl Fn(usize, &Link<'_>) -> Option<Attachment>,
) -> Vec<Attachment> {
    let mut found: Vec<(usize, Attachment)> = Vec::new();
    for (place, base) in bases.iter().enumerate() {
        found.extend(links_below(text, base).iter().filter_map(|link| Some((link.at, file(place, link)?))));
    }
    found.sort_by_key(|(at, _)| *at);
    let mut known = BTreeSet::new();
    let files = found.into_iter().map(|(_, file)| file);
    files.filter(|file| known.insert(file.id.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://x.example";

    fn paths(text: &str) -> Vec<&str> {
        links_below(text, BASE).into_iter().map(|link| link.path).collect()
    }

    #[test]
    fn a_text_of_many_addresses_is_read_once() {
        assert_eq!(first_address("a http https:/ xhttps://b http://c"), Some(16));
        assert_eq!(first_address("http"), None);
        test_inputs::assert_time_in_proportion(2_000, |count| {
            let text = "http://a.example ".repeat(count);
            let (mut rest, mut found) = (text.as_str(), 0);
            while let Some(start) = first_address(rest) {
                (rest, found) = (&rest[start + 1..], found + 1);
            }
            assert_eq!(found, count);
        });
    }

    #[test]
    fn links_end_where_people_end_them() {
        for (text, expected) in [
            ("https://x.example/a/b.txt", vec!["a/b.txt"]),
            ("see https://x.example/a, and https://x.example/b.", vec!["a", "b"]),
            ("(https://x.example/a.) <https://x.example/b!|b>", vec!["a.", "b!"]),
            ("[a](https://x.example/a?x=1#y) \"https://x.example/c\"", vec!["a", "c"]),
            ("https://y.example?https://x.example/a", vec![]),
            ("https://x.example.evil.example/a https://x.examples/a https://x.example", vec![]),
            ("nothttps://x.example/a", vec![]),
        ] {
            assert_eq!(paths(text), expected, "{text}");
        }
    }

    #[test]
    fn a_link_is_known_as_it_was_written() {
        let links = links_below("see https://x.example/a?key=1#b, and (https://x.example/c.)", BASE);
        let found: Vec<_> = links.iter().map(|link| (link.address, link.path)).collect();
        assert_eq!(found, [("https://x.example/a?key=1#b", "a"), ("https://x.example/c.", "c.")]);
    }

    #[test]
    fn a_link_has_the_name_that_people_see() {
        for (text, expected) in [
            ("![till](https://x.example/a)", (Some("till"), true)),
            ("[log](https://x.example/a)", (Some("log"), false)),
            ("[x](y)\n<img width=\"5\" alt=\"till\" src=\"https://x.example/a\">", (Some("till"), true)),
            ("<img alt=\"a\" src=\"b\"> https://x.example/a", (Some("a"), false)),
            ("https://x.example/a", (None, false)),
            ("![ ](https://x.example/a)", (None, true)),
        ] {
            assert_eq!(links_below(text, BASE)[0].label(), expected, "{text}");
        }
    }

    #[test]
    fn many_links_take_time_in_proportion() {
        test_inputs::assert_time_in_proportion(2_000, |count| {
            let text: String = (0..count).map(|number| format!("{BASE}/{number} ")).collect();
            let file = |_: usize, link: &Link<'_>| {
                let name = link.label().0.unwrap_or_default().to_owned();
                let id = link.path.to_owned();
                Some(Attachment { name, id, media_type: None, size: None, author: None })
            };
            assert_eq!(files_linked_in(&text, &[BASE], file).len(), count);
        });
    }

    #[test]
    fn files_come_once_and_in_the_order_of_the_text() {
        let file = |place: usize, link: &Link<'_>| {
            let id = link.path.to_owned();
            (place < 2).then(|| Attachment {
                name: id.clone(),
                id,
                media_type: None,
                size: None,
                author: None,
            })
        };
        let text = "https://b.example/1 https://a.example/2 https://b.example/2 https://c.example/3";
        let found =
            files_linked_in(text, &["https://a.example", "https://b.example", "https://c.example"], file);
        assert_eq!(found.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    }
}
