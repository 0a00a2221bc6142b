//! Tokens by their hashes: the table never holds one.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::table::Table;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The installation's own token.
#[derive(Debug, Serialize, Deserialize)]
struct InstallationToken {
    sha256: String,
}

/// The table's form of a token: its SHA-256, in hex. Tokens are 256 random bits, so no slow hash is needed.
pub fn token_digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

impl Table {
    /// Puts a token in place of the installation's own, which from then on is not valid.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_installation_token(&self, token: &str) -> Result<(), RecordsError> {
        let item =
            to_item(&InstallationToken { sha256: token_digest(token) }, keys::installation_token(), None)?;
        // Without a condition nothing can refuse it.
        let _ = self.put("put the installation's token", item, None).await?;
        Ok(())
    }

    /// The digest of the installation's own token; `None` if there is none, as in an account.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn installation_token(&self) -> Result<Option<String>, RecordsError> {
        let token = self.get(keys::installation_token()).await?.map(from_item::<InstallationToken>);
        Ok(token.transpose()?.map(|token| token.sha256))
    }
}
