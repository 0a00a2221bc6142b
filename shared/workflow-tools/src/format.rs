//! The canonical form of a workflow file: keys in one order, two spaces of indentation, comments where they stood.
//!
//! The file is read by the same parser as everything else (`tree`), its keys are ordered (`order`), and it is written anew
//! (`print`). Its meaning to the compiler is compared before and after, so that no defect here can change a
//! workflow: what the printer cannot write stays as it is.

mod order;
mod print;
mod tree;

use workflow::{Diagnostic, Source, content};

/// Why a file cannot be formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is not YAML, more than one document, or larger than any workflow.
    #[error("{path}: {message} (line {line}, column {column})")]
    NotYaml {
        /// The file.
        path: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// The mistakes.
        message: String,
    },
}

/// The canonical form of a workflow file, or of its tests (`*.test.yaml`), whose keys keep their order. A file in canonical
/// form stays as it is, byte for byte; so does a file whose form cannot be kept otherwise, such as one with explicit
/// indentation of a block text. Line ends follow the first one.
///
/// # Errors
/// [`FormatError`] when the file is not YAML.
pub fn format(source: &Source) -> Result<String, FormatError> {
    let before = content(source).map_err(|found| not_yaml(source, found))?;
    let Some(formatted) = rewritten(source) else { return Ok(source.text.clone()) };
    let formatted = Source::new(source.path.clone(), formatted);
    let says_the_same = content(&formatted).is_ok_and(|after| after == before);
    // Otherwise `--check` would reject a file whose form changes on every run.
    let stays = rewritten(&formatted).as_ref() == Some(&formatted.text);
    Ok(if says_the_same && stays { formatted.text } else { source.text.clone() })
}

/// The rewritten file; `None` if something in it can only be kept by leaving the whole file unchanged.
fn rewritten(source: &Source) -> Option<String> {
    let windows = source.text.find('\n').is_some_and(|at| source.text[..at].ends_with('\r'));
    let text = source.text.replace("\r\n", "\n");
    // YAML ends a line at a lone one, and nothing here does.
    if text.contains('\r') {
        return None;
    }
    let mut document = tree::read(&text)?;
    if !source.name().ends_with(".test") {
        order::order(&mut document.root);
    }
    let formatted = print::print(&document);
    Some(if windows { formatted.replace('\n', "\r\n") } else { formatted })
}

fn not_yaml(source: &Source, found: Vec<Diagnostic>) -> FormatError {
    let first =
        found.into_iter().next().unwrap_or_else(|| Diagnostic::error(source, (0, 0), "it cannot be read"));
    FormatError::NotYaml {
        path: source.path.clone(),
        line: first.line,
        column: first.column,
        message: first.message,
    }
}
