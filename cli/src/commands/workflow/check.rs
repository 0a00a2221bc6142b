//! `ticketsmith workflow check`.

use super::{Loaded, What, print_json};
use crate::color;
use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use crate::print::eprint_painted;
use crate::server::workflows::{environment, prompts_of, rendered};
use clap::ValueEnum;
use std::collections::BTreeSet;
use workflow::Severity;
use workflow_tools::github_annotations;

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow check
  ticketsmith workflow check workflows/development.yaml
  ticketsmith workflow check --format github          annotations on a pull request, in GitHub Actions

Exit codes:
  0  no errors; warnings and notes are printed
  1  errors
  2  a file cannot be read";

/// What to check, and how to print findings.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: What,
    /// How to print findings: for people, as a JSON array, or as commands that GitHub Actions turns into annotations.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Github,
}

/// If the project has a configuration, approvers are checked against it as well.
fn load(what: &What) -> Outcome<Loaded> {
    let mut environment = environment(&what.project.folder, &prompts_of(&what.project.folder)?)?;
    let path = what.project.folder.join("ticketsmith.yaml");
    if path.is_file() {
        match ConfigurationFile::load(&path) {
            Ok(ConfigurationFile { configuration, .. }) => {
                let people = configuration.users.iter().map(|user| {
                    let name = || user.name.clone();
                    (name(), BTreeSet::from([name()]))
                });
                let groups = configuration.groups.iter();
                let groups = groups.map(|(name, members)| (name.clone(), members.iter().cloned().collect()));
                environment.approvers = Some(people.chain(groups).collect());
            }
            Err(error) => eprintln!("approvers are not checked: {error}"),
        }
    }
    Loaded::in_environment(what.sources()?, &environment)
}

/// Checks workflows.
///
/// # Errors
/// A negative answer if there are errors; a usage error for files that cannot be read.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let loaded = load(&arguments.what)?;
    let findings: Vec<_> =
        loaded.compiled.workflows.iter().flat_map(|workflow| &workflow.diagnostics).cloned().collect();
    match if arguments.json { Format::Json } else { arguments.format } {
        Format::Json => print_json(&findings)?,
        Format::Github => print!("{}", github_annotations(&findings)),
        Format::Text => {
            let in_color = color::on(&std::io::stderr());
            eprint_painted(&rendered(&loaded.compiled, &loaded.sources, Severity::Note, in_color));
            if !loaded.compiled.has_errors() {
                println!("{} workflow(s), no errors", loaded.compiled.workflows.len());
            }
        }
    }
    match loaded.compiled.has_errors() {
        true => Err(Exit::negative("there are errors")),
        false => Ok(()),
    }
}
