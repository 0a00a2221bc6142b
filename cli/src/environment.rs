//! The environment variables that commands read themselves; clap reads those that are another way to give an option.
//!
//! An empty variable counts as unset, because jobs pass on variables that have no value; `command_line` has clap take those of options for unset,
//! too. A value that is not UTF-8 is not ignored: the command that uses it refuses it.

use secrecy::SecretString;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The key of the secrets in a data folder: 32 bytes in base64. Without it, the key is in a file of the folder.
pub(crate) const SECRETS_KEY: &str = "TICKETSMITH_SECRETS_KEY";

/// The `serve` at another address, asked at its private listener.
pub(crate) const SERVE: Address = Address { url: "TICKETSMITH_URL", token: "TICKETSMITH_TOKEN" };

/// An API, without a profile.
pub(crate) const API: Address = Address { url: "TICKETSMITH_API_URL", token: "TICKETSMITH_API_TOKEN" };

/// The variables that name an address and the token for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    /// The variable with the URL.
    pub(crate) url: &'static str,
    /// The variable with the token.
    pub(crate) token: &'static str,
}

impl Address {
    /// Whether the environment names an address.
    pub(crate) fn is_set(self) -> bool {
        is_set(self.url)
    }

    /// The URL and the token, if the environment names an address.
    ///
    /// # Errors
    /// If the URL is set and the token is not: `refused`, applied to a message that says so.
    pub(crate) fn read<E>(
        self,
        refused: impl FnOnce(String) -> E,
    ) -> Result<Option<(String, SecretString)>, E> {
        let Some(url) = value(self.url) else { return Ok(None) };
        match value(self.token) {
            Some(token) => Ok(Some((url, token.into()))),
            None => Err(refused(format!("{} is set but {} is not", self.url, self.token))),
        }
    }
}

/// The value of a variable, if it is set.
pub(crate) fn value(name: &str) -> Option<String> {
    Some(text(set(name)?))
}

/// The value of a variable that is a path, if it is set.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    set(name).map(PathBuf::from)
}

/// Whether a variable is set.
pub(crate) fn is_set(name: &str) -> bool {
    set(name).is_some()
}

/// Whether a variable is there without a value, and so counts as unset.
pub(crate) fn is_empty(name: &OsStr) -> bool {
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(value: OsString) -> String {
    value.into_string().unwrap_or_else(|value| value.to_string_lossy().into_owned())
}
