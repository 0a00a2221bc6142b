//! `ticketsmith auth rotate-key`: a new key for sessions.

use crate::commands::secrets::account::Account;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use crate::session_keys::{session_keys, store};
use domain::Bundle;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use sign_in::{SessionKeys, with_session_keys};
use std::path::Path;

/// `ticketsmith auth rotate-key`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Replace all keys at once: every session ends. For keys that somebody has seen, or that cannot be read.
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    place: PlaceArgument,
}

/// Runs the command.
///
/// # Errors
/// Negative when a new key has not signed yet; usage when the secrets cannot be read or written; unreachable when the stage is not.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let keys = match &arguments.place.stage {
        Some(stage) => in_account(&stage.secret(Bundle::SignIn), arguments.new).await?,
        None => in_folder(&arguments.place.data.data, arguments.new)?,
    };
    if let Some((id, from)) = keys.newest() {
        eprintln!("the key {id} signs sessions from {from} on");
    }
    Ok(())
}

fn in_folder(path: &Path, new: bool) -> Outcome<SessionKeys> {
    let folder = DataFolder::existing(path)
        .ok_or_else(|| Exit::usage(format!("{} does not exist; `serve` makes it", path.display())))?;
    let mut file = SecretFile::open(&folder).map_err(Exit::usage)?;
    let keys = replaced(session_keys(&file), new)?;
    store(&mut file, &keys)?;
    Ok(keys)
}

async fn in_account(name: &str, new: bool) -> Outcome<SessionKeys> {
    let account = Account::connect().await?;
    let secret = account.get(name).await?;
    let present = match &secret {
        Some(secret) => SessionKeys::of_secret(secret.expose_secret()).map_err(Exit::usage),
        None => Ok(None),
    };
    let keys = replaced(present, new)?;
    let whole = with_session_keys(secret.as_ref(), &keys);
    let whole = whole.ok_or_else(|| Exit::usage(format!("the secret `{name}` is not a JSON object")))?;
    account.put(name, &whole).await?;
    Ok(keys)
}

/// The keys in place of those that there are.
fn replaced(present: Outcome<Option<SessionKeys>>, new: bool) -> Outcome<SessionKeys> {
    let now = Timestamp::now();
    match (new, present) {
        (false, Ok(Some(keys))) => keys.rotated(now).ok_or_else(|| {
            Exit::negative(
                "the newest key has not signed yet; ten minutes after the last rotation there can be another",
            )
        }),
        (true, _) | (_, Ok(None)) => Ok(SessionKeys::new(now)),
        (false, Err(error)) => Err(error),
    }
}
