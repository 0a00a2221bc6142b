//! Folders that worlds bring with them.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Copies the repositories that a world names by absolute paths next to its file, because a world stays inside its folder.
pub(crate) fn bring_repositories(world: &mut Value, place: &Path) {
    let repositories = world["github"]["repositories"].as_array_mut().into_iter().flatten();
    for (index, repository) in repositories.enumerate() {
        let Some(path) = repository["path"].as_str().map(PathBuf::from).filter(|path| path.is_absolute())
        else {
            continue;
        };
        let name = format!("repository-{index}");
        copy_folder(&path, &place.join(&name));
        repository["path"] = json!(name);
    }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
