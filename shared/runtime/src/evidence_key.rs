//! The key that signs evidence: an asymmetric KMS key, whose private part never leaves KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use domain::ActionError;

/// A key on the curve P-256 in KMS.
#[derive(Debug, Clone)]
pub struct EvidenceKey {
    client: Client,
    id: String,
}

impl EvidenceKey {
    /// The key of this id, ARN or alias. The caller sets the client's timeouts.
    pub fn new(client: Client, id: impl Into<String>) -> Self {
        Self { client, id: id.into() }
    }

    /// Its public part: a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// `Unavailable` when KMS does not answer or refuses.
    pub async fn public_key(&self) -> Result<Vec<u8>, ActionError> {
        let answer = self.client.get_public_key().key_id(&self.id).send().await;
        let answer = answer.map_err(|error| unavailable("read", &error))?;
        answer.public_key.map(Blob::into_inner).ok_or_else(|| nothing("public key"))
    }

    /// Signs a SHA-256 digest: ASN.1 in DER.
    ///
    /// # Errors
    /// `Unavailable` when KMS does not answer or refuses.
    pub async fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, ActionError> {
        let answer = self
            .client
            .sign()
            .key_id(&self.id)
            .message(Blob::new(digest.as_slice()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await;
        let answer = answer.map_err(|error| unavailable("used", &error))?;
        answer.signature.map(Blob::into_inner).ok_or_else(|| nothing("signature"))
    }
}

fn nothing(what: &str) -> ActionError {
    ActionError::unavailable(format!("KMS answered without a {what}"))
}

fn unavailable<E: ProvideErrorMetadata, R>(what: &str, error: &SdkError<E, R>) -> ActionError {
    let code = error.code().unwrap_or("timed out");
    let said = error.message().unwrap_or_default();
    ActionError::unavailable(format!("the key that signs evidence could not be {what}: {code}: {said}"))
}
