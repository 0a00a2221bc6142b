//! The metadata of a provider of OpenID Connect, kept for a while: anybody may begin to sign in, however often, and that must not become as many
//! requests to the provider.

use super::client;
use domain::configuration::SignInOidc;
use domain::{ActionError, Clock};
use http_client::Auth;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The name of these providers in messages.
pub(super) const NAME: &str = "OpenID Connect";

/// How long the metadata is kept if the provider does not say.
const USUAL: SignedDuration = SignedDuration::from_hours(1);

/// The bounds of what a provider may say. Some forbid keeping it at all, although it is the same for everybody.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// How long a provider is not asked again after it gave no answer or an invalid one.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(5);

/// A provider's metadata.
#[derive(Debug, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
}

/// The metadata of the configured provider, as it was last read.
#[derive(Debug, Default)]
pub(crate) struct Discoveries(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    issuer: String,
    until: Timestamp,
    found: Result<Arc<Discovery>, ActionError>,
}

impl Discoveries {
    /// The metadata of the provider. It is asked by one request at a time; others wait for what that one finds.
    ///
    /// # Errors
    /// The provider's, for a few seconds; `Rejected` if the metadata is that of another issuer.
    pub(super) async fn of(
        &self,
        settings: &SignInOidc,
        clock: &dyn Clock,
    ) -> Result<Arc<Discovery>, ActionError> {
        let mut kept = self.0.lock().await;
        if let Some(kept) = &*kept
            && kept.issuer == settings.issuer
            && clock.now() < kept.until
        {
            return kept.found.clone();
        }
        let (found, life) = match read(settings).await {
            Ok((discovery, life)) => (Ok(Arc::new(discovery)), life),
            Err(error) => (Err(error), AFTER_FAILURE),
        };
        *kept =
            Some(Kept { issuer: settings.issuer.clone(), until: clock.now() + life, found: found.clone() });
        found
    }

    /// Has the metadata read again when it is needed next, because an address in it does not answer.
    pub(super) async fn forget(&self) {
        self.0.lock().await.take_if(|kept| kept.found.is_ok());
    }
}

/// Reads the metadata, and for how long it may be kept.
async fn read(settings: &SignInOidc) -> Result<(Discovery, SignedDuration), ActionError> {
    let provider = client(NAME, &settings.issuer, Auth::None)?;
    let answer = provider.get("/.well-known/openid-configuration", &[]).without_redirects().send().await;
    let answer = answer.map_err(|failure| failure.error)?;
    let discovery: Discovery = answer.json()?;
    // The issuer at the address must be the configured one.
    match discovery.issuer == settings.issuer {
        true => Ok((discovery, life(answer.header("cache-control").as_deref()))),
        false => {
            Err(ActionError::rejected("the discovery document is of another issuer than sign_in.oidc.issuer"))
        }
    }
}

/// How long an answer with this `Cache-Control` is kept.
fn life(cache_control: Option<&str>) -> SignedDuration {
    let directives = cache_control.into_iter().flat_map(|said| said.split(','));
    let seconds = directives.filter_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.split_once('=') {
            Some(("max-age", seconds)) => Some(seconds.trim_matches('"').parse::<u32>().unwrap_or_default()),
            _ => ["no-store", "no-cache"].contains(&directive.as_str()).then_some(0),
        }
    });
    let said = seconds.min().map(|seconds| SignedDuration::from_secs(seconds.into()));
    said.unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_as_long_as_the_provider_says_within_bounds() {
        for (said, expected) in [
            (None, USUAL),
            (Some("public"), USUAL),
            (Some("public, max-age=7200"), SignedDuration::from_hours(2)),
            (Some("Max-Age=\"600\", must-revalidate"), SignedDuration::from_mins(10)),
            (Some("max-age=0"), SHORTEST),
            (Some("max-age=soon"), SHORTEST),
            (Some("no-store, max-age=7200"), SHORTEST),
            (Some("no-cache"), SHORTEST),
            (Some("max-age=4294967295"), LONGEST),
        ] {
            assert_eq!(life(said), expected, "{said:?}");
        }
    }
}
