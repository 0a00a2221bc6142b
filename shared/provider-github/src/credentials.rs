//! What GitHub's secret holds.

use crate::app::AppCredentials;
use secrecy::SecretString;
use serde::Deserialize;

/// Our identity at GitHub.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Credentials {
    /// A GitHub App's installation.
    App(AppCredentials),
    /// A personal access token, which acts as the person it belongs to and may all they allowed it.
    Token {
        /// The token.
        token: SecretString,
    },
}
