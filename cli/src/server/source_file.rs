//! Reading one YAML file from disk.

use crate::exit::{Exit, Outcome};
use std::path::Path;
use workflow::Source;

/// Reads one source.
///
/// # Errors
/// Usage errors for a file that cannot be read.
pub(crate) fn source_at(path: &Path) -> Outcome<Source> {
    let bytes = std::fs::read(path).map_err(|error| Exit::usage(format!("{}: {error}", path.display())))?;
    Source::from_bytes(path.display().to_string(), bytes).map_err(Exit::usage)
}
