//! One file for each command.

mod config;
mod deliver;
mod demo;
mod doctor;
mod engine;
mod run;
mod secrets;
mod serve;
mod simulate;
mod status;
mod workflow;

use crate::exit::Outcome;
use clap::Subcommand;

/// What can be asked of `ticketsmith`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Turn a ticket into a pull request on this machine, with simulated services; no account, key or network is needed.
    Demo(demo::Arguments),
    /// Receive webhooks and run workflows against real services, all in one process.
    Serve(serve::Arguments),
    /// Start a workflow by hand and follow it.
    Run(run::Arguments),
    /// Show executions and what they cost.
    Status(status::Arguments),
    /// Check and compile workflows.
    #[command(subcommand)]
    Workflow(workflow::Arguments),
    /// Check the configuration.
    #[command(subcommand)]
    Config(config::Arguments),
    /// Set and list the secrets of `serve`.
    #[command(subcommand)]
    Secrets(secrets::Arguments),
    /// Find what is missing or wrong before it is needed.
    Doctor(doctor::Arguments),
    /// Run simulated Jira, GitHub, Slack, Confluence and Claude on this machine.
    Simulate(simulate::Arguments),
    /// Have a running simulation send one signed delivery.
    Deliver(deliver::Arguments),
    /// Run Step Functions alone on this machine, for any state machine in JSONata.
    Engine(engine::Arguments),
}

impl Command {
    /// Does what was asked.
    ///
    /// # Errors
    /// [`crate::exit::Exit`] with the reason and the exit code.
    pub(crate) async fn run(self) -> Outcome {
        match self {
            Self::Demo(arguments) => demo::run(arguments).await,
            Self::Serve(arguments) => serve::run(arguments).await,
            Self::Run(arguments) => run::run(arguments).await,
            Self::Status(arguments) => status::run(arguments).await,
            Self::Workflow(arguments) => workflow::run(arguments),
            Self::Config(arguments) => config::run(arguments),
            Self::Secrets(arguments) => secrets::run(arguments),
            Self::Doctor(arguments) => doctor::run(arguments).await,
            Self::Simulate(arguments) => simulate::run(arguments).await,
            Self::Deliver(arguments) => deliver::run(arguments).await,
            Self::Engine(arguments) => engine::run(arguments).await,
        }
    }
}

/// Where `serve` keeps its data, for the commands that need it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DataArgument {
    /// The folder that `serve` keeps its data in.
    #[arg(long, value_name = "FOLDER", default_value = ".ticketsmith", env = "TICKETSMITH_DATA")]
    pub(crate) data: std::path::PathBuf,
}
