//! Secrets in one encrypted file: what AWS Secrets Manager is in an account.

use super::data_folder::{DataFolder, private_file, write_private};
use crate::environment::{self, SECRETS_KEY};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Key, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

/// The first bytes of the file, so that another file is not mistaken for it.
const MAGIC: &[u8] = b"TICKETSMITH-SECRETS-1\n";
const NONCE_LENGTH: usize = 24;

/// Why the secrets cannot be read or written. No message holds a secret or the key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key is not 32 bytes in base64.
    #[error("{0} is not a key; accepted: 32 random bytes in base64, as `openssl rand -base64 32` prints")]
    Key(String),
    /// There are secrets, and their key is gone.
    #[error(
        "{key} does not exist, and without it {secrets} cannot be decrypted; restore it, set {SECRETS_KEY}, or delete {secrets} and set every secret again"
    )]
    KeyMissing {
        /// Where the key was.
        key: PathBuf,
        /// The encrypted secrets.
        secrets: PathBuf,
    },
    /// The file was written with another key or was changed.
    #[error("{0} cannot be decrypted: it was written with another key, or it was changed")]
    Undecryptable(PathBuf),
}

/// The secrets by name; each is a JSON object as text.
pub(crate) struct SecretFile {
    path: PathBuf,
    cipher: XChaCha20Poly1305,
    secrets: BTreeMap<String, SecretString>,
    /// The bytes that were read; they differ after each write, because of a nonce.
    read: Option<Vec<u8>>,
}

impl std::fmt::Debug for SecretFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecretFile").field("names", &self.secrets.keys()).finish_non_exhaustive()
    }
}

impl SecretFile {
    /// Opens the secrets of a data folder, or begins an empty file. The key is the one of [`SECRETS_KEY`] if that is set, else it is in the folder, where
    /// it is made if it does not exist.
    ///
    /// # Errors
    /// [`SecretFileError`], naming the file.
    pub(crate) fn open(folder: &DataFolder) -> Result<Self, SecretFileError> {
        Self::open_with(&folder.secrets(), &folder.secrets_key(), environment::value(SECRETS_KEY).as_deref())
    }

    /// The same for a file, with the key in `key_variable`, else in the file at `key_path`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_with(
        path: &Path,
        key_path: &Path,
        key_variable: Option<&str>,
    ) -> Result<Self, SecretFileError> {
        let key = match key_variable {
            Some(text) => decode_key(text, SECRETS_KEY)?,
            None => match stored_key(key_path)? {
                Some(key) => key,
                None if path.exists() => {
                    return Err(SecretFileError::KeyMissing {
                        key: key_path.to_owned(),
                        secrets: path.to_owned(),
                    });
                }
                None => new_key(key_path)?,
            },
        };
        let cipher = XChaCha20Poly1305::new(&key);
        let mut file = Self { path: path.to_owned(), cipher, secrets: BTreeMap::new(), read: None };
        file.read_again()?;
        Ok(file)
    }

    /// Makes sure that [`SECRETS_KEY`], if it is set, has a key, before there is anything to clean up.
    ///
    /// # Errors
    /// [`SecretFileError::Key`].
    pub(crate) fn check_key() -> Result<(), SecretFileError> {
        environment::value(SECRETS_KEY).map_or(Ok(()), |key| decode_key(&key, SECRETS_KEY).map(drop))
    }

    /// Opens the secrets of a data folder if there are any; makes nothing.
    ///
    /// # Errors
    /// [`SecretFileError`], naming the file.
    pub(crate) fn existing(folder: &DataFolder) -> Result<Option<Self>, SecretFileError> {
        if folder.secrets().exists() { Self::open(folder).map(Some) } else { Ok(None) }
    }

    /// Reads changes by other processes; returns whether there were any.
    ///
    /// # Errors
    /// [`SecretFileError`]; the secrets stay as they were.
    pub(crate) fn read_again(&mut self) -> Result<bool, SecretFileError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(SecretFileError::File { path: self.path.clone(), source }),
        };
        if bytes == self.read {
            return Ok(false);
        }
        let undecryptable = || SecretFileError::Undecryptable(self.path.clone());
        let decrypted = bytes.as_deref().map(|bytes| decrypt(&self.cipher, bytes).ok_or_else(undecryptable));
        self.secrets = decrypted.transpose()?.unwrap_or_default();
        self.read = bytes;
        Ok(true)
    }

    /// The secret of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&SecretString> {
        self.secrets.get(name)
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    /// Sets a secret and writes the file.
    ///
    /// # Errors
    /// [`SecretFileError`] when the file cannot be read or written; the secret is not set then.
    pub(crate) fn set(&mut self, name: &str, value: SecretString) -> Result<(), SecretFileError> {
        self.update(name, |_| Ok::<_, Infallible>(Some(value))).map(|Ok(())| ())
    }

    /// Changes a secret with `change`, which receives its present value, or removes it if that returns `None`, and writes the file. No other
    /// process writes the file at the same time, and changes by others are read first.
    ///
    /// # Errors
    /// [`SecretFileError`] when the file cannot be read or written; inside, what `change` refused. Nothing is changed then.
    pub(crate) fn update<E>(
        &mut self,
        name: &str,
        change: impl FnOnce(Option<&SecretString>) -> Result<Option<SecretString>, E>,
    ) -> Result<Result<(), E>, SecretFileError> {
        let _lock = self.lock()?;
        self.read_again()?;
        let value = match change(self.secrets.get(name)) {
            Ok(value) => value,
            Err(refused) => return Ok(Err(refused)),
        };
        let previous = match value {
            Some(value) => self.secrets.insert(name.to_owned(), value),
            None => self.secrets.remove(name),
        };
        let written = self.write();
        if written.is_err() {
            match previous {
                Some(previous) => self.secrets.insert(name.to_owned(), previous),
                None => self.secrets.remove(name),
            };
        }
        written.map(Ok)
    }

    /// Held by one process while it changes the file; only briefly, since no prompt happens meanwhile.
    fn lock(&self) -> Result<std::fs::File, SecretFileError> {
        let path = self.path.with_extension("lock");
        let lock = private_file(&path).and_then(|file| file.lock().map(|()| file));
        lock.map_err(|source| SecretFileError::File { path, source })
    }

    fn write(&self) -> Result<(), SecretFileError> {
        let plain: BTreeMap<&str, &str> =
            self.secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose_secret())).collect();
        let undecryptable = || SecretFileError::Undecryptable(self.path.clone());
        let plain = serde_json::to_vec(&plain).map_err(|_| undecryptable())?;
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let sealed =
            self.cipher.encrypt(&XNonce::from(nonce), plain.as_slice()).map_err(|_| undecryptable())?;
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&sealed);
        write_private(&self.path, &file)
            .map_err(|source| SecretFileError::File { path: self.path.clone(), source })
    }
}

fn decrypt(cipher: &XChaCha20Poly1305, bytes: &[u8]) -> Option<BTreeMap<String, SecretString>> {
    let (nonce, sealed) = bytes.strip_prefix(MAGIC)?.split_at_checked(NONCE_LENGTH)?;
    let nonce: [u8; NONCE_LENGTH] = nonce.try_into().ok()?;
    let plain = cipher.decrypt(&XNonce::from(nonce), sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn decode_key(text: &str, whence: &str) -> Result<Key<XChaCha20Poly1305>, SecretFileError> {
    let invalid = || SecretFileError::Key(whence.to_owned());
    let bytes = STANDARD.decode(text.trim()).map_err(|_| invalid())?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| invalid())?;
    Ok(bytes.into())
}

fn stored_key(path: &Path) -> Result<Option<Key<XChaCha20Poly1305>>, SecretFileError> {
    match std::fs::read_to_string(path) {
        Ok(text) => decode_key(&text, &path.display().to_string()).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SecretFileError::File { path: path.to_owned(), source }),
    }
}

fn new_key(path: &Path) -> Result<Key<XChaCha20Poly1305>, SecretFileError> {
    let key: [u8; 32] = rand::random();
    write_private(path, STANDARD.encode(key).as_bytes())
        .map_err(|source| SecretFileError::File { path: path.to_owned(), source })?;
    Ok(key.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_secrets_come_back_and_do_not_stand_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("secrets.enc"), folder.path().join("secrets.key"));
        let mut secrets = SecretFile::open_with(&path, &key, None).unwrap();
        secrets.set("ticketsmith/jira", r#"{"api_token":"hidden-token"}"#.to_owned().into()).unwrap();
        let again = SecretFile::open_with(&path, &key, None).unwrap();
        assert!(again.get("ticketsmith/jira").unwrap().expose_secret().contains("hidden-token"));
        let raw = std::fs::read(&path).unwrap();
        assert!(!raw.windows(6).any(|window| window == b"hidden"));
        assert!(!format!("{again:?}").contains("hidden-token"));
    }

    #[test]
    fn what_another_process_sets_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("secrets.enc"), folder.path().join("secrets.key"));
        let open = || SecretFile::open_with(&path, &key, None).unwrap();
        let mut reader = open();
        assert!(!reader.read_again().unwrap());
        open().set("a", "{}".to_owned().into()).unwrap();
        assert!(reader.read_again().unwrap());
        assert_eq!(reader.names().collect::<Vec<_>>(), ["a"]);
        assert!(!reader.read_again().unwrap());
        std::fs::write(&path, "nonsense").unwrap();
        assert!(reader.read_again().is_err());
        assert_eq!(reader.names().collect::<Vec<_>>(), ["a"], "what was readable stays");
    }

    #[test]
    fn whoever_changes_secrets_at_once_loses_none() {
        const AT_ONCE: usize = 8;
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("secrets.enc"), folder.path().join("secrets.key"));
        // Each has read the file before any of them writes it.
        let files: Vec<_> = (0..AT_ONCE).map(|_| SecretFile::open_with(&path, &key, None).unwrap()).collect();
        std::thread::scope(|scope| {
            for (number, mut file) in files.into_iter().enumerate() {
                scope.spawn(move || {
                    let one_more = |present: Option<&SecretString>| {
                        let present = present.map_or("", |present| present.expose_secret());
                        Ok::<_, Infallible>(Some(format!("{present}{number}").into()))
                    };
                    file.update("shared", one_more).unwrap().unwrap();
                    file.set(&format!("own-{number}"), "{}".to_owned().into()).unwrap();
                });
            }
        });
        let read = SecretFile::open_with(&path, &key, None).unwrap();
        assert_eq!(read.get("shared").unwrap().expose_secret().len(), AT_ONCE);
        assert_eq!(read.names().count(), AT_ONCE + 1);
    }

    #[test]
    fn another_key_or_a_changed_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("secrets.enc"), folder.path().join("secrets.key"));
        SecretFile::open_with(&path, &key, None).unwrap().set("a", "{}".to_owned().into()).unwrap();
        let other = STANDARD.encode([7u8; 32]);
        assert!(matches!(
            SecretFile::open_with(&path, &key, Some(&other)),
            Err(SecretFileError::Undecryptable(_))
        ));
        assert!(matches!(SecretFile::open_with(&path, &key, Some("short")), Err(SecretFileError::Key(_))));
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(SecretFile::open_with(&path, &key, None).is_err());
    }

    #[test]
    fn looking_at_secrets_makes_nothing_and_a_lost_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::existing(folder.path()).unwrap();
        let (path, key) = (data.secrets(), data.secrets_key());
        assert!(SecretFile::existing(&data).unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut secrets = SecretFile::open_with(&path, &key, None).unwrap();
        secrets.set("a", "{}".to_owned().into()).unwrap();
        secrets.set("b", "{}".to_owned().into()).unwrap();
        secrets.update("a", |_| Ok::<_, Infallible>(None)).unwrap().unwrap();
        let again = SecretFile::open_with(&path, &key, None).unwrap();
        assert_eq!(again.names().collect::<Vec<_>>(), ["b"]);
        std::fs::remove_file(&key).unwrap();
        assert!(matches!(SecretFile::open_with(&path, &key, None), Err(SecretFileError::KeyMissing { .. })));
        assert!(!key.exists(), "a new key would not decrypt them either");
    }
}
