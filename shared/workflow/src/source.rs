//! Workflow texts and places in them.

/// One workflow file: the path that diagnostics name and the whole text.
///
/// The file's stem (`development` for `workflows/development.yaml`) is the workflow's name and names its state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Shown in diagnostics; its stem is the workflow's name.
    pub path: String,
    /// The YAML.
    pub text: String,
}

impl Source {
    /// A workflow file from its path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// A workflow file from its bytes.
    ///
    /// # Errors
    /// [`NotText`] if they are not UTF-8.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Result<Self, NotText> {
        let path = path.into();
        let wide = match bytes.get(..2) {
            Some([0xff, 0xfe] | [0xfe, 0xff]) => true,
            Some([0, byte] | [byte, 0]) => *byte != 0,
            _ => false,
        };
        if wide {
            let what = "the file is UTF-16".to_owned();
            return Err(NotText { path, line: 1, column: 1, what, how: AS_UTF_8 });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { path, text }),
            Err(error) => {
                let (start, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
                let byte = bytes.get(start).copied().unwrap_or_default();
                let before = String::from_utf8_lossy(&bytes[..start]).into_owned();
                let (line, column) = Self { path: String::new(), text: before }.position(start);
                // Latin-1 is Unicode's first 256 characters.
                let what = format!("the byte 0x{byte:02x}, `{}` in Latin-1, is not UTF-8", char::from(byte));
                Err(NotText { path, line, column, what, how: AS_UTF_8 })
            }
        }
    }

    /// A YAML file from its bytes.
    ///
    /// # Errors
    /// [`NotText`] if they are not UTF-8, or a line ends with a lone carriage return.
    pub fn from_yaml(path: impl Into<String>, bytes: Vec<u8>) -> Result<Self, NotText> {
        let path = path.into();
        // YAML ends a line there, and most editors and tools do not, so places would be wrong.
        let is_alone = |at: &usize| bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        if let Some(at) = (0..bytes.len()).find(is_alone) {
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let column = String::from_utf8_lossy(&bytes[start..at]).chars().count() + 1;
            let what = "a carriage return without a line feed";
            let how = "save the file with line endings of LF or CRLF";
            return Err(NotText { path, line, column, what: what.to_owned(), how });
        }
        Self::from_bytes(path, bytes)
    }

    /// The file's name without folder: `development.yaml`.
    pub fn file_name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }

    /// The workflow's name: the file's name without its ending.
    pub fn name(&self) -> &str {
        let file = self.file_name();
        file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml")).unwrap_or(file)
    }

    /// The line and column of a byte offset, both counted from 1, columns in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// Why a file cannot be read as text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {what}; {how}")]
pub struct NotText {
    path: String,
    line: usize,
    column: usize,
    what: String,
    how: &'static str,
}

const AS_UTF_8: &str = "save the file as UTF-8";

/// A range of bytes of a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("workflows/a.yaml", "name: ä\nsteps: []");
        assert_eq!(source.name(), "a");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(source.text.find('\n').unwrap()), (1, 8));
        assert_eq!(source.position(source.text.find("steps").unwrap()), (2, 1));
        assert_eq!(source.position(9999), (2, 10));
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_told_with_their_place() {
        let told = |bytes: &[u8]| Source::from_bytes("a.yaml", bytes.to_vec()).unwrap_err().to_string();
        assert_eq!(
            told(b"name: A\ndescription: Gr\xfc\xdfe\n"),
            "a.yaml:2:16: the byte 0xfc, `\u{fc}` in Latin-1, is not UTF-8; save the file as UTF-8"
        );
        for bytes in [b"\xff\xfen\0".as_slice(), b"\xfe\xff\0n", b"n\0a\0", b"\0n\0a"] {
            assert_eq!(told(bytes), "a.yaml:1:1: the file is UTF-16; save the file as UTF-8");
        }
        assert_eq!(Source::from_bytes("a.yaml", b"name: \xc3\xa4".to_vec()).unwrap().text, "name: \u{e4}");
    }

    #[test]
    fn lines_that_end_with_a_carriage_return_alone_are_refused() {
        let read = |text: &str| Source::from_yaml("a.yaml", text.as_bytes().to_vec());
        for (text, place) in [
            ("name: A\rsteps: []\r", "1:8"),
            ("name: A\nsteps: []\r", "2:10"),
            ("# \u{fc}\r\nname: A\r\r\n", "2:8"),
        ] {
            assert_eq!(
                read(text).unwrap_err().to_string(),
                format!(
                    "a.yaml:{place}: a carriage return without a line feed; save the file with line endings of LF or CRLF"
                )
            );
        }
        assert!(read("name: A\r\nsteps: []\r\n").is_ok());
    }
}
