//! Files attached to a world's tickets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The media types of file extensions. Services rely on them, too.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// A file attached to a ticket: `text` or `base64`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its content, if that is text.
    #[serde(default)]
    pub text: Option<String>,
    /// Its content in base64.
    #[serde(default)]
    pub base64: Option<String>,
    /// Its media type; derived from its name when absent.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Short name of the person who attached it; the ticket's reporter or author when absent.
    #[serde(default)]
    pub author: Option<String>,
    /// Whether it was deleted while the ticket was read: it is listed, and cannot be read.
    #[serde(default)]
    pub deleted: bool,
}

impl Attachment {
    /// Its bytes.
    ///
    /// # Errors
    /// The mistake in the world, in words.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, String> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => {
                let bytes = STANDARD.decode(base64.split_whitespace().collect::<String>());
                bytes.map_err(|error| format!("`base64` of `{}`: {error}", self.name))
            }
            _ => Err(format!("`{}` needs either `text` or `base64`", self.name)),
        }
    }

    /// Its media type.
    pub(crate) fn media_type(&self) -> String {
        let end = self.name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
        let known = MEDIA_TYPES.iter().find(|(known, _)| end.as_deref() == Some(*known));
        let by_name = known.map_or("application/octet-stream", |(_, media_type)| *media_type);
        self.media_type.clone().unwrap_or_else(|| by_name.to_owned())
    }
}
