//! `ticketsmith destroy`: takes a stage out of an AWS account.

use super::deploy::{Architecture, Cdk, Target};
use crate::confirm::confirm;
use crate::exit::Outcome;

/// `ticketsmith destroy`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

const EXAMPLES: &str = "\
Example:
  ticketsmith destroy --stage dev

The table and the secrets stay unless the stage was deployed with --context records=destroy.

Exit codes: 0 gone · 1 not wanted · 2 the checkout is not whole · 3 AWS refused or is not reachable";

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let mut target = arguments.target;
    // What the functions were built from means nothing to their removal.
    target.context.push("packages=none".to_owned());
    let cdk = Cdk::new(&target, Architecture::Arm64)?;
    cdk.install()?;
    cdk.synthesize()?;
    confirm(&format!("Remove the stage {} and all that is at work in it?", target.stage.name()), target.yes)?;
    cdk.run(&["destroy", "--force"])
}
