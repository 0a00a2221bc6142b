//! Signing in elsewhere: at GitHub, or at a provider of OpenID Connect.
//!
//! A browser is sent there with a state that is also in a cookie; what comes back with both is exchanged, with PKCE, for the person's identity there.
//! The person is found by that account in the configuration.

mod discovery;
mod github;
mod oidc;
mod routes;

pub(crate) use discovery::Discoveries;
pub(crate) use routes::routes;

use crate::api::Shared;
use crate::problem::{Code, Problem};
use domain::configuration::Configuration;
use domain::{ActionError, Actor, SourceName};
use http_client::{Auth, Client, Options};
use jiff::Timestamp;
use secrecy::SecretString;
use sign_in::{SignInState, SignInWay};
use std::time::Duration;

/// How long an answer from there may take.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The largest answer from there, in bytes.
const LARGEST: usize = 512 * 1024;

/// Somewhere to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// GitHub.
    Github,
    /// A provider of OpenID Connect.
    Oidc,
}

/// Somebody's account there.
#[derive(Debug)]
struct Account {
    /// Its id, which is never given to another.
    id: String,
    /// The names that the configuration may use for it, the most reliable first.
    names: Vec<String>,
}

/// The parameters of a callback.
struct Returned<'a> {
    code: &'a str,
    state: &'a SignInState,
    redirect_uri: &'a str,
    secret: &'a SecretString,
    now: Timestamp,
}

impl Way {
    fn of(name: &str) -> Option<Self> {
        match name {
            "github" => Some(Self::Github),
            "oidc" => Some(Self::Oidc),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Oidc => "oidc",
        }
    }

    fn sign_in_way(self) -> SignInWay {
        match self {
            Self::Github => SignInWay::Github,
            Self::Oidc => SignInWay::Oidc,
        }
    }

    /// Where the browser goes to sign in.
    ///
    /// # Errors
    /// Not found if this way is not configured; unavailable if it does not answer.
    async fn address(
        self,
        api: &Shared,
        configuration: &Configuration,
        state: &SignInState,
        redirect_uri: &str,
    ) -> Result<String, Problem> {
        match self {
            Self::Github => github::address(github::of(configuration)?, state, redirect_uri),
            Self::Oidc => {
                let known = (&api.discoveries, &*api.clock);
                oidc::address(oidc::of(configuration)?, state, redirect_uri, known).await
            }
        }
    }

    /// The account that signed in there.
    ///
    /// # Errors
    /// Unauthenticated if the callback proves no identity; unavailable if it does not answer.
    async fn account(
        self,
        api: &Shared,
        configuration: &Configuration,
        returned: Returned<'_>,
    ) -> Result<Account, Problem> {
        match self {
            Self::Github => github::account(github::of(configuration)?, returned).await,
            Self::Oidc => {
                let known = (&api.discoveries, &*api.clock);
                oidc::account(oidc::of(configuration)?, returned, known).await
            }
        }
    }

    /// The configured person with this account. The name of the account is bound to its id when it is first used: names are given to others
    /// after a while.
    ///
    /// # Errors
    /// Unauthenticated if nobody has this account, or somebody else had its name before.
    async fn person(
        self,
        api: &Shared,
        configuration: &Configuration,
        account: &Account,
    ) -> Result<String, Problem> {
        let source: SourceName = match self {
            Self::Github => SourceName::from_static("github"),
            Self::Oidc => SourceName::from_static("oidc"),
        };
        for name in &account.names {
            let actor = Actor { source: source.clone(), id: name.clone(), display_name: None, person: None };
            let Some(person) = configuration.identify(actor).person else { continue };
            let bound = api.table.bind_account(self.name(), name, &account.id, api.clock.now()).await?;
            if bound.id == account.id {
                return Ok(person);
            }
            tracing::warn!(
                way = self.name(),
                person,
                "an account has the name of another that signed in before"
            );
        }
        Err(refused(
            "this account does not belong to anyone under `users:` in the configuration, or its name belonged to somebody else before",
        ))
    }
}

fn refused(detail: &str) -> Problem {
    Problem::unauthenticated(detail)
}

/// The service does not answer, or its answer is invalid. Only the log has the reason.
fn unavailable(way: &'static str) -> impl Fn(ActionError) -> Problem {
    move |error| {
        tracing::warn!(way, %error, "signing in elsewhere failed");
        Problem::new(Code::Unavailable, format!("{way} cannot sign anybody in now; try again later"))
    }
}

/// A client whose paths follow an address.
///
/// # Errors
/// `Rejected` for an address to which nothing secret may be sent.
fn client(service: &'static str, url: &str, auth: Auth) -> Result<Client, ActionError> {
    Ok(bounded(Client::new(service, url, auth, &Options::new()?)?))
}

/// A client of one address, exactly as a service names it.
///
/// # Errors
/// As [`client`].
fn client_of_endpoint(service: &'static str, url: &str, auth: Auth) -> Result<Client, ActionError> {
    Ok(bounded(Client::of_endpoint(service, url, auth, &Options::new()?)?))
}

fn bounded(client: Client) -> Client {
    client.default_timeout(TIMEOUT).largest_answer(LARGEST).header("accept", "application/json")
}
