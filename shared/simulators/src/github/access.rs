//! The caller, their permissions, and their rate limit.

use std::{collections::BTreeMap, collections::HashMap};

use aws_lc_rs::{rsa::KeyPair, signature::KeyPair as _};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    failure::Failure,
    world::{Level, Role, World, invalid},
};
use crate::{
    credentials::{Secrets, same},
    error::WorldError,
};

/// Permissions by name, as `contents`.
pub(super) type Permissions = BTreeMap<String, Level>;

/// The requirements of a call: of an app one of the permissions at this level, of a person the role.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) permissions: &'static [&'static str],
    pub(super) level: Level,
    pub(super) role: Role,
}

/// Someone whose credentials were found in order.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// Anonymous: no credentials were sent.
    Anonymous,
    /// A user by personal access token.
    User { login: String },
    /// The app's installation, by a token it was given.
    Installation { login: String, permissions: Permissions, repositories: Option<Vec<u64>> },
    /// The app itself, by a signed JWT: it may ask for tokens and nothing else.
    App,
}

impl Caller {
    /// Under which login the caller acts.
    pub(super) fn login(&self) -> Result<&str, Failure> {
        match self {
            Self::User { login } | Self::Installation { login, .. } => Ok(login),
            Self::Anonymous => Err(Failure::new(401, "Requires authentication")),
            Self::App => Err(wants_installation()),
        }
    }
}

pub(super) fn wants_installation() -> Failure {
    Failure::new(403, "Resource not accessible by integration")
}

/// The credentials that the world's secret holds.
pub(super) struct Accounts {
    token: Option<(String, SecretString)>,
    /// The statements about a classic token in answers.
    pub(super) token_scopes: Option<String>,
    pub(super) app: Option<AppAccount>,
}

pub(super) struct AppAccount {
    pub(super) id: u64,
    pub(super) installation: u64,
    pub(super) slug: String,
    pub(super) permissions: Permissions,
    /// The events that it subscribes to.
    pub(super) events: Vec<String>,
    /// Whether its one installation is there: one that people have just made is not installed yet.
    pub(super) is_installed: bool,
    /// The private key, which is shown once, when the app is made.
    pub(super) private_key: SecretString,
    key: DecodingKey,
}

impl AppAccount {
    pub(super) fn login(&self) -> String {
        format!("{}[bot]", self.slug)
    }
}

impl Accounts {
    pub(super) fn from_secrets(world: &World, secrets: &Secrets) -> Result<Self, WorldError> {
        let fields = secrets.by_name().get(&world.secret);
        let has = |field: &str| fields.is_some_and(|fields| fields.contains_key(field));
        let field = |name: &str| secrets.field("github", &world.secret, name);
        if !has("token") && !has("app_id") {
            return Err(invalid(
                "github.secret",
                format!("`{}` has neither `token` nor `app_id`", world.secret),
            ));
        }
        let token = match (has("token"), &world.bot) {
            (false, _) => None,
            (true, Some(bot)) if world.users.iter().any(|user| user.login == *bot) => {
                Some((bot.clone(), field("token")?))
            }
            (true, Some(bot)) => {
                return Err(invalid("github.bot", format!("no user `{bot}` under `github.users`")));
            }
            (true, None) => return Err(invalid("github.bot", "whose token is it? Give a login".into())),
        };
        let app = match (has("app_id"), &world.app) {
            (false, _) => None,
            (true, None) => {
                return Err(invalid("github.app", "the secret has an `app_id`; describe the app".into()));
            }
            (true, Some(app)) => {
                let number = |name: &str| {
                    let text = field(name)?;
                    let parsed = text.expose_secret().parse::<u64>();
                    parsed.map_err(|_| {
                        invalid(format!("secrets.{}.{name}", world.secret), "not a number".into())
                    })
                };
                let mut permissions = app.permissions.clone();
                permissions.entry("metadata".into()).or_insert(Level::Read);
                let private_key = field("private_key")?;
                let key = verifying_key(&private_key)
                    .map_err(|problem| invalid(format!("secrets.{}.private_key", world.secret), problem))?;
                let (id, installation) = (number("app_id")?, number("installation_id")?);
                let (slug, events) = (app.slug.clone(), app.events.clone());
                let is_installed = true;
                Some(AppAccount {
                    id,
                    installation,
                    slug,
                    permissions,
                    events,
                    is_installed,
                    private_key,
                    key,
                })
            }
        };
        let token_scopes = world.token_scopes.as_ref().map(|scopes| scopes.join(", "));
        Ok(Self { token, token_scopes, app })
    }
}

/// The public half of an RSA key in PEM, as GitHub gives it out (PKCS#1) or as PKCS#8.
fn verifying_key(pem: &SecretString) -> Result<DecodingKey, String> {
    let lines = pem.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
    let (labels, body): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("-----"));
    let der = STANDARD.decode(body.concat()).map_err(|_| "not a private key in PEM".to_string())?;
    let is_pkcs8 = labels.iter().any(|label| label.contains("BEGIN PRIVATE KEY"));
    let pair = if is_pkcs8 { KeyPair::from_pkcs8(&der) } else { KeyPair::from_der(&der) };
    let pair = pair.map_err(|error| format!("not an RSA key of at least 2048 bits: {error}"))?;
    Ok(DecodingKey::from_rsa_der(pair.public_key().as_ref()))
}

/// An installation token that was given out.
struct Grant {
    permissions: Permissions,
    repositories: Option<Vec<u64>>,
    expires_at: Timestamp,
}

/// Requests made in the hour that ends at `reset`.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) limit: u32,
    pub(super) used: u32,
    pub(super) reset: Timestamp,
}

impl Window {
    pub(super) fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// Checks credentials, keeps the tokens that were given out and counts requests.
pub(super) struct Access {
    pub(super) accounts: Accounts,
    /// By SHA-256 of the token, so that looking one up takes constant time.
    grants: HashMap<[u8; 32], Grant>,
    windows: HashMap<String, Window>,
    rate_limit: u32,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: Issuer,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Issuer {
    Number(u64),
    Text(String),
}

impl Access {
    pub(super) fn new(world: &World, accounts: Accounts) -> Self {
        Self { accounts, grants: HashMap::new(), windows: HashMap::new(), rate_limit: world.rate_limit }
    }

    /// Finds out who calls from the `Authorization` header.
    pub(super) fn caller(&self, authorization: Option<&str>, now: Timestamp) -> Result<Caller, Failure> {
        let Some(authorization) = authorization else { return Ok(Caller::Anonymous) };
        let bad = || Failure::new(401, "Bad credentials");
        let (scheme, token) = authorization.split_once(' ').ok_or_else(bad)?;
        if !(scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")) {
            return Err(bad());
        }
        if let Some((login, known)) = &self.accounts.token
            && same(token, known)
        {
            return Ok(Caller::User { login: login.clone() });
        }
        if token.split('.').count() == 3 {
            return self.check_jwt(token, now).map(|()| Caller::App);
        }
        let grant = self.grants.get(&digest(token)).filter(|grant| grant.expires_at > now).ok_or_else(bad)?;
        let login = self.accounts.app.as_ref().map(AppAccount::login).ok_or_else(bad)?;
        Ok(Caller::Installation {
            login,
            permissions: grant.permissions.clone(),
            repositories: grant.repositories.clone(),
        })
    }

    /// See "[Generating a JWT](https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app)".
    fn check_jwt(&self, token: &str, now: Timestamp) -> Result<(), Failure> {
        const LONGEST: i64 = 600;
        const SKEW: i64 = 60;
        let undecodable = || Failure::new(401, "A JSON web token could not be decoded");
        let app = self.accounts.app.as_ref().ok_or_else(undecodable)?;
        let mut validation = Validation::new(Algorithm::RS256);
        // Times are compared with the simulation's own clock below.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims =
            jsonwebtoken::decode::<Claims>(token, &app.key, &validation).map_err(|_| undecodable())?.claims;
        let now = now.as_second();
        if claims.exp <= now {
            return Err(Failure::new(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
            ));
        }
        if claims.exp > now + LONGEST + SKEW || claims.exp - claims.iat > LONGEST + SKEW {
            return Err(Failure::new(401, "'Expiration time' claim ('exp') is too far in the future"));
        }
        if claims.iat > now + SKEW {
            return Err(Failure::new(
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ));
        }
        let issuer = match claims.iss {
            Issuer::Number(number) => number.to_string(),
            Issuer::Text(text) => text,
        };
        if issuer != app.id.to_string() {
            return Err(Failure::new(401, "'Issuer' claim ('iss') must be an Integer"));
        }
        Ok(())
    }

    /// Issues an installation token that is valid for an hour.
    pub(super) fn grant(
        &mut self,
        permissions: Permissions,
        repositories: Option<Vec<u64>>,
        now: Timestamp,
    ) -> (String, Timestamp) {
        let expires_at = now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
        let seed = format!("installation token {} of {}", self.grants.len(), now);
        let token = format!("ghs_{}", &hex::encode(digest(&seed))[..36]);
        self.grants.insert(digest(&token), Grant { permissions, repositories, expires_at });
        (token, expires_at)
    }

    /// Counts a request. The returned window has the number that are left; at none, the request must be refused.
    pub(super) fn count(&mut self, caller: &Caller, now: Timestamp) -> (Window, bool) {
        const ANONYMOUS_LIMIT: u32 = 60;
        let (key, limit) = match caller {
            Caller::Anonymous => ("", ANONYMOUS_LIMIT.min(self.rate_limit)),
            Caller::App => ("app", self.rate_limit),
            Caller::User { login } | Caller::Installation { login, .. } => (login.as_str(), self.rate_limit),
        };
        let reset = now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
        let fresh = Window { limit, used: 0, reset };
        let window = self.windows.entry(key.to_string()).or_insert(fresh);
        if window.reset <= now {
            *window = fresh;
        }
        let exhausted = window.remaining() == 0;
        if !exhausted {
            window.used += 1;
        }
        (*window, exhausted)
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
