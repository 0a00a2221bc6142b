//! Credentials as a secret holds them.

use domain::ActionError;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeOwned, Error};
use serde_json::{Map, Value};

/// Reads a secret's JSON, or the entry of it named after the `#` in its name. `name` is the secret's name in the configuration and
/// `accepted` the form, for the error: `{"email": …, "api_token": …}`.
///
/// # Errors
/// `Rejected` if the secret is not JSON of the accepted form. The message says which secret, what is missing and what is
/// accepted, and never shows a value.
pub fn read_credentials<T: DeserializeOwned>(
    name: &str,
    secret: &SecretString,
    accepted: &str,
) -> Result<T, ActionError> {
    let read = match name.split_once('#') {
        None => serde_json::from_str(secret.expose_secret()),
        Some((_, entry)) => {
            serde_json::from_str::<Map<String, Value>>(secret.expose_secret()).and_then(|mut bundle| {
                match bundle.remove(entry) {
                    Some(credentials) => serde_json::from_value(credentials),
                    None => Err(serde_json::Error::custom(format!("missing entry `{entry}`"))),
                }
            })
        }
    };
    read.map_err(|error| {
        let detail = error.to_string();
        // Other messages of the parser quote the value they stumbled over.
        let problem = match detail.split(" at line").next() {
            Some(missing) if missing.starts_with("missing field") || missing.starts_with("missing entry") => {
                missing
            }
            _ if error.is_data() => "its fields are not the accepted ones",
            _ => "it is not JSON",
        };
        ActionError::rejected(format!("the secret `{name}` cannot be used: {problem}; accepted: {accepted}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Credentials {
        token: SecretString,
    }

    #[test]
    fn errors_name_the_secret_and_never_its_value() {
        let read = |json: &str| {
            read_credentials::<Credentials>("ticketsmith/x", &json.into(), r#"{"token": …}"#)
                .map_err(|error| error.message)
        };
        assert!(read(r#"{"token": "hunter2"}"#).is_ok());
        let check = |json: &str, problem: &str| {
            let message = read(json).unwrap_err();
            assert!(message.contains("`ticketsmith/x`") && message.contains(problem), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        };
        check("hunter2", "not JSON");
        check("\"hunter2\"", "not the accepted ones");
        check("{}", "missing field `token`");
        check(r#"{"token": ["hunter2"]}"#, "not the accepted ones");
        check(r#"{"token": "a", "hunter2": "b"}"#, "not the accepted ones");
    }

    #[test]
    fn one_secret_may_bundle_several() {
        let bundle = r#"{"jira": {"token": "a"}, "slack": {}, "chat": "hunter2"}"#;
        let read = |name: &str| read_credentials::<Credentials>(name, &bundle.into(), r#"{"token": …}"#);
        assert_eq!(read("ticketsmith/work#jira").unwrap().token.expose_secret(), "a");
        for (name, problem) in [
            ("ticketsmith/work#slack", "missing field `token`"),
            ("ticketsmith/work#chat", "not the accepted ones"),
            ("ticketsmith/work#absent", "missing entry `absent`"),
        ] {
            let message = read(name).unwrap_err().message;
            assert!(message.contains(name) && message.contains(problem), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
