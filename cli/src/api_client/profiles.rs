//! Profiles: which APIs a person is signed in to, in a file that only they can read.

use crate::environment;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::write_private;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The name that means the `serve` on this machine.
pub(crate) const LOCAL: &str = "local";

/// An API, and the token that signs in to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Its address, with `/api/v1`.
    pub(crate) url: String,
    /// The session or machine token.
    #[serde(serialize_with = "exposed")]
    pub(crate) token: SecretString,
    /// When it ends, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<jiff::Timestamp>,
}

/// All profiles of a person.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Profiles {
    /// The profile used by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// Their names.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

impl Profiles {
    /// Reads the profiles. A file that does not exist has none, and neither has a process without a home, such as a unit of systemd.
    ///
    /// # Errors
    /// Usage when the file cannot be read.
    pub(crate) fn read() -> Outcome<Self> {
        Self::read_at(path())
    }

    fn read_at(path: Option<PathBuf>) -> Outcome<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                Exit::usage(format!(
                    "{}: it is not a file of profiles; delete it and sign in again",
                    path.display()
                ))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Exit::usage(format!("{}: {error}", path.display()))),
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// Usage when the file cannot be written.
    pub(crate) fn write(&self) -> Outcome {
        let path = path().ok_or_else(|| Exit::usage("neither XDG_CONFIG_HOME nor HOME is set"))?;
        let failed = |error: &dyn std::fmt::Display| Exit::usage(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| failed(&error))?;
        write_private(&path, &bytes).map_err(|error| failed(&error))
    }

    /// The profile of this name.
    ///
    /// # Errors
    /// Usage, naming those that there are.
    pub(crate) fn get(&self, name: &str) -> Outcome<&Profile> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(String::as_str).chain([LOCAL]).collect();
            Exit::usage(format!("unknown profile `{name}`; known: {}", known.join(", ")))
        })
    }
}

/// `profiles.json` in the user's configuration folder; `None` if the environment names no such folder.
fn path() -> Option<PathBuf> {
    let folder = environment::path("XDG_CONFIG_HOME");
    let folder = folder.or_else(|| Some(environment::path("HOME")?.join(".config")));
    Some(folder?.join("ticketsmith").join("profiles.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_home_there_are_no_profiles() {
        let none = Profiles::read_at(None).unwrap();
        assert!(none.current.is_none() && none.profiles.is_empty());
        assert!(none.get("work").unwrap_err().to_string().contains("known: local"));
        let folder = tempfile::tempdir().unwrap();
        assert!(Profiles::read_at(Some(folder.path().join("profiles.json"))).unwrap().profiles.is_empty());
        assert!(Profiles::read_at(Some(folder.path().to_owned())).is_err());
    }
}
