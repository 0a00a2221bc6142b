//! A private key on the curve P-256: what KMS is for an installation in an account, for one on a single machine.

use crate::public_key::{PublicKey, from_pem, to_pem};
use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use std::fmt;

const LABEL: &str = "PRIVATE KEY";

/// The reason that there is no key, or no signature. No message contains any of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The text is something else.
    #[error(
        "it is not a private key on the curve P-256; accepted: PKCS #8 in PEM that begins with `-----BEGIN PRIVATE KEY-----`"
    )]
    NotAKey,
    /// The digest has the wrong length.
    #[error("it is not a SHA-256 digest; accepted: 32 bytes")]
    NotADigest,
    /// The system provides no random numbers.
    #[error("the system provides no random numbers")]
    NoRandomness,
}

/// A private key. Its debug output shows only the id of the public key.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("public", &self.public.id()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key in PEM, to be kept where only its owner can read it.
    ///
    /// # Errors
    /// [`SigningKeyError::NoRandomness`].
    pub fn generate() -> Result<String, SigningKeyError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map(|document| to_pem(LABEL, document.as_ref()))
            .map_err(|_| SigningKeyError::NoRandomness)
    }

    /// The key in PEM.
    ///
    /// # Errors
    /// [`SigningKeyError::NotAKey`].
    pub fn from_pem(text: &str) -> Result<Self, SigningKeyError> {
        let der = from_pem(LABEL, text).ok_or(SigningKeyError::NotAKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .map_err(|_| SigningKeyError::NotAKey)?;
        let public: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| SigningKeyError::NotAKey)?;
        let public = PublicKey::from_der(public.as_ref()).map_err(|_| SigningKeyError::NotAKey)?;
        Ok(Self { pair, public })
    }

    /// The public key of this one.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs the SHA-256 of a message, as KMS does for messages of the type `DIGEST`: ASN.1 in DER.
    ///
    /// # Errors
    /// [`SigningKeyError::NotADigest`] for anything but 32 bytes; [`SigningKeyError::NoRandomness`].
    pub fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        let digest = Digest::import_less_safe(digest, &SHA256).map_err(|_| SigningKeyError::NotADigest)?;
        let signature = self.pair.sign_digest(&digest).map_err(|_| SigningKeyError::NoRandomness)?;
        Ok(signature.as_ref().to_owned())
    }
}
