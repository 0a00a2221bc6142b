//! The shipped worlds: world files like any other.

use crate::exit::{Exit, Outcome};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static WORLDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../shared/simulators/worlds");

/// The default world.
const FIRST: &str = "shop";

/// The names of the shipped worlds.
pub(crate) fn names() -> Vec<String> {
    let files = WORLDS.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "yaml"));
    files.filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect()
}

/// The world file that `--world` names: a file, or the name of a shipped world, which is first written to `folder`; without it, the
/// first shipped one.
///
/// # Errors
/// Usage if there is no such file or name; unreachable if the folder cannot be written.
pub(crate) fn find(world: Option<&Path>, folder: &Path) -> Outcome<PathBuf> {
    let names = names();
    let name = match world {
        None => FIRST,
        Some(path) if path.is_file() => return std::path::absolute(path).map_err(Exit::usage),
        Some(path) => {
            path.to_str().filter(|text| names.iter().any(|name| name == text)).ok_or_else(|| {
                let is = if path.exists() { "it is not a file" } else { "the file does not exist" };
                Exit::usage(format!("{}: {is}; shipped worlds: {}", path.display(), names.join(", ")))
            })?
        }
    };
    WORLDS.extract(folder).map_err(Exit::unreachable)?;
    Ok(folder.join(format!("{name}.yaml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_world_is_found_by_its_name_and_a_file_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        assert!(names().contains(&FIRST.to_owned()) && names().len() >= 3, "{:?}", names());
        for name in names() {
            let file = find(Some(Path::new(&name)), &folder.path().join("worlds")).unwrap();
            simulators::world::World::load(&file).unwrap();
        }
        let own = folder.path().join("own.yaml");
        std::fs::write(&own, "").unwrap();
        assert_eq!(find(Some(&own), folder.path()).unwrap(), own);
        let refused = find(Some(folder.path()), folder.path()).unwrap_err().to_string();
        assert!(refused.contains("it is not a file"), "{refused}");
        let refused = find(Some(Path::new("shp")), folder.path()).unwrap_err().to_string();
        assert!(refused.contains("shop"), "{refused}");
    }
}
