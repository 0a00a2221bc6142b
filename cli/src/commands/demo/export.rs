//! Writes the resulting repository to a folder.

use super::super::deliver::control_client;
use super::state::{list, services, text};
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

/// The repository to export: that of the pull request; without one, the only repository of the world.
pub(super) fn repository(pull_request: Option<&Value>, state: &Value) -> Option<String> {
    if let Some(pull) = pull_request {
        return pull["base"]["repo"]["full_name"].as_str().map(str::to_owned);
    }
    let mut known = services(state).flat_map(|service| list(&service["repositories"]));
    let only = known.next().filter(|_| known.next().is_none())?;
    only["full_name"].as_str().map(str::to_owned)
}

/// Has the simulation write a clone with every branch. Says so if it cannot be told which repository is meant.
///
/// # Errors
/// Negative when it cannot; unreachable when it does not answer.
pub(super) async fn export(control: &str, repository: Option<&str>, target: &Path) -> Outcome {
    let Some(repository) = repository else {
        eprintln!(
            "--export: nothing was exported: no pull request was opened, and the world does not have exactly one repository"
        );
        return Ok(());
    };
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
    fn without_a_pull_request_the_only_repository_is_exported() {
        let pull = json!({ "base": { "repo": { "full_name": "acme/web" } } });
        let (shop, web) = (json!({ "full_name": "acme/shop" }), json!({ "full_name": "acme/web" }));
        let one = json!({ "tracker": [], "host": { "repositories": [shop] } });
        let two = json!({ "host": { "repositories": [shop, web] } });
        assert_eq!(repository(Some(&pull), &two).as_deref(), Some("acme/web"));
        assert_eq!(repository(None, &one).as_deref(), Some("acme/shop"));
        assert_eq!((repository(None, &two), repository(None, &json!({}))), (None, None));
    }

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
