//! Secrets Manager's own JSON protocol over the encrypted file: reading a value and listing names.
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>

use super::aws_error::AwsError;
use super::caller::Caller;
use super::secret_file::SecretFile;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
}

/// The secret that a request names, if it names one.
pub(crate) fn named(body: &[u8]) -> Option<String> {
    serde_json::from_slice(body).ok().map(|request: GetSecretValue| request.secret_id)
}

/// Performs one operation for a caller. `is_allowed` says whether it may read the secret that the request names.
///
/// # Errors
/// `AccessDeniedException` for a secret that the caller may not read, whether it exists or not; `ResourceNotFoundException`;
/// `UnknownOperationException` for an operation that our functions do not use.
pub(crate) fn perform(
    secrets: &SecretFile,
    caller: Caller,
    is_allowed: bool,
    operation: &str,
    body: &[u8],
) -> Result<String, AwsError> {
    match operation {
        "GetSecretValue" => {
            let request: GetSecretValue =
                serde_json::from_slice(body).map_err(|error| AwsError::serialization(&error))?;
            let name = request.secret_id;
            if !is_allowed {
                return Err(AwsError::access_denied(&format!(
                    "{} may not read the secret {name}",
                    caller.name()
                )));
            }
            let value = secrets.get(&name).ok_or_else(|| {
                AwsError::new(
                    400,
                    "ResourceNotFoundException",
                    &format!("there is no secret {name}; set it with `ticketsmith secrets set {name}`"),
                )
            })?;
            Ok(json!({ "ARN": arn(&name), "Name": name, "SecretString": value.expose_secret() }).to_string())
        }
        "ListSecrets" => {
            let list: Vec<_> =
                secrets.names().map(|name| json!({ "ARN": arn(name), "Name": name })).collect();
            Ok(json!({ "SecretList": list }).to_string())
        }
        unknown => Err(AwsError::unknown_operation(unknown)),
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}")
}
