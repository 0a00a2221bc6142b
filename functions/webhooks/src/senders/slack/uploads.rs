//! Files that people upload with a message (<https://docs.slack.dev/reference/objects/file-object/>).

use super::{lenient, typed};
use crate::senders::uploads::{self, Uploaded, is_address};
use serde::Deserialize;

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
    fn uploaded(&self, by: &str) -> Uploaded {
        let id = self.id.as_deref().filter(|id| is_plain(id));
        let user = self.user.as_deref().filter(|user| is_plain(user)).unwrap_or(by);
        let page = self.permalink.clone().filter(|page| is_address(page));
        let link = page.or_else(|| id.map(|id| format!("https://slack.com/files/{user}/{id}")));
        Uploaded { name: self.name.as_deref().map(typed), link }
    }
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A sentence that links the files; `None` without any.
pub(super) fn linked(files: &[Upload], by: &str) -> Option<String> {
    uploads::linked(files.iter().map(|file| file.uploaded(by)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_without_a_page_is_named_by_its_id() {
        for (file, expected) in [
            (json!({"id": "F1", "name": "a &amp; b"}), "[a & b](https://slack.com/files/U1/F1)"),
            (json!({"id": "F1", "user": "U2", "name": "a"}), "[a](https://slack.com/files/U2/F1)"),
            (
                json!({"id": "F1", "name": "a", "permalink": "javascript:x"}),
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
