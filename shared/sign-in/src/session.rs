//! Sessions: JSON Web Tokens that the installation signs, valid for twelve hours. <https://www.rfc-editor.org/rfc/rfc8725>
//!
//! The key decides the algorithm, never the token. Times are checked against the caller's clock.

use crate::session_keys::{LIFE, SessionKey, SessionKeys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// For whom sessions are.
pub const AUDIENCE: &str = "ticketsmith-api";

/// What sessions are called in their header, so that nothing else that a key may sign one day is taken for one.
const TYPE: &str = "ticketsmith-session+jwt";

/// The longest session that is parsed, in bytes; ours have about 500.
const LONGEST: usize = 2_048;

/// How far the clocks of two functions may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A person, by their name in the configuration.
    Person(String),
    /// A holder of the installation's own credentials.
    Operator,
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    /// By a link that works once, from the operator of the installation.
    Link,
    /// By GitHub.
    Github,
    /// By OpenID Connect.
    Oidc,
}

/// How a session is sent with each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// In the header `Authorization`, by programs.
    Bearer,
    /// In a cookie, by browsers, which send it to every port of this machine. So it is valid only with a proof in a header, and
    /// never as a bearer's.
    Cookie,
}

/// The credentials in a request.
#[derive(Debug, Clone, Copy)]
pub enum PresentedToken<'a> {
    /// A token in the header `Authorization`.
    Bearer(&'a str),
    /// A token in a cookie, and the proof in its header.
    Cookie {
        /// The token.
        token: &'a str,
        /// The proof, if there is one.
        proof: Option<&'a str>,
    },
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name, by which it can be ended.
    pub id: String,
    /// Whose it is.
    pub subject: Subject,
    /// How they signed in.
    pub by: SignInWay,
    /// How it is sent.
    pub carrier: Carrier,
    /// When it began, in whole seconds.
    pub begun_at: Timestamp,
    /// When it expires.
    pub ends_at: Timestamp,
}

/// A new session.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The token that proves it.
    pub token: SecretString,
    /// The proof that must be sent with a cookie, in a header; the page keeps it where other ports of the machine cannot read it.
    pub proof: Option<SecretString>,
    /// The session.
    pub session: Session,
}

/// Why a token is not a valid session. Only for logs: its sender learns that it is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    /// It is longer than any session.
    #[error("it is too long")]
    TooLong,
    /// It is not a token that one of our keys could have signed.
    #[error("it has another form")]
    Form,
    /// It is for another purpose.
    #[error("it is of another type")]
    Type,
    /// There is no such key, or it has retired.
    #[error("its key is unknown or has retired")]
    Key,
    /// It was not signed by the key that it names, or in another way.
    #[error("its signature is wrong")]
    Signature,
    /// It comes from elsewhere.
    #[error("it is of another installation")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It has ended.
    #[error("it has ended")]
    Ended,
    /// It has not begun.
    #[error("it has not begun")]
    NotBegun,
    /// A cookie's session was sent as a bearer's, or the other way around.
    #[error("it is sent in another way than it was given")]
    Carrier,
    /// It came in a cookie without its proof.
    #[error("it lacks its proof")]
    Proof,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    by: SignInWay,
    carrier: Carrier,
}

impl Subject {
    /// Its text in the token and in records of ended sessions.
    pub fn as_text(&self) -> String {
        match self {
            Self::Person(name) => format!("person:{name}"),
            Self::Operator => "operator".to_owned(),
        }
    }

    fn of_text(text: &str) -> Option<Self> {
        match text.strip_prefix("person:") {
            Some(name) if !name.is_empty() => Some(Self::Person(name.to_owned())),
            None if text == "operator" => Some(Self::Operator),
            _ => None,
        }
    }
}

impl SignInWay {
    /// Its name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Github => "github",
            Self::Oidc => "oidc",
        }
    }
}

/// Begins a session; `None` if there is no key, or its name is too long for a token.
pub fn issue(
    keys: &SessionKeys,
    subject: Subject,
    by: SignInWay,
    carrier: Carrier,
    now: Timestamp,
) -> Option<NewSession> {
    let key = keys.signing(now)?;
    let begun_at = Timestamp::from_second(now.as_second()).ok()?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let session = Session { id, subject, by, carrier, begun_at, ends_at: begun_at + LIFE };
    let claims = Claims {
        iss: issuer(&keys.installation),
        aud: AUDIENCE.to_owned(),
        sub: session.subject.as_text(),
        jti: session.id.clone(),
        iat: begun_at.as_second(),
        nbf: begun_at.as_second(),
        exp: session.ends_at.as_second(),
        by,
        carrier,
    };
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.id.clone());
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.bytes()?)).ok()?;
    let proof = match carrier {
        Carrier::Bearer => None,
        Carrier::Cookie => Some(proof_of(key, &session.id)?.into()),
    };
    (token.len() <= LONGEST).then(|| NewSession { token: token.into(), proof, session })
}

/// The session that a request proves. Whether it was ended before its time, and whether its person is still configured, is for the caller to
/// look up.
///
/// # Errors
/// [`SessionRefusal`].
pub fn verify(
    keys: &SessionKeys,
    presented: PresentedToken<'_>,
    now: Timestamp,
) -> Result<Session, SessionRefusal> {
    let (PresentedToken::Bearer(token) | PresentedToken::Cookie { token, .. }) = presented;
    if token.len() > LONGEST {
        return Err(SessionRefusal::TooLong);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| SessionRefusal::Form)?;
    if header.typ.as_deref() != Some(TYPE) {
        return Err(SessionRefusal::Type);
    }
    // The name is only compared with those of the existing keys.
    let key = header.kid.as_deref().and_then(|id| keys.accepted(id, now)).ok_or(SessionRefusal::Key)?;
    let claims = signed_claims(key, token)?;
    if claims.iss != issuer(&keys.installation) {
        return Err(SessionRefusal::Issuer);
    }
    if claims.aud != AUDIENCE {
        return Err(SessionRefusal::Audience);
    }
    let at = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| SessionRefusal::Form);
    let (begun_at, not_before, ends_at) = (at(claims.iat)?, at(claims.nbf)?, at(claims.exp)?);
    if now >= ends_at {
        return Err(SessionRefusal::Ended);
    }
    if now + SKEW < not_before.max(begun_at) {
        return Err(SessionRefusal::NotBegun);
    }
    if ends_at.duration_since(begun_at) > LIFE {
        return Err(SessionRefusal::Form);
    }
    match (presented, claims.carrier) {
        (PresentedToken::Bearer(_), Carrier::Bearer) => {}
        (PresentedToken::Cookie { proof, .. }, Carrier::Cookie) => {
            let expected = proof_of(key, &claims.jti).ok_or(SessionRefusal::Key)?;
            let is_it = proof.is_some_and(|proof| bool::from(proof.as_bytes().ct_eq(expected.as_bytes())));
            if !is_it {
                return Err(SessionRefusal::Proof);
            }
        }
        _ => return Err(SessionRefusal::Carrier),
    }
    let subject = Subject::of_text(&claims.sub).ok_or(SessionRefusal::Form)?;
    Ok(Session { id: claims.jti, subject, by: claims.by, carrier: claims.carrier, begun_at, ends_at })
}

fn signed_claims(key: &SessionKey, token: &str) -> Result<Claims, SessionRefusal> {
    let mut validation = Validation::new(Algorithm::HS256);
    // All of these are checked above, with the injected clock and one error for each.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    let bytes = key.bytes().ok_or(SessionRefusal::Key)?;
    jsonwebtoken::decode(token, &DecodingKey::from_secret(&bytes), &validation)
        .map(|decoded| decoded.claims)
        .map_err(|_| SessionRefusal::Signature)
}

/// The proof that the cookie was issued to its sender, who did not only see it: it cannot be made without the key.
fn proof_of(key: &SessionKey, session: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes()?).ok()?;
    mac.update(b"ticketsmith proof\0");
    mac.update(session.as_bytes());
    Some(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn issuer(installation: &str) -> String {
    format!("ticketsmith/{installation}")
}

#[cfg(test)]
mod tests;
