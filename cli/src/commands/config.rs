//! `ticketsmith config`: checks `ticketsmith.yaml`.

use crate::configuration_file::ConfigurationFile;
use crate::exit::Outcome;
use clap::Subcommand;
use std::path::PathBuf;

/// `ticketsmith config …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Read the whole file and report every problem.
    #[command(after_help = "Example:\n  ticketsmith config check --config ticketsmith.yaml")]
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
        config: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// Usage errors that name every problem.
pub(crate) fn run(arguments: Arguments) -> Outcome {
    let Arguments::Check { config } = arguments;
    let file = ConfigurationFile::load(&config)?;
    let projects: Vec<_> = file.configuration.projects.iter().map(|project| project.key.as_str()).collect();
    println!("{}: fine; projects: {}", config.display(), projects.join(", "));
    Ok(())
}
