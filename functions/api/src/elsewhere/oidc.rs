//! OpenID Connect: discovery, the code flow with PKCE, and an ID token signed by one of the provider's keys.
//! <https://openid.net/specs/openid-connect-core-1_0.html>

use super::discovery::{Discoveries, Discovery, NAME};
use super::{Account, Returned, client_of_endpoint, refused, unavailable};
use crate::problem::{Code, Problem};
use domain::configuration::{Configuration, SignInOidc};
use domain::{ActionError, Clock};
use http_client::{Auth, check_endpoint};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sign_in::{ExpectedIdToken, JwkSet, SignInState, verify_id_token};

/// A provider's response to a code.
#[derive(Deserialize)]
struct Exchanged {
    id_token: SecretString,
}

/// The settings.
///
/// # Errors
/// Not found if there are none.
pub(super) fn of(configuration: &Configuration) -> Result<&SignInOidc, Problem> {
    configuration.sign_in.oidc.as_ref().ok_or_else(|| Problem::not_found("way to sign in"))
}

/// Where the browser goes.
pub(super) async fn address(
    settings: &SignInOidc,
    state: &SignInState,
    redirect_uri: &str,
    (discoveries, clock): (&Discoveries, &dyn Clock),
) -> Result<String, Problem> {
    let unavailable = unavailable(NAME);
    let discovery = discoveries.of(settings, clock).await.map_err(&unavailable)?;
    let mut url = check_endpoint(&discovery.authorization_endpoint)
        .map_err(|error| unavailable(ActionError::rejected(error)))?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("scope", "openid email profile")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", &state.text)
        .append_pair("nonce", &state.nonce)
        .append_pair("code_challenge", &state.challenge())
        .append_pair("code_challenge_method", "S256");
    Ok(url.into())
}

/// Exchanges the code for an ID token, and checks that.
pub(super) async fn account(
    settings: &SignInOidc,
    returned: Returned<'_>,
    (discoveries, clock): (&Discoveries, &dyn Clock),
) -> Result<Account, Problem> {
    let discovery = discoveries.of(settings, clock).await.map_err(unavailable(NAME))?;
    let account = exchange(settings, &discovery, returned).await;
    // The provider may have moved what the metadata names.
    if matches!(&account, Err(problem) if problem.code() == Code::Unavailable) {
        discoveries.forget().await;
    }
    account
}

async fn exchange(
    settings: &SignInOidc,
    discovery: &Discovery,
    returned: Returned<'_>,
) -> Result<Account, Problem> {
    let unavailable = unavailable(NAME);
    // Every provider must support Basic unless its metadata says otherwise.
    let methods = &discovery.token_endpoint_auth_methods_supported;
    let accepts = |method: &str| methods.iter().any(|known| known == method);
    let by_post = accepts("client_secret_post") && !accepts("client_secret_basic");
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", returned.code),
        ("redirect_uri", returned.redirect_uri),
        ("code_verifier", &returned.state.verifier),
    ];
    let auth = match by_post {
        true => {
            form.push(("client_id", &settings.client_id));
            form.push(("client_secret", returned.secret.expose_secret()));
            Auth::None
        }
        false => Auth::OauthClient { id: settings.client_id.clone(), secret: returned.secret.clone() },
    };
    let endpoint = client_of_endpoint(NAME, &discovery.token_endpoint, auth).map_err(&unavailable)?;
    let exchanged = endpoint.post("", &[]).form(&form).without_redirects().send().await;
    let exchanged: Exchanged = match exchanged {
        Ok(answer) => answer.json().map_err(&unavailable)?,
        Err(failure) if failure.status == Some(400) => {
            // The code may be of somebody else, but our registration there may be wrong, too.
            tracing::warn!(error = %failure.error, "the provider does not accept a code");
            return Err(refused("the provider does not accept the code of this sign-in; begin again"));
        }
        Err(failure) => return Err(unavailable(failure.error)),
    };
    let keys = client_of_endpoint(NAME, &discovery.jwks_uri, Auth::None).map_err(&unavailable)?;
    let keys = keys.get("", &[]).without_redirects().send().await;
    let keys: JwkSet = keys.map_err(|failure| unavailable(failure.error))?.json().map_err(&unavailable)?;
    let expected = ExpectedIdToken {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        nonce: &returned.state.nonce,
    };
    let token = exchanged.id_token.expose_secret();
    let claims = verify_id_token(&keys, token, expected, returned.now).map_err(|refusal| {
        tracing::warn!(%refusal, "an ID token was refused");
        refused("the provider's ID token is not valid; begin again")
    })?;
    let email = claims.email.filter(|_| claims.email_verified);
    Ok(Account { names: std::iter::once(claims.sub.clone()).chain(email).collect(), id: claims.sub })
}
