//! [Installation tokens](https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app) of a GitHub
//! App.

use domain::plugins::RepositoryAccess;
use domain::{ActionError, RepositoryName};
use http_client::Client;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// GitHub's clock may be behind ours.
const BACKDATED: SignedDuration = SignedDuration::from_secs(60);
/// GitHub accepts ten minutes at most.
const PROOF_LASTS: SignedDuration = SignedDuration::from_mins(9);
/// A token is replaced early enough to last for the work at hand.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// An App, one installation of it, and the key that proves it.
#[derive(Debug, Clone, Deserialize)]
pub struct AppCredentials {
    /// The App's id or client id.
    #[serde(deserialize_with = "text_or_number")]
    pub app_id: String,
    /// The installation's id.
    #[serde(deserialize_with = "text_or_number")]
    pub installation_id: String,
    /// The private key as GitHub gives it, in PEM.
    pub private_key: SecretString,
}

/// The [permissions](https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps) to ask for.
fn permissions(access: RepositoryAccess) -> &'static [(&'static str, &'static str)] {
    match access {
        RepositoryAccess::ReadMetadata => &[("metadata", "read")],
        RepositoryAccess::ReadContents => &[("contents", "read")],
        RepositoryAccess::ReadConversations => &[("issues", "read"), ("pull_requests", "read")],
        RepositoryAccess::ReadChecks => &[("checks", "read"), ("contents", "read"), ("statuses", "read")],
        RepositoryAccess::ReadCheckLogs => {
            &[("actions", "read"), ("checks", "read"), ("contents", "read"), ("statuses", "read")]
        }
        RepositoryAccess::WriteContents => &[("contents", "write")],
        RepositoryAccess::WritePullRequests => &[("contents", "read"), ("pull_requests", "write")],
        RepositoryAccess::WriteReviews => &[("contents", "write"), ("pull_requests", "write")],
        RepositoryAccess::WriteIssues => &[("issues", "write"), ("pull_requests", "write")],
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u64),
        Text(String),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    })
}

/// An installation with the tokens it gave, by repository.
pub(crate) struct Installation {
    app_id: String,
    installation_id: String,
    key: EncodingKey,
    access: RepositoryAccess,
    tokens: Mutex<HashMap<RepositoryName, Token>>,
}

impl fmt::Debug for Installation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Installation")
            .field("app_id", &self.app_id)
            .field("installation_id", &self.installation_id)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Token {
    token: SecretString,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

impl Installation {
    pub(crate) fn new(app: AppCredentials, access: RepositoryAccess) -> Result<Self, ActionError> {
        let key = key_of(&app.private_key)?;
        let (app_id, installation_id) = (app.app_id, app.installation_id);
        Ok(Self { app_id, installation_id, key, access, tokens: Mutex::default() })
    }

    /// A token for this repository that lasts five more minutes at least.
    pub(crate) async fn token(
        &self,
        client: &Client,
        repository: &RepositoryName,
    ) -> Result<SecretString, ActionError> {
        let now = client.clock().now();
        let known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned();
        if let Some(known) = known.filter(|known| known.expires_at - RENEWED_BEFORE > now) {
            return Ok(known.token);
        }
        let permissions: Map<String, Value> =
            permissions(self.access).iter().map(|(name, level)| ((*name).into(), (*level).into())).collect();
        let answer = client
            .post("/app/installations/{installation_id}/access_tokens", &[&self.installation_id])
            .bearer(self.proof(now)?)
            .json(&json!({"repositories": [repository.name()], "permissions": permissions}))
            .send()
            .await?;
        let token: Token = answer.json()?;
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(repository.clone(), token.clone());
        Ok(token.token)
    }

    /// Whether it is the installation of this id.
    pub(crate) fn is(&self, id: u64) -> bool {
        self.installation_id == id.to_string()
    }

    /// The App's own token, with which it may ask for others.
    pub(crate) fn proof(&self, now: Timestamp) -> Result<SecretString, ActionError> {
        signed(&self.app_id, &self.key, now)
    }
}

/// The token of an App itself, which need not be installed anywhere yet.
pub(crate) fn proof(
    app_id: &str,
    private_key: &SecretString,
    now: Timestamp,
) -> Result<SecretString, ActionError> {
    signed(app_id, &key_of(private_key)?, now)
}

fn signed(app_id: &str, key: &EncodingKey, now: Timestamp) -> Result<SecretString, ActionError> {
    let claims =
        Claims { iat: (now - BACKDATED).as_second(), exp: (now + PROOF_LASTS).as_second(), iss: app_id };
    encode(&Header::new(Algorithm::RS256), &claims, key)
        .map(SecretString::from)
        .map_err(|_| ActionError::internal("the GitHub App's token could not be signed"))
}

fn key_of(private_key: &SecretString) -> Result<EncodingKey, ActionError> {
    EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes()).map_err(|_| {
        ActionError::rejected(
            "the GitHub App's private_key cannot be read; accepted: the RSA key in PEM as GitHub gives it, \
             with its line breaks",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, SPEC};
    use http_client::read_credentials;

    #[test]
    fn ids_as_numbers_and_as_text() {
        for json in [
            r#"{"app_id": 12, "installation_id": 34, "private_key": "k"}"#,
            r#"{"app_id": "12", "installation_id": "34", "private_key": "k"}"#,
        ] {
            let read: Credentials =
                read_credentials("ticketsmith/github", &json.into(), &SPEC.secret_forms()).unwrap();
            assert!(
                matches!(&read, Credentials::App(app) if app.app_id == "12" && app.installation_id == "34")
            );
            let Credentials::App(app) = read else { panic!("no App") };
            let error = Installation::new(app, RepositoryAccess::ReadContents).unwrap_err();
            assert!(error.message.contains("PEM"), "{error}");
        }
        let secret = r#"{"app_id": 12}"#.into();
        let error =
            read_credentials::<Credentials>("ticketsmith/github", &secret, &SPEC.secret_forms()).unwrap_err();
        assert!(error.message.contains("`ticketsmith/github`") && error.message.contains("installation_id"));
    }
}
