//! Credentials of requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ActionError;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// How requests authenticate.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No authentication.
    None,
    /// `Authorization: Bearer …` ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).
    Bearer(SecretString),
    /// `Authorization: Basic …` ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
    Basic {
        /// The user's name, which may be shown.
        user: String,
        /// The password or API token.
        password: SecretString,
    },
    /// A provider-specific header.
    Header {
        /// Its name in lower case: `x-api-key`.
        name: &'static str,
        /// Its value.
        value: SecretString,
    },
}

impl Auth {
    /// The header to send, marked so that nothing prints it.
    pub(crate) fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, ActionError> {
        let (name, value) = match self {
            Self::None => return Ok(None),
            Self::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose_secret())),
            Self::Basic { user, password } => (AUTHORIZATION, format!("Basic {}", basic(user, password))),
            Self::Header { name, value } => (HeaderName::from_static(name), value.expose_secret().to_owned()),
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            ActionError::rejected(
                "the secret's token holds a line break or another character that no HTTP header may; \
                 store it again without",
            )
        })?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    /// The text without the secrets that this holds: a provider may quote what it was sent.
    pub(crate) fn redact(&self, text: &str) -> String {
        let replace = |text: &str, secret: &str| match secret {
            "" => text.to_owned(),
            _ => text.replace(secret, "[redacted]"),
        };
        match self {
            Self::None => text.to_owned(),
            Self::Bearer(secret) | Self::Header { value: secret, .. } => {
                replace(text, secret.expose_secret())
            }
            Self::Basic { user, password } => {
                replace(&replace(text, &basic(user, password)), password.expose_secret())
            }
        }
    }
}

fn basic(user: &str, password: &SecretString) -> String {
    STANDARD.encode(format!("{user}:{}", password.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed_or_quoted() {
        let auth = Auth::Basic { user: "a@b.c".into(), password: "hunter2-token".into() };
        let (_, header) = auth.header().unwrap().unwrap();
        assert_eq!(header, "Basic YUBiLmM6aHVudGVyMi10b2tlbg==");
        assert!(!format!("{auth:?} {header:?}").contains("hunter2"));
        assert_eq!(
            auth.redact("bad hunter2-token in YUBiLmM6aHVudGVyMi10b2tlbg=="),
            "bad [redacted] in [redacted]"
        );
        let error = Auth::Bearer("a\nb".into()).header().unwrap_err();
        assert!(error.message.contains("line break") && !error.message.contains("a\nb"));
    }
}
