//! Writes the resulting repository to a folder.

use super::super::deliver::control_client;
use super::state::text;
use crate::exit::{Exit, Outcome};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Checks that a clone can be written there, before anything is paid for it, and returns the whole path.
///
/// # Errors
/// Usage when something is there already, or the folder that it belongs in does not exist or is not writable.
pub(super) fn check(target: &Path) -> Outcome<PathBuf> {
    let target = std::path::absolute(target).map_err(Exit::usage)?;
    let refused = |why: String| Exit::usage(format!("--export {}: {why}", target.display()));
    match std::fs::read_dir(&target) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(refused("the folder is not empty; name a new one".to_owned()));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refused(error.to_string())),
    }
    let parent = if target.is_dir() { Some(target.as_path()) } else { target.parent() };
    let parent = parent.ok_or_else(|| refused("it has no parent folder".to_owned()))?;
    // Whether a file can be made is only known by making one.
    tempfile::tempfile_in(parent).map_err(|error| refused(format!("{}: {error}", parent.display())))?;
    Ok(target)
}

/// Has the simulation write a clone.
///
/// # Errors
/// Negative when it cannot; unreachable when it does not answer.
pub(super) async fn export(control: &str, pull_request: Option<&Value>, target: &Path) -> Outcome {
    let repository = pull_request.map(|pull| pull["base"]["repo"]["full_name"].clone()).unwrap_or_default();
    let response = control_client()?
        .post(format!("{control}/_world/export"))
        // The simulation exports to the folder that `demo` started it with, by a name.
        .json(&json!({ "dir": target.file_name().map(Path::new), "repository": repository }))
        .send()
        .await
        .map_err(Exit::unreachable)?;
    if response.status().is_success() {
        return Ok(());
    }
    let body: Value = response.json().await.unwrap_or_default();
    Err(Exit::negative(format!("the repository was not exported: {}", text(&body["error"]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_goes_to_a_new_or_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("empty")).unwrap();
        std::fs::create_dir(path("full")).unwrap();
        std::fs::write(path("full/file"), "x").unwrap();
        std::fs::write(path("file"), "x").unwrap();
        assert_eq!(check(&path("new")).unwrap(), path("new"));
        assert!(!path("new").exists());
        assert!(check(&path("empty")).is_ok());
        for (name, word) in [("full", "not empty"), ("file", "file"), ("absent/new", "absent")] {
            let refused = check(&path(name)).unwrap_err().to_string();
            assert!(refused.contains(word), "{name}: {refused}");
        }
    }
}
