//! Which files a call is about: those below a path whose names match a glob.

use crate::globs::Globs;
use crate::workspace::{Present, Refusal, Workspace};
use domain::plugins::TreeEntryKind;
use std::collections::BTreeMap;

/// The files, links and submodules that a call is about, sorted by path.
///
/// # Errors
/// What is wrong with the path or the glob; that nothing exists at the path.
pub(super) fn select<'w>(
    workspace: &'w Workspace<'_>,
    path: Option<&str>,
    glob: Option<&str>,
) -> Result<BTreeMap<&'w str, Present<'w>>, Refusal> {
    let glob = glob.map(read_glob).transpose()?;
    let mut present = workspace.present();
    let path =
        path.map(|path| path.strip_suffix('/').unwrap_or(path)).filter(|path| !matches!(*path, "" | "."));
    if let Some(path) = path {
        check_selectable(workspace, path)?;
        let below = format!("{path}/");
        let real = workspace.find(path).map(|present| present.path.to_owned());
        present.retain(|name, _| name.starts_with(&below) || Some(*name) == real.as_deref());
        if present.is_empty() {
            // Says which path that differs in case is there, or that there is none.
            workspace.file(path)?;
        }
    }
    if let Some(glob) = glob {
        present.retain(|name, _| glob.contains(name));
    }
    Ok(present)
}

/// Checks a path. A folder may contain paths that the agent works in without being one itself.
fn check_selectable(workspace: &Workspace<'_>, path: &str) -> Result<(), String> {
    if workspace.is_folder(path) {
        return crate::path::check_path(path).map_err(|error| error.to_string());
    }
    workspace.check_inside(path)
}

/// Reads a glob; one without a slash matches names in every folder.
fn read_glob(glob: &str) -> Result<Globs, Refusal> {
    let whole = if glob.contains('/') { glob.to_owned() } else { format!("**/{glob}") };
    Globs::new("glob", &[whole]).map_err(|error| {
        Refusal::Told(format!(
            "{}. Accepted are patterns such as `**/*.rs`, `docs/*.md` or `*.{{ts,tsx}}`.",
            error.message
        ))
    })
}

/// What is at a path that is not a file.
pub(super) fn kind_note(present: &Present<'_>) -> Option<&'static str> {
    match present.kind {
        TreeEntryKind::SymbolicLink => Some("symbolic link"),
        TreeEntryKind::Submodule => Some("another repository"),
        TreeEntryKind::Folder => Some("folder"),
        TreeEntryKind::File | TreeEntryKind::ExecutableFile => None,
    }
}
