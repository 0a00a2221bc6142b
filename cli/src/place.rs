//! The arguments that say which Ticketsmith a command talks to.

use crate::account::Stage;
use std::path::PathBuf;

/// Where `serve` keeps its data, for the commands that need it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DataArgument {
    /// The folder that `serve` keeps its data in.
    #[arg(long, value_name = "FOLDER", default_value = ".ticketsmith", env = "TICKETSMITH_DATA")]
    pub(crate) data: PathBuf,
}

/// Where Ticketsmith runs that a command talks to: a `serve`, or a stage in an AWS account.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlaceArgument {
    #[command(flatten)]
    pub(crate) data: DataArgument,
    /// Talk to this stage in the AWS account of the environment (AWS_PROFILE, AWS_REGION) instead of a `serve`: `prod`, `dev`, …
    #[arg(long, value_name = "NAME", env = "TICKETSMITH_STAGE")]
    pub(crate) stage: Option<Stage>,
}
