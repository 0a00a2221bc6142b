//! Public keys on the curve P-256, as PEM files hold them and as KMS gives them.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// How every public key on P-256 begins, as a `SubjectPublicKeyInfo` of an uncompressed point in DER: RFC 5480.
const PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// The length of such a key in DER.
const LENGTH: usize = 91;

const LABEL: &str = "PUBLIC KEY";

/// Not a public key on P-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is not a public key on the curve P-256; accepted: PEM that begins with `-----BEGIN PUBLIC KEY-----`"
)]
pub struct PublicKeyError;

/// A public key on the curve P-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
}

impl PublicKey {
    /// The key in a `SubjectPublicKeyInfo` in DER, as KMS gives it.
    ///
    /// # Errors
    /// [`PublicKeyError`] for any other kind of key.
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        match der.len() == LENGTH && der.starts_with(&PREFIX) {
            true => Ok(Self { der: der.to_owned() }),
            false => Err(PublicKeyError),
        }
    }

    /// The key in PEM.
    ///
    /// # Errors
    /// As [`Self::from_der`].
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        Self::from_der(&from_pem(LABEL, text).ok_or(PublicKeyError)?)
    }

    /// The key in a `SubjectPublicKeyInfo` in DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The key in PEM, as `openssl` and `cosign` read it.
    pub fn to_pem(&self) -> String {
        to_pem(LABEL, &self.der)
    }

    /// Its id: the SHA-256 of its DER in hexadecimal.
    pub fn id(&self) -> String {
        hex::encode(Sha256::digest(&self.der))
    }

    /// Whether a signature, ASN.1 in DER, is of this key's owner on a message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.der).verify(message, signature).is_ok()
    }
}

/// DER in PEM's armor: RFC 7468.
pub(crate) fn to_pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = STANDARD.encode(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The DER in PEM's armor; `None` if there is none with this label.
pub(crate) fn from_pem(label: &str, text: &str) -> Option<Vec<u8>> {
    let inside = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let inside = inside.strip_suffix(&format!("-----END {label}-----"))?;
    STANDARD.decode(inside.split_whitespace().collect::<String>()).ok()
}
