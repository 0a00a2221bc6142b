//! The content of a commit: every file with its whole new content.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::plugins::FileContent;
use domain::{ActionError, CommitSha};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Edits of files, applied and checked: every file with its whole new content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edits {
    /// The commit that the present contents were read from.
    pub base: CommitSha,
    /// Each path once.
    pub files: Vec<FileEdit>,
}

/// The change to one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEdit {
    /// The path from the repository's root.
    pub path: String,
    /// The whole new content; without it and without `base64`, the file is deleted.
    pub content: Option<String>,
    /// The whole new content of a file that is not UTF-8, in base64, instead of `content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// The content of another file of the base commit, which is moved here without being read, instead of `content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<MovedContent>,
    /// Whether the file has the executable bit.
    #[serde(default)]
    pub executable: bool,
    /// The SHA-256 of the content that the edit was made from, in hex; `null` if the file did not exist. An edit without it applies
    /// to any content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<String>,
    /// The id of the blob that the edit was made from, if it was not read; then there is no `before_sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<String>,
}

/// A content that is moved without being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MovedContent {
    /// Its path in the base commit, which the same change deletes or writes.
    pub from: String,
    /// The id of its blob.
    pub id: String,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
}

impl FileEdit {
    /// Whether the file is gone afterward.
    pub fn is_deletion(&self) -> bool {
        self.content.is_none() && self.base64.is_none() && self.moved.is_none()
    }

    /// The content of the file afterward; `None` if it is gone, or moved there without being read.
    ///
    /// # Errors
    /// `Rejected` naming the path, when `base64` is not base64 or several contents are given.
    pub fn new_content(&self) -> Result<Option<FileContent>, ActionError> {
        if self.moved.is_some() && (self.content.is_some() || self.base64.is_some()) {
            return Err(ActionError::rejected(format!(
                "`{}`: accepted are `content`, `base64` or `moved`, not several",
                self.path
            )));
        }
        match (&self.content, &self.base64) {
            (None, None) => Ok(None),
            (Some(text), None) => Ok(Some(FileContent::Text(text.clone()))),
            (None, Some(base64)) => match STANDARD.decode(base64) {
                Ok(bytes) => Ok(Some(FileContent::Binary(bytes))),
                Err(_) => Err(ActionError::rejected(format!("`{}`: `base64` is not base64", self.path))),
            },
            (Some(_), Some(_)) => Err(ActionError::rejected(format!(
                "`{}`: accepted are `content` or `base64`, not both",
                self.path
            ))),
        }
    }
}

/// The SHA-256 of a file's content in hex.
pub(crate) fn sha256(content: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(content))
}

/// The SHA-256 of a file's content as a code host gives it, in hex.
pub fn content_sha256(content: &FileContent) -> String {
    match content {
        FileContent::Text(text) => sha256(text),
        FileContent::Binary(bytes) => sha256(bytes),
    }
}
