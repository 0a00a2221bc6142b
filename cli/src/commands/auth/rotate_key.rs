//! `ticketsmith auth rotate-key`: a new key for sessions.

use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::{KEY_VARIABLE, SecretFile};
use crate::session_keys::{session_keys, store};
use jiff::Timestamp;
use sign_in::SessionKeys;

/// `ticketsmith auth rotate-key`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Replace all keys at once: every session ends. For keys that somebody has seen, or that cannot be read.
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    data: DataArgument,
}

/// Runs the command.
///
/// # Errors
/// Negative when a new key has not signed yet; usage when the secrets cannot be read or written.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let path = &arguments.data.data;
    let folder = DataFolder::existing(path)
        .ok_or_else(|| Exit::usage(format!("{} does not exist; `serve` makes it", path.display())))?;
    let key = std::env::var(KEY_VARIABLE).ok();
    let mut file =
        SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref()).map_err(Exit::usage)?;
    let now = Timestamp::now();
    let keys = match (arguments.new, session_keys(&file)) {
        (false, Ok(Some(keys))) => keys.rotated(now).ok_or_else(|| {
            Exit::negative(
                "the newest key has not signed yet; ten minutes after the last rotation there can be another",
            )
        })?,
        (true, _) | (_, Ok(None)) => SessionKeys::new(now),
        (false, Err(error)) => return Err(error),
    };
    store(&mut file, &keys)?;
    if let Some((id, from)) = keys.newest() {
        eprintln!("the key {id} signs sessions from {from} on");
    }
    Ok(())
}
