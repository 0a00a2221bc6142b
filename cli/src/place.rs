//! The arguments that select which Ticketsmith a command talks to.

use crate::account::Stage;
use std::path::PathBuf;

/// The data folder of `serve`, for the commands that need it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DataArgument {
    /// The data folder of `serve`.
    #[arg(long, value_name = "FOLDER", default_value = ".ticketsmith", env = "TICKETSMITH_DATA")]
    pub(crate) data: PathBuf,
}

/// Which Ticketsmith a command talks to: a `serve`, or a stage in an AWS account.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlaceArgument {
    #[command(flatten)]
    pub(crate) data: DataArgument,
    /// Talk to this stage, such as `prod` or `dev`, in the environment's AWS account (AWS_PROFILE, AWS_REGION) instead of a `serve`.
    #[arg(long, value_name = "NAME", env = "TICKETSMITH_STAGE")]
    pub(crate) stage: Option<Stage>,
}
