//! What `serve` keeps for signing in: the keys of sessions, and links that work once.

use crate::exit::{Exit, Outcome};
use crate::server::sdk::TABLE;
use crate::server::secret_file::SecretFile;
use jiff::Timestamp;
use records::Table;
use secrecy::{ExposeSecret, SecretString};
use sign_in::{SessionKeys, Ticket, secret_name, with_session_keys};

/// Creates the first key if there is none, so that people can sign in.
///
/// # Errors
/// Usage when the secrets cannot be read or written.
pub(crate) fn ensure(file: &mut SecretFile) -> Outcome {
    match session_keys(file)? {
        Some(_) => Ok(()),
        None => store(file, &SessionKeys::new(Timestamp::now())),
    }
}

/// The keys in the secrets, if there are any.
///
/// # Errors
/// Usage when they cannot be read.
pub(crate) fn session_keys(file: &SecretFile) -> Outcome<Option<SessionKeys>> {
    let Some(secret) = file.get(&secret_name(TABLE)) else { return Ok(None) };
    SessionKeys::of_secret(secret.expose_secret()).map_err(Exit::usage)
}

/// Replaces the stored keys.
///
/// # Errors
/// Usage when the secrets cannot be written.
pub(crate) fn store(file: &mut SecretFile, keys: &SessionKeys) -> Outcome {
    let name = secret_name(TABLE);
    let no_object = || Exit::usage(format!("the secret `{name}` is not a JSON object"));
    let with_keys =
        |present: Option<&SecretString>| with_session_keys(present, keys).map(Some).ok_or_else(no_object);
    file.update(&name, with_keys).map_err(Exit::usage)?
}

/// A new link to the API at this address. The sign-in ticket is in its fragment, which browsers never send.
///
/// # Errors
/// Unreachable when the table does not answer.
pub(crate) async fn new_link(table: &Table, api_url: &str, person: Option<String>) -> Outcome<String> {
    let ticket = Ticket::new(person, jiff::Timestamp::now());
    table.put_sign_in_ticket(&ticket.digest(), &ticket.kept).await.map_err(Exit::unreachable)?;
    Ok(format!("{}/sign-in#ticket={}", api_url, ticket.text.expose_secret()))
}
