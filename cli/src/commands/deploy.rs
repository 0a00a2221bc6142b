//! `ticketsmith deploy`: deploys this checkout to an AWS account with the CDK app in `infra/cdk`.

mod cdk;
mod emulator;

use crate::account::Stage;
use crate::commands::workflow::verify;
use crate::confirm::confirm;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::server::workflows::Workflows;
pub(crate) use cdk::Cdk;
use cdk::NO_PACKAGES;
use clap::ValueEnum;
use jiff::Timestamp;
use records::{RecordsError, Table};
use std::path::PathBuf;
use std::process::Command;

/// `ticketsmith deploy`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The processor architecture of the functions.
    #[arg(long, value_enum, default_value_t = Architecture::Arm64)]
    architecture: Architecture,
    /// Deploy existing packages instead of building them.
    #[arg(long)]
    packaged: bool,
    /// Bootstrap the CDK first; needed once per account and region.
    #[arg(long)]
    bootstrap: bool,
    /// Start an AWS emulator on this machine and deploy to it.
    #[arg(long)]
    emulator: bool,
}

/// Which deployment, from which checkout.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The deployment's name; an account can hold several.
    #[arg(long, value_name = "NAME", default_value = "prod", env = "TICKETSMITH_STAGE")]
    pub(crate) stage: Stage,
    /// The checkout that contains `infra/cdk`, `workflows` and `statemachines`.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// A setting from infra/cdk/lib/settings.ts as name=value. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) context: Vec<String>,
    /// Do not prompt.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// The processors that Lambda offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// AWS's own; costs less.
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD; use it for the emulator on such a machine.
    #[value(name = "x86_64")]
    X86,
}

impl Architecture {
    fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith deploy --stage dev --bootstrap
  ticketsmith deploy --context alertEmail=team@acme.example --context monthlyBudgetUsd=50
  ticketsmith deploy --emulator --architecture x86_64

Needs Node, Python 3, Rust, and the credentials that the AWS command line uses.

Exit codes: 0 deployed · 1 not confirmed, or generated files are stale · 2 the checkout is incomplete · 3 AWS refused or is not reachable";

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments { target, architecture, packaged, bootstrap, emulator } = arguments;
    if target.context.iter().any(|setting| setting == NO_PACKAGES) {
        return Err(Exit::usage(format!(
            "--context {NO_PACKAGES}: functions need their packages; leave it out"
        )));
    }
    if emulator {
        return emulator::deploy(&target.folder).await;
    }
    let cdk = Cdk::new(&target, architecture)?;
    let workflows = Workflows::load(&target.folder)?;
    verify(&target.folder, &target.folder.join("statemachines"))?;
    cdk.install()?;
    if !packaged {
        // Building takes a quarter of an hour, after which nobody wants to learn of a misspelled setting.
        cdk.check()?;
        succeed(Command::new(target.folder.join("infra/package")).arg(architecture.as_str()))?;
    }
    cdk.synthesize()?;
    if bootstrap {
        cdk.run(&["bootstrap"])?;
    }
    cdk.run(&["diff"])?;
    confirm(&format!("Deploy this to the stage {}?", target.stage.name()), target.yes)?;
    let api_url = cdk.deploy()?;
    let connection = Connection::of_stage(&target.stage).await?;
    workflows.put_documents(&connection.table).await?;
    put_references(&connection.table).await?;
    print_next(&api_url, &target.stage);
    Ok(())
}

/// Reads `--context`. What an option of ours also says is refused: the rest of the command would be about another stage or architecture.
fn setting(text: &str) -> Result<String, String> {
    match text.split_once('=').map(|(name, _)| name) {
        None | Some("") => Err("write it as NAME=VALUE; infra/cdk/lib/settings.ts has the names".to_owned()),
        Some(name @ ("stage" | "architecture")) => Err(format!("use the option --{name}")),
        Some(_) => Ok(text.to_owned()),
    }
}

/// Stores how tickets of the configuration in force are written; the previous version may have written them differently.
async fn put_references(table: &Table) -> Outcome {
    match table.configuration_of_file(Timestamp::now()).await {
        Ok(configuration) => {
            let references = providers::references(&configuration);
            table.put_references(&references).await.map_err(Exit::unreachable)?;
            Ok(())
        }
        Err(RecordsError::Missing(_)) => Ok(()),
        Err(error) => Err(Exit::unreachable(error)),
    }
}

/// Prints the addresses to paste into each service.
fn print_next(api_url: &str, stage: &Stage) {
    let (name, prefix) = (stage.name(), stage.prefix());
    println!("\nDeployed. Paste these addresses, each with its signing secret:");
    for sender in webhooks::SENDERS {
        let (title, set_up) = (sender.title(), sender.set_up());
        println!("  {title:<7} {set_up:<45} {api_url}/webhooks/{}", sender.name());
    }
    println!(
        "
If it is new:
  ticketsmith secrets set {prefix}/signing --stage {name} < signing.json"
    );
    for spec in providers::ALL {
        if let Some(bundle) = spec.bundle {
            let (secret, id) = (stage.secret(bundle), spec.id);
            println!("  ticketsmith secrets set {secret}#{id} --stage {name} < {id}.json");
        }
    }
    println!("  ticketsmith config apply ticketsmith.yaml --stage {name}");
}

/// Runs a program that inherits our input and output.
///
/// # Errors
/// Unreachable when it cannot be run or does not succeed.
pub(crate) fn succeed(command: &mut Command) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| Exit::unreachable(format!("{program}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Exit::unreachable(format!("{program}: {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_name_and_is_not_also_an_option() {
        for accepted in ["records=destroy", "alertEmail=a=b@acme.example", "metrics="] {
            assert_eq!(setting(accepted).as_deref(), Ok(accepted));
        }
        for (refused, reason) in [
            ("records", "write it as NAME=VALUE"),
            ("=destroy", "write it as NAME=VALUE"),
            ("stage=dev", "use the option --stage"),
            ("architecture=x86_64", "use the option --architecture"),
        ] {
            assert!(setting(refused).unwrap_err().starts_with(reason), "{refused}");
        }
    }
}
