//! `ticketsmith manual`: writes manual pages.

use crate::exit::{Exit, Outcome};
use clap::CommandFactory;
use std::path::PathBuf;

/// `ticketsmith manual`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ticketsmith manual ~/.local/share/man/man1")]
pub(crate) struct Arguments {
    /// The folder for the pages, one for each command; it is made if it does not exist.
    folder: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Usage when the folder cannot be written to.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let failed = |error: std::io::Error| Exit::usage(format!("{}: {error}", arguments.folder.display()));
    std::fs::create_dir_all(&arguments.folder).map_err(failed)?;
    clap_mangen::generate_to(crate::Arguments::command(), &arguments.folder).map_err(failed)
}
