//! `ticketsmith workflow fmt`.

use super::{What, without_workflows};
use crate::exit::{Exit, Outcome};
use crate::server::source_file::source_at;
use crate::server::workflows::{files_of, is_test, is_workflow};

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow fmt
  ticketsmith workflow fmt --check
  ticketsmith workflow fmt workflows/development.yaml

Exit codes:
  0  every file is now in canonical form
  1  --check found a file that is not
  2  a file cannot be read or written, or is not YAML";

/// What to format.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: What,
    /// Write nothing; list the files that are not in canonical form, and fail if there are any.
    #[arg(long)]
    check: bool,
}

/// Formats workflows and their tests.
///
/// # Errors
/// A negative answer if `--check` finds something; a usage error for files that cannot be read, written or parsed.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let folder = &arguments.what.project.folder;
    let sources = match arguments.what.files.as_slice() {
        [] if !folder.join("workflows").is_dir() => return Err(without_workflows(folder)),
        [] => files_of(folder, |path| is_workflow(path) || is_test(path))?,
        files => files.iter().map(|path| source_at(path)).collect::<Outcome<Vec<_>>>()?,
    };
    let mut changed = 0;
    for source in &sources {
        let formatted = workflow_tools::format(source).map_err(Exit::usage)?;
        if formatted == source.text {
            continue;
        }
        changed += 1;
        println!("{}", source.path);
        if !arguments.check {
            std::fs::write(&source.path, formatted)
                .map_err(|error| Exit::usage(format!("{}: {error}", source.path)))?;
        }
    }
    match (arguments.check, changed) {
        (true, 1..) => Err(Exit::negative(format!(
            "{changed} of {} file(s) are not in canonical form; run `ticketsmith workflow fmt`",
            sources.len()
        ))),
        _ => Ok(()),
    }
}
