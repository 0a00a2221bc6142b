//! The built-in world: the same kind of file that everybody can write.

use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static WORLDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../shared/simulators/worlds");

/// Writes the built-in world into a folder and gives its file.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(folder: &Path) -> std::io::Result<PathBuf> {
    WORLDS.extract(folder)?;
    Ok(folder.join("shop.yaml"))
}
