//! Reading one file of text from disk.

use crate::exit::{Exit, Outcome};
use std::path::Path;
use workflow::Source;

/// Reads a YAML file.
///
/// # Errors
/// Usage errors for a file that cannot be read.
pub(crate) fn source_at(path: &Path) -> Outcome<Source> {
    Source::from_yaml(path.display().to_string(), bytes_at(path)?).map_err(Exit::usage)
}

/// Reads a file of any text.
///
/// # Errors
/// As [`source_at`].
pub(crate) fn text_at(path: &Path) -> Outcome<String> {
    let source = Source::from_bytes(path.display().to_string(), bytes_at(path)?).map_err(Exit::usage)?;
    Ok(source.text)
}

fn bytes_at(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| Exit::usage(format!("{}: {error}", path.display())))
}
