//! `ticketsmith destroy`: removes a stage from an AWS account.

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

The table and the secrets are kept unless the stage was deployed with --context records=destroy.

Exit codes: 0 removed · 1 not confirmed · 2 the checkout is incomplete · 3 AWS refused or is not reachable";

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let mut target = arguments.target;
    // Removal does not need the functions' packages.
    target.context.push("packages=none".to_owned());
    let cdk = Cdk::new(&target, Architecture::Arm64)?;
    cdk.install()?;
    cdk.synthesize()?;
    confirm(
        &format!("Remove the stage {} and stop everything running in it?", target.stage.name()),
        target.yes,
    )?;
    cdk.run(&["destroy", "--force"])
}
