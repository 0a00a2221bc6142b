//! The CDK command line, run in `infra/cdk`.

use super::{Architecture, Target, succeed};
use crate::environment;
use crate::exit::{Exit, Outcome};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The output folder of the app, relative to `infra/cdk`.
const ASSEMBLY: &str = "cdk.out";

/// The setting with the folder of the packages.
const PACKAGES: &str = "packages=";

/// The setting with which a stack can be synthesized, but not deployed.
pub(super) const NO_PACKAGES: &str = "packages=none";

/// The CDK app with one deployment's settings.
pub(crate) struct Cdk {
    folder: PathBuf,
    stack: String,
    context: Vec<String>,
}

impl Cdk {
    /// Prepares the app; does not run anything yet.
    ///
    /// # Errors
    /// A usage error when the folder has no CDK app.
    pub(crate) fn new(target: &Target, architecture: Architecture) -> Outcome<Self> {
        let folder = target.folder.join("infra/cdk");
        if !folder.join("cdk.json").is_file() {
            return Err(Exit::usage(format!(
                "{} does not exist; run this in a checkout of Ticketsmith, or pass --folder",
                folder.join("cdk.json").display()
            )));
        }
        let mut context =
            vec![format!("stage={}", target.stage.name()), format!("architecture={}", architecture.as_str())];
        if let Some(built) = environment::path("CARGO_TARGET_DIR") {
            context.push(format!("{PACKAGES}{}", built.join("packages").display()));
        }
        context.extend(target.context.iter().cloned());
        Ok(Self { folder, stack: target.stage.prefix(), context })
    }

    /// Installs the app's pinned packages unless they are already installed.
    ///
    /// # Errors
    /// Unreachable when npm does not succeed.
    pub(crate) fn install(&self) -> Outcome {
        if self.folder.join("node_modules/.bin/cdk").exists() {
            return Ok(());
        }
        succeed(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&self.folder))
    }

    /// Writes the stack's template and its package list to `infra/cdk/cdk.out`, which the other commands read, so that exactly
    /// what was shown is deployed.
    ///
    /// # Errors
    /// Unreachable when it fails; the CDK has printed why.
    pub(crate) fn synthesize(&self) -> Outcome {
        self.synthesize_into(Path::new(ASSEMBLY), self.context.iter().map(String::as_str))
    }

    /// Synthesizes the stack without its packages, which may not exist yet, and keeps nothing of it. All mistakes in settings and state
    /// machines show.
    ///
    /// # Errors
    /// As [`Self::synthesize`].
    pub(crate) fn check(&self) -> Outcome {
        let output = tempfile::tempdir().map_err(Exit::usage)?;
        let others = self.context.iter().map(String::as_str).filter(|setting| !setting.starts_with(PACKAGES));
        self.synthesize_into(output.path(), others.chain([NO_PACKAGES]))
    }

    fn synthesize_into<'a>(&self, output: &Path, context: impl Iterator<Item = &'a str>) -> Outcome {
        let mut command = self.command(&["synth", "--quiet", "--output"]);
        command.arg(output);
        for setting in context {
            command.args(["--context", setting]);
        }
        succeed(&mut command)
    }

    /// Runs a CDK command on the synthesized app.
    ///
    /// # Errors
    /// Unreachable when it fails; the CDK has printed why.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        succeed(self.command(arguments).args(["--app", ASSEMBLY]))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("npx");
        command.arg("cdk").args(arguments).current_dir(&self.folder);
        command
    }

    /// Deploys the stack and returns its API's address.
    ///
    /// # Errors
    /// Unreachable when it fails.
    pub(crate) fn deploy(&self) -> Outcome<String> {
        let outputs = tempfile::NamedTempFile::new().map_err(Exit::usage)?;
        let path = outputs.path().to_string_lossy();
        self.run(&["deploy", "--require-approval", "never", "--outputs-file", &path])?;
        let text = std::fs::read_to_string(outputs.path()).map_err(Exit::usage)?;
        let outputs: Value = serde_json::from_str(&text).map_err(Exit::usage)?;
        let url = outputs[&self.stack]["ApiUrl"].as_str();
        url.map(str::to_owned).ok_or_else(|| Exit::unreachable("the stack did not output its API's address"))
    }
}
