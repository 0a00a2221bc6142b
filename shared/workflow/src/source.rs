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

/// A value and where it stands.
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
}
