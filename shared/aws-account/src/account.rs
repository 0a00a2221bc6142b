//! The account's credentials, and signatures with them.

use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use domain::{ActionError, Clock};
use http::{HeaderName, HeaderValue};
use http_client::{Signer, Unsigned};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Credentials are in the environment or a file, or a service on this machine or in the account gives them.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(10);
/// Credentials are looked for again after this time, and this much before they expire.
const KEPT: SignedDuration = SignedDuration::from_mins(15);
const BEFORE_EXPIRY: SignedDuration = SignedDuration::from_mins(2);

/// Signs requests to one service in one region with the account's credentials, which are looked for when first needed.
///
/// A server on this machine is not AWS, so it never receives the account's credentials: its requests are signed with placeholders.
pub struct Account {
    service: &'static str,
    region: String,
    is_local: bool,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    credentials: Credentials,
    until: Timestamp,
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Account")
            .field("service", &self.service)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// For the service that signatures call `service` (`bedrock`), in this region, at this address.
    pub fn new(
        service: &'static str,
        region: impl Into<String>,
        base_url: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // Clients accept `http` only on this machine.
        let is_local = base_url.starts_with("http://");
        Self { service, region: region.into(), is_local, clock, known: Mutex::default() }
    }

    async fn credentials(&self) -> Result<Credentials, ActionError> {
        if self.is_local {
            return Ok(Credentials::new("local", "local", None, None, "ticketsmith"));
        }
        let now = self.clock.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.until > now) {
            return Ok(known.credentials);
        }
        let credentials = tokio::time::timeout(CREDENTIALS_TIMEOUT, found()).await.map_err(|_| {
            let seconds = CREDENTIALS_TIMEOUT.as_secs();
            ActionError::unavailable(format!("the AWS credentials were not given within {seconds} s"))
        })??;
        let expiry = credentials.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok());
        let until = [Some(now + KEPT), expiry.map(|expiry| expiry - BEFORE_EXPIRY)];
        let until = until.into_iter().flatten().min().unwrap_or(now);
        let known = Known { credentials: credentials.clone(), until };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(credentials)
    }
}

/// Looks where every program of AWS does.
async fn found() -> Result<Credentials, ActionError> {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let none = || {
        ActionError::rejected(
            "no AWS credentials were found; accepted: a function's role in Lambda, or where Ticketsmith runs AWS_PROFILE, \
             AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or the machine's role",
        )
    };
    let provider = config.credentials_provider().ok_or_else(none)?;
    provider.provide_credentials().await.map_err(|error| match error {
        CredentialsError::CredentialsNotLoaded(_) => none(),
        CredentialsError::InvalidConfiguration(_) => {
            ActionError::rejected(format!("the AWS credentials cannot be used: {}", causes(&error)))
        }
        error => ActionError::unavailable(format!("the AWS credentials were not given: {}", causes(&error))),
    })
}

/// The chain of causes, which names places and never values.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text.push_str(": ");
        text.push_str(&current.to_string());
        cause = current.source();
    }
    http_client::excerpt(&text)
}

#[async_trait]
impl Signer for Account {
    async fn sign(&self, request: Unsigned<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, ActionError> {
        let identity = self.credentials().await?.into();
        let unsigned = |problem: &dyn fmt::Display| {
            ActionError::internal(format!("a request to {} cannot be signed: {problem}", self.service))
        };
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::from(self.clock.now()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let headers =
            request.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let body = SignableBody::Bytes(request.body);
        let signable = SignableRequest::new(request.method, request.url.as_str(), headers, body)
            .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unsigned(&error))?.into_parts();
        let header = |(name, value): (&str, &str)| {
            let name = HeaderName::try_from(name).map_err(|error| unsigned(&error))?;
            let mut value = HeaderValue::try_from(value).map_err(|error| unsigned(&error))?;
            value.set_sensitive(true);
            Ok((name, value))
        };
        instructions.headers().map(header).collect()
    }

    fn secrets(&self) -> Vec<SecretString> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let credentials = known.iter().map(|known| &known.credentials);
        credentials
            .flat_map(|credentials| [Some(credentials.secret_access_key()), credentials.session_token()])
            .flatten()
            .map(SecretString::from)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use url::Url;

    #[derive(Debug)]
    struct Fixed(Timestamp);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn account(base_url: &str) -> Account {
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        Account::new("service", "us-east-1", base_url, Arc::new(Fixed(now)))
    }

    async fn signed(account: &Account, url: &str, body: &[u8]) -> HeaderMap {
        let (url, headers) = (Url::parse(url).unwrap(), HeaderMap::new());
        let unsigned = Unsigned { method: "GET", url: &url, headers: &headers, body };
        account.sign(unsigned).await.unwrap().into_iter().collect()
    }

    #[tokio::test]
    async fn the_published_vector_is_signed_as_published() {
        // `get-vanilla` of AWS's Signature Version 4 test suite.
        let account = account("https://example.amazonaws.com");
        let credentials =
            Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "test");
        *account.known.lock().unwrap() = Some(Known { credentials, until: Timestamp::MAX });
        let headers = signed(&account, "https://example.amazonaws.com/", b"").await;
        assert_eq!(headers["x-amz-date"], "20150830T123600Z");
        assert_eq!(
            headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(account.secrets().len(), 1);
        assert!(!format!("{account:?}").contains("wJalr"));
    }

    #[tokio::test]
    async fn what_listens_on_this_machine_never_sees_the_accounts_credentials() {
        let headers = signed(&account("http://127.0.0.1:1"), "http://127.0.0.1:1/x", b"{}").await;
        let authorization = headers["authorization"].to_str().unwrap();
        assert!(
            authorization.starts_with("AWS4-HMAC-SHA256 Credential=local/20150830/us-east-1/service/"),
            "{authorization}"
        );
        assert!(headers.get("x-amz-security-token").is_none());
    }
}
