//! The built-in world, a world file like any other.

use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static WORLDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../shared/simulators/worlds");

/// Writes the built-in world to a folder and returns its file.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(folder: &Path) -> std::io::Result<PathBuf> {
    WORLDS.extract(folder)?;
    Ok(folder.join("shop.yaml"))
}
