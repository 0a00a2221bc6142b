//! Credentials of requests.

use crate::redact::redact;
use crate::sign::Signer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ActionError;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::Arc;
use url::form_urlencoded;

/// So many characters of a text are read for a quotation of it.
const MOST_READ: usize = 100_000;

/// The most bytes of a credential, in any form.
const LONGEST_FORM: usize = 20_000;

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
    /// The same of an OAuth client, whose id and secret are form-encoded first
    /// ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    OauthClient {
        /// The client's id, which may be shown.
        id: String,
        /// Its secret.
        secret: SecretString,
    },
    /// A provider-specific header.
    Header {
        /// Its name in lower case: `x-api-key`.
        name: &'static str,
        /// Its value.
        value: SecretString,
    },
    /// Headers that are computed from the whole request, each time it is sent.
    Signed(Arc<dyn Signer>),
}

impl Auth {
    /// The header to send, marked so that nothing prints it.
    pub(crate) fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, ActionError> {
        let (name, value) = match self {
            Self::None | Self::Signed(_) => return Ok(None),
            Self::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose_secret())),
            Self::Basic { user, password } => (AUTHORIZATION, format!("Basic {}", basic(user, password))),
            Self::OauthClient { id, secret } => {
                (AUTHORIZATION, format!("Basic {}", basic_of_client(id, secret)))
            }
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

    /// The text without these secrets, in any encoding: see [`redact`].
    pub(crate) fn redact(&self, text: &str) -> String {
        match self {
            Self::None => text.to_owned(),
            Self::Bearer(secret) | Self::Header { value: secret, .. } => {
                redact(text, [secret.expose_secret()])
            }
            Self::Signed(signer) => {
                let secrets = signer.secrets();
                redact(text, secrets.iter().map(ExposeSecret::expose_secret))
            }
            Self::Basic { user, password } => {
                redact(text, [basic(user, password).as_str(), password.expose_secret()])
            }
            Self::OauthClient { id, secret } => {
                redact(text, [basic_of_client(id, secret).as_str(), secret.expose_secret()])
            }
        }
    }

    /// An excerpt of a text from outside for an error: without our secrets, on one line, cut.
    pub(crate) fn quote(&self, text: &str) -> String {
        let Some((end, _)) = text.char_indices().nth(MOST_READ) else {
            return crate::excerpt(&self.redact(text));
        };
        // A truncated secret is not found, so the end is left out.
        let known = self.redact(&text[..end]);
        let whole = known.char_indices().rev().nth(LONGEST_FORM).map_or(0, |(end, _)| end);
        crate::excerpt(&known[..whole])
    }

    /// The error without our secrets, whichever part of its message came from outside.
    pub(crate) fn without_secrets(&self, error: ActionError) -> ActionError {
        ActionError { message: self.redact(&error.message), ..error }
    }

    /// The JSON without our secrets, in its texts and in the names of its fields.
    pub(crate) fn without_secrets_in(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.without_secrets_in(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (self.redact(&name), self.without_secrets_in(value)))
                .collect(),
            Value::Number(number) => match self.redact(&number.to_string()) {
                text if text == number.to_string() => Value::Number(number),
                text => Value::String(text),
            },
            other => other,
        }
    }
}

fn basic(user: &str, password: &SecretString) -> String {
    STANDARD.encode(format!("{user}:{}", password.expose_secret()))
}

fn basic_of_client(id: &str, secret: &SecretString) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    basic(&encoded(id), &encoded(secret.expose_secret()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_of_an_oauth_client_are_form_encoded() {
        let decoded = |id: &str, secret: &str| {
            let auth = Auth::OauthClient { id: id.into(), secret: secret.into() };
            let (_, header) = auth.header().unwrap().unwrap();
            let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
            String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
        };
        assert_eq!(decoded("ticketsmith", "a-b_c.d"), "ticketsmith:a-b_c.d");
        assert_eq!(
            decoded("https://us.example", "a+b:c%d é"),
            "https%3A%2F%2Fus.example:a%2Bb%3Ac%25d+%C3%A9"
        );
        let auth = Auth::OauthClient { id: "us".into(), secret: "hunter2+token".into() };
        assert_eq!(auth.redact("bad hunter2+token, hunter2%2Btoken"), "bad [redacted], [redacted]");
    }

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
