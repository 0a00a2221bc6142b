//! Tells a data folder from a folder that belongs to somebody else, by what is in it.

use std::fs;
use std::io;
use std::path::Path;

/// A folder with one of these is a data folder: only we make files of these names and kinds.
const SURE: [&str; 4] = ["table.db", "engine.db", "secrets.enc", "evidence.key"];

/// What else a data folder has while none of [`SURE`] is there yet, or no longer. A folder that has nothing else is a data folder, too.
const COMMON: [&str; 10] = [
    "backup.lock",
    "checks",
    "engine.copy.db",
    "lock",
    "logs.jsonl",
    "logs.jsonl.1",
    "running.json",
    "secrets.key",
    "secrets.lock",
    "secrets.new",
];

/// What file systems and their browsers put into a folder that is otherwise empty, and what keeps it out of a repository.
const NOT_COUNTED: [&str; 3] = ["lost+found", ".DS_Store", ".gitignore"];

/// Accepts an empty folder and a data folder of any version.
///
/// # Errors
/// When the folder has somebody else's files, or cannot be read.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let mut foreign = None;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if SURE.iter().any(|sure| name == *sure) {
            return Ok(());
        }
        if !COMMON.iter().chain(&NOT_COUNTED).any(|known| name == *known) {
            // The same one whatever the order of the entries.
            foreign = foreign.into_iter().chain([name]).min();
        }
    }
    let Some(name) = foreign else { return Ok(()) };
    let message = format!(
        "it has other files, such as {}, so it is not taken for a data folder, which only its owner may read; \
         accepted: a new or empty folder, or one that has {}",
        name.display(),
        SURE.join(", ").replace(", evidence", " or evidence")
    );
    Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, message))
}

#[cfg(test)]
mod tests {
    use super::super::DataFolder;
    use super::*;

    #[cfg(unix)]
    #[test]
    fn somebody_elses_folder_is_refused_as_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
        // A name that we use as well proves nothing.
        for name in [".profile", "thesis.md", "lock"] {
            fs::write(home.join(name), "").unwrap();
        }
        let refused = DataFolder::open(&home).unwrap_err().to_string();
        assert!(refused.starts_with("it has other files, such as .profile"), "{refused}");
        assert!(refused.ends_with("table.db, engine.db, secrets.enc or evidence.key"), "{refused}");
        assert_eq!(fs::metadata(&home).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(&home).unwrap().count(), 3);
    }

    #[test]
    fn data_folders_are_recognized_at_every_stage() {
        for names in [
            &[][..],
            &["lost+found"],
            &[".gitignore"],
            // Secrets were set, or a start was refused, or only the engine runs.
            &["secrets.enc", "secrets.key", "secrets.lock"],
            &["logs.jsonl", "lock", "checks"],
            &["engine.db", "lock"],
            // People keep something beside their data.
            &["table.db", "table.db-wal", "notes.txt", "ticketsmith.yaml"],
        ] {
            let directory = tempfile::tempdir().unwrap();
            for name in names {
                fs::write(directory.path().join(name), "").unwrap();
            }
            DataFolder::open(directory.path()).unwrap_or_else(|error| panic!("{names:?}: {error}"));
        }
    }
}
