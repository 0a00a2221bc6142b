//! GitHub's OAuth, which is not OpenID Connect.
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>

use super::{Account, Returned, client, refused, unavailable};
use crate::problem::Problem;
use domain::ActionError;
use domain::configuration::{Configuration, SignInGithub};
use http_client::{Auth, check_base_url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sign_in::SignInState;

const NAME: &str = "GitHub";

/// What GitHub gives for a code, or why not; both with the status 200.
#[derive(Deserialize)]
struct Exchanged {
    access_token: Option<SecretString>,
    token_type: Option<String>,
}

/// The fields of an account that we need.
#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// The settings.
///
/// # Errors
/// Not found if there are none.
pub(super) fn of(configuration: &Configuration) -> Result<&SignInGithub, Problem> {
    configuration.sign_in.github.as_ref().ok_or_else(|| Problem::not_found("way to sign in"))
}

/// Where the browser goes. No scope is asked for: who they are is public.
pub(super) fn address(
    settings: &SignInGithub,
    state: &SignInState,
    redirect_uri: &str,
) -> Result<String, Problem> {
    let url = format!("{}/login/oauth/authorize", settings.url.trim_end_matches('/'));
    let mut url = check_base_url(&url).map_err(|error| unavailable(NAME)(ActionError::rejected(error)))?;
    url.query_pairs_mut()
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", &state.text)
        .append_pair("code_challenge", &state.challenge())
        .append_pair("code_challenge_method", "S256")
        .append_pair("allow_signup", "false");
    Ok(url.into())
}

/// Exchanges the code, and asks who its token is of. The token is used for nothing else, and forgotten.
pub(super) async fn account(settings: &SignInGithub, returned: Returned<'_>) -> Result<Account, Problem> {
    let unavailable = unavailable(NAME);
    let site = client(NAME, &settings.url, Auth::None).map_err(&unavailable)?;
    let exchanged: Exchanged = site
        .post("/login/oauth/access_token", &[])
        .form(&[
            ("client_id", &settings.client_id),
            ("client_secret", returned.secret.expose_secret()),
            ("code", returned.code),
            ("redirect_uri", returned.redirect_uri),
            ("code_verifier", &returned.state.verifier),
        ])
        .without_redirects()
        .send()
        .await
        .map_err(|failure| unavailable(failure.error))?
        .json()
        .map_err(&unavailable)?;
    let is_bearer = exchanged.token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let Some(token) = exchanged.access_token.filter(|_| is_bearer) else {
        return Err(refused("GitHub does not accept the code of this sign-in; begin again"));
    };
    let api = client(NAME, &settings.api_url, Auth::Bearer(token)).map_err(&unavailable)?;
    let user: User = api
        .get("/user", &[])
        .header("x-github-api-version", "2022-11-28")
        .without_redirects()
        .send()
        .await
        .map_err(|failure| unavailable(failure.error))?
        .json()
        .map_err(&unavailable)?;
    if user.kind.is_some_and(|kind| kind != "User") {
        return Err(refused("only people sign in; machines use tokens"));
    }
    Ok(Account { id: user.id.to_string(), names: vec![user.login] })
}
