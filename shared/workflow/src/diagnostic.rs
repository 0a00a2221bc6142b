//! The compiler's findings about a file: a message, the place, what was expected and the nearest legal name.

use crate::source::{Source, Span};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;

/// How much a [`Diagnostic`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The workflow is not compiled.
    Error,
    /// The workflow is compiled, but probably does not do what was intended.
    Warning,
    /// Something that the compiler does without being asked.
    Note,
}

/// One finding in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The mistake, in a sentence for people.
    pub message: String,
    /// The file's path as it was given.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The offending text, as byte offsets into the file: start and end.
    pub span: (usize, usize),
    /// What to say right under the offending text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The accepted values and how to fix it, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error in `source` at a range of bytes, for tools that check files next to workflows.
    pub fn error(source: &Source, span: (usize, usize), message: impl Into<String>) -> Self {
        let (line, column) = source.position(span.0);
        Self {
            severity: Severity::Error,
            message: message.into(),
            path: source.path.clone(),
            line,
            column,
            span,
            label: None,
            help: Vec::new(),
        }
    }

    /// The same, with the accepted names and the one that was probably meant instead of `given`.
    #[must_use]
    pub fn with_accepted<'n>(mut self, given: &str, names: impl IntoIterator<Item = &'n str>) -> Self {
        self.accepted(given, names);
        self
    }

    /// The finding with its source lines underlined, as people read it in a terminal. `source` must be the file it was
    /// found in; `color` adds ANSI colors.
    pub fn render(&self, source: &Source, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let mut start = self.span.0.min(source.text.len());
        while !source.text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = self.span.1.clamp(start, source.text.len());
        while !source.text.is_char_boundary(end) {
            end += 1;
        }
        let mut annotation = AnnotationKind::Primary.span(start..end);
        if let Some(label) = &self.label {
            annotation = annotation.label(label.as_str());
        }
        let snippet = Snippet::source(source.text.as_str()).path(source.path.as_str()).annotation(annotation);
        let mut group = level.primary_title(self.message.as_str()).element(snippet);
        for help in &self.help {
            // The renderer does this to every other text.
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help.push(help.into());
        self
    }

    /// Names the accepted names, and the one that was probably meant.
    pub(crate) fn accepted<'n>(
        &mut self,
        given: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> &mut Self {
        let names: Vec<&str> = names.into_iter().collect();
        if let Some(nearest) = nearest(given, names.iter().copied()) {
            self.label(format!("did you mean `{nearest}`?"));
        }
        if names.is_empty() {
            return self.help("none is accepted here");
        }
        self.help(format!("accepted: {}", names.join(", ")))
    }
}

/// Renders every finding of one file, one after the other.
pub fn render(diagnostics: &[Diagnostic], source: &Source, color: bool) -> String {
    diagnostics.iter().map(|diagnostic| diagnostic.render(source, color) + "\n").collect()
}

/// The name most like `given`, if any is near enough to be a slip of the fingers.
pub(crate) fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(similarity, name)| {
            *similarity > 0.8 || strsim::damerau_levenshtein(given, name) <= 2.min(given.len() / 2)
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// At most this many findings of one file are kept. Nobody reads more, and locating and showing each takes time proportional to the file.
const MOST_FOUND: usize = 100;

/// The findings up to some moment.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    kept: usize,
    more: Option<(Diagnostic, usize, Severity)>,
}

/// Collects the findings of one file.
pub(crate) struct Problems<'s> {
    source: &'s Source,
    found: Vec<Diagnostic>,
    /// The last finding beyond [`MOST_FOUND`], how many there are, and the most severe of them.
    more: Option<(Diagnostic, usize, Severity)>,
}

impl<'s> Problems<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self { source, found: Vec::new(), more: None }
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, span, message.into())
    }

    pub(crate) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, span, message.into())
    }

    pub(crate) fn note(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Note, span, message.into())
    }

    fn add(&mut self, severity: Severity, span: Span, message: String) -> &mut Diagnostic {
        let is_kept = self.found.len() < MOST_FOUND;
        let (line, column) = if is_kept { self.source.position(span.start) } else { (1, 1) };
        let diagnostic = Diagnostic {
            severity,
            message,
            path: self.source.path.clone(),
            line,
            column,
            span: (span.start, span.end),
            label: None,
            help: Vec::new(),
        };
        if is_kept {
            let place = self.found.len();
            self.found.push(diagnostic);
            return &mut self.found[place];
        }
        let (count, worst) = self.more.as_ref().map_or((0, severity), |(_, count, worst)| (*count, *worst));
        let (last, _, _) = self.more.insert((diagnostic, count + 1, worst.min(severity)));
        last
    }

    /// How much was found by now, for [`Problems::forget`].
    pub(crate) fn found_so_far(&self) -> Found {
        Found { kept: self.found.len(), more: self.more.clone() }
    }

    /// Forgets the findings since then: it was only a look ahead.
    pub(crate) fn forget(&mut self, found: Found) {
        self.found.truncate(found.kept);
        self.more = found.more;
    }

    pub(crate) fn any_errors(&self) -> bool {
        let beyond = self.more.as_ref().is_some_and(|(_, _, worst)| *worst == Severity::Error);
        beyond || self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Everything found, in the order of the file, each thing once. A definition is looked at wherever it is used, and its
    /// problems would otherwise be reported as often.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|one, other| one.span.cmp(&other.span).then(one.severity.cmp(&other.severity)));
        let mut told: Vec<Diagnostic> = Vec::new();
        for diagnostic in self.found {
            if !told
                .iter()
                .any(|earlier| earlier.span == diagnostic.span && earlier.message == diagnostic.message)
            {
                told.push(diagnostic);
            }
        }
        if let Some((last, count, severity)) = self.more {
            let message = format!("{count} more problems are not shown; fix these first");
            told.push(Diagnostic {
                severity,
                message,
                line: 1,
                column: 1,
                span: (0, 0),
                label: None,
                help: Vec::new(),
                ..last
            });
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_ahead_leaves_nothing_behind_also_beyond_what_is_kept() {
        let source = Source::new("workflows/a.yaml", "name: a\n");
        for kept in [0, MOST_FOUND, MOST_FOUND + 1] {
            let mut problems = Problems::new(&source);
            for _ in 0..kept {
                problems.warning(Span::default(), "unused");
            }
            let found = problems.found_so_far();
            problems.error(Span::default(), "only seen ahead");
            assert_ne!(problems.found_so_far(), found);
            problems.forget(found);
            assert!(!problems.any_errors(), "{kept}");
        }
    }
}
