//! Files that people upload with a message (<https://docs.slack.dev/reference/objects/file-object/>), as a sentence of links: an agent is shown
//! what words link.

use super::{lenient, typed};
use domain::command::CommandWord;
use serde::Deserialize;

/// No more of them are linked.
const MOST: usize = 20;
/// No more characters of a name are shown.
const MOST_OF_A_NAME: usize = 100;

/// An uploaded file.
#[derive(Debug, Deserialize)]
pub(super) struct Upload {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<String>,
    /// Its page; absent for a file of another workspace.
    #[serde(default, deserialize_with = "lenient")]
    permalink: Option<String>,
}

impl Upload {
    fn link(&self, by: &str) -> String {
        let id = self.id.as_deref().filter(|id| is_plain(id)).unwrap_or_default();
        let page = || {
            let user = self.user.as_deref().filter(|user| is_plain(user)).unwrap_or(by);
            format!("https://slack.com/files/{user}/{id}")
        };
        let is_address = |link: &&str| {
            let ends = |c: char| c.is_whitespace() || c.is_control() || "()<>[]".contains(c);
            link.starts_with("https://") && !link.contains(ends)
        };
        let name = self.name.as_deref().map(in_link).filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        match (self.permalink.as_deref().filter(is_address), id) {
            (Some(link), _) => format!("[{name}]({link})"),
            (None, "") => name,
            (None, _) => format!("[{name}]({})", page()),
        }
    }
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A name as the text of a link, which it cannot end.
fn in_link(name: &str) -> String {
    let plain = |c: char| if c.is_control() || "[]()<>|`\\".contains(c) { '_' } else { c };
    typed(name).chars().take(MOST_OF_A_NAME).map(plain).collect()
}

/// A sentence that links the files; `None` without any.
pub(super) fn linked(files: &[Upload], by: &str) -> Option<String> {
    let links: Vec<String> = files.iter().take(MOST).map(|file| file.link(by)).collect();
    (!links.is_empty()).then(|| format!("Uploaded with this: {}", links.join(", ")))
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
    /// Files that come without words are for an agent at work where the thread is about its ticket, and start nothing.
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
    use serde_json::json;

    #[test]
    fn a_name_stays_in_its_link_and_a_link_is_one() {
        for (file, expected) in [
            (
                json!({"id": "F1", "name": "a](https://evil.example).png"}),
                "[a__https://evil.example_.png](https://slack.com/files/U1/F1)",
            ),
            (json!({"id": "F1", "user": "U2"}), "[without a name](https://slack.com/files/U2/F1)"),
            (
                json!({"id": "F1", "name": "a", "permalink": "javascript:x"}),
                "[a](https://slack.com/files/U1/F1)",
            ),
            (
                json!({"id": "F1", "name": "a", "permalink": "https://a.example/) b"}),
                "[a](https://slack.com/files/U1/F1)",
            ),
            (json!({"id": "../F1", "name": "a"}), "a"),
        ] {
            let file: Upload = serde_json::from_value(file).unwrap();
            assert_eq!(linked(&[file], "U1").unwrap(), format!("Uploaded with this: {expected}"));
        }
        assert_eq!(linked(&[], "U1"), None);
    }
}
