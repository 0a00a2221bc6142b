//! The folder that holds everything `serve` remembers: the table, the engine's log, the secrets.

mod ours;

use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A data folder, created if it does not exist; only its owner can read it.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// Where a running `serve` listens, written for the commands that talk to it. The token admits only to what those commands need.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The private listener, `http://127.0.0.1:PORT`.
    pub(crate) private_url: String,
    /// The public listener, `http://127.0.0.1:PORT`.
    pub(crate) public_url: String,
    /// The listener for Prometheus, `http://127.0.0.1:PORT`, if any.
    #[serde(default)]
    pub(crate) metrics_url: Option<String>,
    /// The API, `http://127.0.0.1:PORT/api/v1`.
    #[serde(default)]
    pub(crate) api_url: Option<String>,
    /// The same at its public name, `https://NAME/api/v1`, if it has one.
    #[serde(default)]
    pub(crate) exposed_url: Option<String>,
    /// The token of the command line, also at the API.
    pub(crate) token: String,
    /// The process, for people who look.
    pub(crate) process: u32,
}

impl DataFolder {
    /// Opens the folder, and makes it if it does not exist.
    ///
    /// # Errors
    /// When it has somebody else's files, cannot be made, or its permissions cannot be set.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.exists() && !path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is a file, not a folder"));
        }
        fs::create_dir_all(path)?;
        // Before anything is changed: others may use a folder that is not ours, such as a home.
        ours::check(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folders that [`Self::open`] would make for this path: its own and those around it, the innermost first.
    pub(crate) fn missing(path: &Path) -> Vec<PathBuf> {
        let folders = path.ancestors().filter(|folder| !folder.as_os_str().is_empty());
        folders.take_while(|folder| !folder.exists()).map(Path::to_owned).collect()
    }

    /// Takes back what a start has made that was refused: the folders that were [`Self::missing`] before it, with the files in the data folder.
    /// Nothing is removed where the folder was there before, where another process uses it by now, or where one keeps secrets in it.
    pub(crate) fn unmake(&self, missing: &[PathBuf], keeps_secrets: impl FnOnce(&Self) -> bool) {
        if missing.first().is_none_or(|folder| folder != &self.path) {
            return;
        }
        let Ok(_held) = self.lock() else { return };
        if keeps_secrets(self) {
            return;
        }
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let _stays_where_it_is_a_folder = fs::remove_file(entry.path());
        }
        for folder in missing {
            let _stays_where_something_is_in_it = fs::remove_dir(folder);
        }
    }

    /// The folder, if it exists; makes and changes nothing.
    pub(crate) fn existing(path: &Path) -> Option<Self> {
        path.is_dir().then(|| Self { path: path.to_owned() })
    }

    /// Locks the folder for this process until the returned value is dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// When another process has it, or the lock file cannot be made.
    pub(crate) fn lock(&self) -> io::Result<File> {
        self.locked("lock", || {
            let path = self.path.display();
            format!("another `ticketsmith serve` uses {path}; stop it or choose another --data")
        })
    }

    /// Lets only this process back up the folder until the returned value is dropped, because there is one [`Self::engine_copy`].
    ///
    /// # Errors
    /// When another process backs it up, or the lock file cannot be made.
    pub(crate) fn lock_backup(&self) -> io::Result<File> {
        self.locked("backup.lock", || {
            format!("another `ticketsmith backup` copies {}; try again when it ends", self.path.display())
        })
    }

    fn locked(&self, name: &str, busy: impl Fn() -> String) -> io::Result<File> {
        let path = self.path.join(name);
        let file = private_file(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        file.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, busy()),
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(file)
    }

    /// Makes existing database files readable only to their owner; SQLite gives its companion files the same
    /// permissions. A copy of the folder keeps them even if its own permissions are lost.
    ///
    /// # Errors
    /// When a file cannot be made or its permissions cannot be set.
    pub(crate) fn make_private(&self) -> io::Result<()> {
        for path in [self.table(), self.engine()] {
            let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let _file = private_options().append(true).open(&path).map_err(at)?;
            #[cfg(unix)]
            for suffix in ["", "-wal", "-shm"] {
                use std::os::unix::fs::PermissionsExt;
                match fs::set_permissions(beside(&path, suffix), fs::Permissions::from_mode(0o600)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The table's database.
    pub(crate) fn table(&self) -> PathBuf {
        self.path.join("table.db")
    }

    /// The functions' log files, the older one first; either may not exist.
    pub(crate) fn logs(&self) -> [PathBuf; 2] {
        ["logs.jsonl.1", "logs.jsonl"].map(|name| self.path.join(name))
    }

    /// The engine's log.
    pub(crate) fn engine(&self) -> PathBuf {
        self.path.join("engine.db")
    }

    /// A copy of the engine's log, which `serve` makes for a backup that then moves it away.
    pub(crate) fn engine_copy(&self) -> PathBuf {
        self.path.join("engine.copy.db")
    }

    /// The encrypted secrets.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.path.join("secrets.enc")
    }

    /// The key of the encrypted secrets, if it is not in the environment.
    pub(crate) fn secrets_key(&self) -> PathBuf {
        self.path.join("secrets.key")
    }

    /// The key that signs evidence.
    pub(crate) fn evidence_key(&self) -> PathBuf {
        self.path.join("evidence.key")
    }

    /// Tells other commands where this process listens.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn announce(&self, running: &Running) -> io::Result<()> {
        write_private(&self.running_file(), &serde_json::to_vec_pretty(running)?)
    }

    /// Where the `serve` that uses the folder listens; `None` when none has announced itself.
    ///
    /// # Errors
    /// When the file exists but cannot be read.
    pub(crate) fn running(&self) -> io::Result<Option<Running>> {
        let path = self.running_file();
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| {
                let message = format!("{}: `serve` did not write this; start it again", path.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        }
    }

    /// Takes the announcement back.
    pub(crate) fn forget_running(&self) {
        let _nothing_left_to_do = fs::remove_file(self.running_file());
    }

    fn running_file(&self) -> PathBuf {
        self.path.join("running.json")
    }
}

/// Writes a file that only its owner can read, whole or not at all: a reader sees the old content or the new.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let write = || {
        // What a write that was cut off has left is not continued, and a link is not followed.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = new_private_file(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    let written = write();
    if written.is_err() {
        // Where it could not be written, for lack of space most likely, a piece of it only takes more.
        let _not_there = fs::remove_file(&temporary);
    }
    written
}

/// Opens a file for writing that only its owner can read, and makes it as [`new_private_file`] does if it does not exist.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    match new_private_file(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            private_options().write(true).open(path)
        }
        made => made,
    }
}

/// Makes a file that only its owner can read. What root makes belongs to the owner of its folder, such as the user of a systemd unit: their
/// `serve` could not open root's.
fn new_private_file(path: &Path) -> io::Result<File> {
    let file = private_options().write(true).create_new(true).open(path)?;
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        use std::os::unix::fs::{MetadataExt, fchown};
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let owner = fs::metadata(folder)?;
        if owner.uid() != 0 {
            // Root may lack the right, as in some containers; the file is then root's.
            let _unchanged = fchown(&file, Some(owner.uid()), Some(owner.gid()));
        }
    }
    Ok(file)
}

/// For a file that only its owner can read, created if it does not exist.
pub(crate) fn private_options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The file that SQLite keeps next to a database, by its suffix.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_process_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(directory.path()).unwrap();
        let held = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().to_string().contains("another `ticketsmith serve`"));
        drop(held);
        folder.lock().unwrap();
        let _backup = folder.lock_backup().unwrap();
        assert!(folder.lock_backup().unwrap_err().to_string().contains("another `ticketsmith backup`"));
    }

    #[test]
    fn a_refused_start_takes_back_what_it_made_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let missing = DataFolder::missing(&path);
        assert_eq!(missing, [path.clone(), directory.path().join("a")]);
        let make = || {
            let folder = DataFolder::open(&path).unwrap();
            fs::write(folder.table(), "").unwrap();
            folder
        };
        // Somebody else uses it, or has set a secret.
        let held = make().lock().unwrap();
        make().unmake(&missing, |_| false);
        assert!(path.join("table.db").exists());
        drop(held);
        make().unmake(&missing, |_| true);
        assert!(path.join("table.db").exists());
        make().unmake(&missing, |_| false);
        assert!(!directory.path().join("a").exists() && directory.path().exists());
        // What was there before stays.
        fs::create_dir_all(&path).unwrap();
        let missing = DataFolder::missing(&path);
        make().unmake(&missing, |_| false);
        assert!(missing.is_empty() && path.join("table.db").exists());
        let told = DataFolder::open(&path.join("table.db")).unwrap_err().to_string();
        assert_eq!(told, "it is a file, not a folder");
    }

    #[cfg(unix)]
    #[test]
    fn what_root_writes_belongs_to_the_owner_of_the_folder() {
        use std::os::unix::fs::{MetadataExt, chown, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (path, lock) = (directory.path().join("secrets.enc"), directory.path().join("secrets.lock"));
        let owner = |path: &Path| fs::metadata(path).unwrap().uid();
        // Only root can give the folder away; everybody else's files are their own.
        let _only_as_root = chown(directory.path(), Some(12_345), Some(12_345));
        write_private(&path, b"one").unwrap();
        drop(private_file(&lock).unwrap());
        assert_eq!((owner(&path), owner(&lock)), (owner(directory.path()), owner(directory.path())));
        drop(private_file(&lock).unwrap());
        // Whoever owns the folder could put a link there.
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        symlink(elsewhere.path(), directory.path().join("secrets.new")).unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read(elsewhere.path()).unwrap(), b"");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn databases_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(directory.path()).unwrap();
        fs::write(folder.engine(), "").unwrap();
        fs::set_permissions(folder.engine(), fs::Permissions::from_mode(0o644)).unwrap();
        folder.make_private().unwrap();
        let database = dynoxide::Database::new(&folder.table().to_string_lossy()).unwrap();
        database.database_info().unwrap();
        let mut files = 0;
        for entry in fs::read_dir(directory.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
            files += 1;
        }
        assert!(files >= 3, "SQLite made {files}");
    }
}
