//! `ticketsmith completions`: prints completion scripts for shells.

use crate::exit::Outcome;
use clap::CommandFactory;
use clap_complete::Shell;

/// `ticketsmith completions`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  ticketsmith completions bash > ~/.local/share/bash-completion/completions/ticketsmith"
)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// None.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut command = crate::Arguments::command();
    // Written to a buffer first, because the generator panics on write errors.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "ticketsmith", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    Ok(())
}
