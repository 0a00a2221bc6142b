//! What a model sees of a file, and why not.

use crate::text::Text;
use domain::plugins::FileContent;
use std::fmt;

/// Why a model is not shown a file, which it therefore cannot edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unshown {
    /// There is no room for it.
    TooLarge,
    /// It is not text.
    Binary,
    /// It is text in another encoding than UTF-8.
    Encoding,
    /// It is a pointer of Git Large File Storage; the file itself is elsewhere.
    Pointer,
}

impl Unshown {
    /// Whether the file may be deleted or moved without having been seen: nothing that a model could have read is lost with it.
    pub fn may_be_removed(self) -> bool {
        matches!(self, Self::Binary | Self::Encoding)
    }
}

impl fmt::Display for Unshown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "too large",
            Self::Binary => "binary",
            Self::Encoding => "not UTF-8",
            Self::Pointer => "a Git LFS pointer, not the file itself",
        })
    }
}

/// The text of a file that a model may see and edit, in the file's own form. Does not limit the size; that is for the
/// caller, who knows how much room there is.
///
/// # Errors
/// [`Unshown::Binary`], [`Unshown::Encoding`] or [`Unshown::Pointer`].
pub fn shown_text(content: &FileContent) -> Result<&str, Unshown> {
    /// As far as git looks for a zero byte to distinguish text from binary.
    const LOOKED_AT: usize = 8_000;
    let bytes = match content {
        FileContent::Text(text) => text.as_bytes(),
        FileContent::Binary(bytes) => bytes,
    };
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match content {
        _ if bytes.iter().take(LOOKED_AT).any(|byte| *byte == 0) && !is_utf16 => Err(Unshown::Binary),
        FileContent::Binary(_) => Err(Unshown::Encoding),
        FileContent::Text(text) if is_pointer(text) => Err(Unshown::Pointer),
        FileContent::Text(text) => Ok(text),
    }
}

/// Whether a file is not text, judged only by its name; [`shown_text`] judges by the content.
pub fn is_named_as_binary(path: &str) -> bool {
    const BINARY: [&str; 34] = [
        "7z", "avif", "bin", "bmp", "class", "dll", "dylib", "eot", "exe", "gif", "gz", "ico", "jar", "jpeg",
        "jpg", "mo", "mov", "mp3", "mp4", "o", "otf", "parquet", "pdf", "png", "pyc", "so", "sqlite", "ttf",
        "wasm", "webm", "webp", "woff", "woff2", "zip",
    ];
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| BINARY.contains(&extension.as_str()))
}

/// By the specification, <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>, and the versions before it that `git lfs` still
/// reads.
fn is_pointer(text: &str) -> bool {
    const LONGEST: usize = 1024;
    const VERSIONS: [&str; 3] = [
        "version https://git-lfs.github.com/spec/",
        "version https://hawser.github.com/spec/",
        "version http://git-media.io/v/",
    ];
    if text.len() >= LONGEST {
        return false;
    }
    let text = Text::read(text);
    let has_key = |key: &str| text.as_str().lines().any(|line| line.starts_with(key));
    VERSIONS.iter().any(|version| text.as_str().starts_with(version)) && has_key("oid ") && has_key("size ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8], expected: Option<Unshown>) {
        let content = FileContent::from(content.to_vec());
        assert_eq!(shown_text(&content).err(), expected, "{content:?}");
    }

    #[test]
    fn what_is_not_shown_and_why() {
        check(b"plain\r\n", None);
        check("\u{feff}with a mark".as_bytes(), None);
        check(b"", None);
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff", Some(Unshown::Binary));
        check(b"zero\0in text", Some(Unshown::Binary));
        check(b"caf\xe9\n", Some(Unshown::Encoding));
        check(b"\xff\xfea\0b\0", Some(Unshown::Encoding));
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
            "0".repeat(64)
        );
        check(pointer.as_bytes(), Some(Unshown::Pointer));
        check(pointer.replace('\n', "\r\n").as_bytes(), Some(Unshown::Pointer));
        for earlier in ["https://hawser.github.com/spec/v1", "http://git-media.io/v/2"] {
            let pointer = pointer.replace("https://git-lfs.github.com/spec/v1", earlier);
            check(pointer.as_bytes(), Some(Unshown::Pointer));
        }
        check(b"version https://git-lfs.github.com/spec/v1\n", None);
        check(format!("See {pointer}").as_bytes(), None);
        check(format!("{pointer}{}", "x".repeat(1024)).as_bytes(), None);
    }
}
