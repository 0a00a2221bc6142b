//! The file with the key that signs evidence on one machine.

use super::data_folder::write_private;
use evidence::SigningKey;
use std::fs;
use std::io;
use std::path::Path;

/// Reads the key, or creates one if there is none.
///
/// # Errors
/// What is wrong with the file, naming it: others can read it, it is not a key, or it cannot be read or written.
pub(crate) fn open(path: &Path) -> Result<SigningKey, String> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let pem = SigningKey::generate().map_err(|error| at(&error))?;
    write_private(path, pem.as_bytes()).map_err(|error| at(&error))?;
    SigningKey::from_pem(&pem).map_err(|error| at(&error))
}

/// The key, if there is one.
///
/// # Errors
/// As [`open`].
pub(crate) fn read(path: &Path) -> Result<Option<SigningKey>, String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let pem = match fs::read_to_string(path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(&error)),
    };
    check_private(path)?;
    match SigningKey::from_pem(&pem) {
        Ok(key) => Ok(Some(key)),
        Err(error) => Err(at(&format!(
            "{error}; restore it, or move it away to create a new key (the old key's signatures stay valid with its public key)"
        ))),
    }
}

/// A key that others could read signs nothing.
#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let mode = fs::metadata(path).map_err(|error| at(&error))?.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(at(&format!(
            "others can read the key that signs evidence (its mode is {mode:o}); if nobody did, run `chmod 600 {}`",
            path.display()
        ))),
    }
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence.key");
        assert!(read(&path).unwrap().is_none());
        let key = open(&path).unwrap();
        assert_eq!(open(&path).unwrap().public(), key.public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(open(&path).unwrap_err().contains("its mode is 640"));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(&path, "nonsense").unwrap();
        assert!(open(&path).unwrap_err().contains("evidence.key: it is not a private key"));
    }
}
