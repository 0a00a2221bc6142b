//! Files that people upload to a chat, as a sentence of links: an agent is shown the files that words link.

use domain::command::CommandWord;
use domain::event::UPLOADED;

/// The most files of one message that are linked.
const MOST: usize = 20;
/// The most characters of a name that are shown.
const MOST_OF_A_NAME: usize = 100;

/// An uploaded file: its name, and the address that leads to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Uploaded {
    pub(super) name: Option<String>,
    pub(super) link: Option<String>,
}

impl Uploaded {
    fn shown(self) -> String {
        let name = self.name.as_deref().map(in_link).filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        match self.link.filter(|link| is_address(link)) {
            Some(link) => format!("[{name}]({link})"),
            None => name,
        }
    }
}

/// Whether a text is an address that ends where a link does.
pub(super) fn is_address(link: &str) -> bool {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "()<>[]".contains(c);
    (link.starts_with("https://") || link.starts_with("http://")) && !link.contains(ends)
}

/// A name as the text of a link, without characters that would end the text.
fn in_link(name: &str) -> String {
    let plain = |c: char| if c.is_control() || "[]()<>|`\\".contains(c) { '_' } else { c };
    name.chars().take(MOST_OF_A_NAME).map(plain).collect()
}

/// A sentence that links the files; `None` without any.
pub(super) fn linked(files: impl IntoIterator<Item = Uploaded>) -> Option<String> {
    let links: Vec<String> = files.into_iter().take(MOST).map(Uploaded::shown).collect();
    (!links.is_empty()).then(|| format!("{UPLOADED}{}", links.join(", ")))
}

/// What somebody said with files.
pub(super) struct WithUploads {
    /// All of it, for workflows.
    pub(super) text: String,
    /// The words alone, which may be a command.
    pub(super) words: String,
    /// The sentence about the files, unless the words hold it.
    pub(super) uploads: Option<String>,
}

impl WithUploads {
    /// Files without words are told to an agent at work if the thread is about its ticket, and start nothing.
    pub(super) fn new(words: String, uploads: Option<String>, in_thread: bool) -> Self {
        match uploads {
            None => Self { text: words.clone(), words, uploads: None },
            Some(uploads) if words.is_empty() => {
                let told = in_thread.then(|| format!("{} {uploads}", CommandWord::Tell.as_str()));
                Self { text: uploads, words: told.unwrap_or_default(), uploads: None }
            }
            Some(uploads) => Self { text: format!("{words}\n\n{uploads}"), words, uploads: Some(uploads) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_link_and_a_link_is_one() {
        let page = "https://a.example/1";
        for (name, link, expected) in [
            (
                Some("a](https://evil.example).png"),
                Some(page),
                "[a__https://evil.example_.png](https://a.example/1)",
            ),
            (None, Some(page), "[without a name](https://a.example/1)"),
            (Some("a"), Some("javascript:x"), "a"),
            (Some("a"), Some("https://a.example/) b"), "a"),
            (Some(" "), None, "without a name"),
        ] {
            let file = Uploaded { name: name.map(str::to_owned), link: link.map(str::to_owned) };
            assert_eq!(linked([file]).unwrap(), format!("Uploaded with this: {expected}"));
        }
        assert_eq!(linked([]), None);
        let many = linked(std::iter::repeat_n(Uploaded::default(), MOST + 1)).unwrap();
        assert_eq!(many.matches("without a name").count(), MOST);
    }
}
