//! What git stores, as the vocabulary of code hosts.

use super::version_control::{FileContent, TreeEntryKind};

impl TreeEntryKind {
    /// The kind of an entry with this mode in a git tree, such as `100644`; `None` for a mode that git does not have.
    pub fn from_git_mode(mode: &str) -> Option<Self> {
        Some(match mode {
            "100644" | "100664" => Self::File,
            "100755" => Self::ExecutableFile,
            "120000" => Self::SymbolicLink,
            "040000" => Self::Folder,
            "160000" => Self::Submodule,
            _ => return None,
        })
    }
}

impl From<Vec<u8>> for FileContent {
    /// Text if the bytes are UTF-8.
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Binary(error.into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_of_git_have_kinds_and_others_do_not() {
        for (mode, kind) in [
            ("100644", Some(TreeEntryKind::File)),
            ("100664", Some(TreeEntryKind::File)),
            ("100755", Some(TreeEntryKind::ExecutableFile)),
            ("120000", Some(TreeEntryKind::SymbolicLink)),
            ("040000", Some(TreeEntryKind::Folder)),
            ("160000", Some(TreeEntryKind::Submodule)),
            ("100600", None),
            ("", None),
        ] {
            assert_eq!(TreeEntryKind::from_git_mode(mode), kind, "{mode}");
        }
    }

    #[test]
    fn only_utf_8_is_text() {
        assert_eq!(FileContent::from("é".as_bytes().to_vec()), FileContent::Text("é".into()));
        assert_eq!(FileContent::from(vec![0xff]), FileContent::Binary(vec![0xff]));
    }
}
