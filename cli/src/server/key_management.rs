//! KMS's own JSON protocol over one key: signing, and its public part.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>

use super::aws_error::AwsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::SigningKey;
use serde::Deserialize;
use serde_json::json;

/// The key's id on one machine.
pub(crate) const EVIDENCE_KEY: &str = "alias/ticketsmith-evidence";

/// The only way in which the key signs.
const ALGORITHM: &str = "ECDSA_SHA_256";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sign {
    key_id: String,
    message: String,
    #[serde(default)]
    message_type: String,
    signing_algorithm: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetPublicKey {
    key_id: String,
}

/// Performs one operation.
///
/// # Errors
/// `NotFoundException` for another key; `ValidationException` for a message it does not sign; `UnknownOperationException` for an operation
/// that our functions do not use.
pub(crate) fn perform(key: &SigningKey, operation: &str, body: &[u8]) -> Result<String, AwsError> {
    match operation {
        "Sign" => {
            let request: Sign =
                serde_json::from_slice(body).map_err(|error| AwsError::serialization(&error))?;
            check(&request.key_id)?;
            if request.message_type != "DIGEST" || request.signing_algorithm != ALGORITHM {
                return Err(invalid(&format!(
                    "accepted: MessageType DIGEST and SigningAlgorithm {ALGORITHM}"
                )));
            }
            let digest = STANDARD.decode(&request.message).map_err(|error| invalid(&error.to_string()))?;
            let signature = key.sign_digest(&digest).map_err(|error| invalid(&error.to_string()))?;
            let signature = STANDARD.encode(signature);
            let answer =
                json!({ "KeyId": EVIDENCE_KEY, "Signature": signature, "SigningAlgorithm": ALGORITHM });
            Ok(answer.to_string())
        }
        "GetPublicKey" => {
            let request: GetPublicKey =
                serde_json::from_slice(body).map_err(|error| AwsError::serialization(&error))?;
            check(&request.key_id)?;
            let answer = json!({
                "KeyId": EVIDENCE_KEY,
                "PublicKey": STANDARD.encode(key.public().as_der()),
                "KeySpec": "ECC_NIST_P256",
                "KeyUsage": "SIGN_VERIFY",
                "SigningAlgorithms": [ALGORITHM],
            });
            Ok(answer.to_string())
        }
        unknown => Err(AwsError::unknown_operation(unknown)),
    }
}

fn check(key: &str) -> Result<(), AwsError> {
    match key == EVIDENCE_KEY {
        true => Ok(()),
        false => Err(AwsError::new(400, "NotFoundException", &format!("there is no key {key}"))),
    }
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "ValidationException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_is_signed_and_only_with_the_one_key() {
        let key = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        let sign = |key_id: &str, message: &[u8], message_type: &str| {
            let message = STANDARD.encode(message);
            let request = json!({
                "KeyId": key_id, "Message": message, "MessageType": message_type, "SigningAlgorithm": ALGORITHM,
            });
            perform(&key, "Sign", request.to_string().as_bytes())
        };
        let answer = sign(EVIDENCE_KEY, &[7; 32], "DIGEST").unwrap();
        assert!(answer.contains("Signature"), "{answer}");
        for refused in [
            sign("alias/other", &[7; 32], "DIGEST"),
            sign(EVIDENCE_KEY, &[7; 31], "DIGEST"),
            sign(EVIDENCE_KEY, &[7; 32], "RAW"),
            perform(&key, "Decrypt", b"{}"),
            perform(&key, "Sign", b"{"),
        ] {
            assert_eq!(refused.unwrap_err().status, 400);
        }
    }
}
