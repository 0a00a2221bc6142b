//! `ticketsmith workflow schema`.

use super::print_json;
use crate::exit::Outcome;
use crate::server::workflows::catalog;

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow schema > .vscode/workflow.schema.json
  ticketsmith workflow schema --tests > .vscode/workflow-test.schema.json

docs/workflow-tools.md explains how to configure an editor to use them.

Exit codes:
  0  printed";

/// Which schema.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print the schema of test files (`*.test.yaml`) instead.
    #[arg(long)]
    tests: bool,
}

/// Prints a schema.
///
/// # Errors
/// Never in a released version: schemas are made from our own actions.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    match arguments.tests {
        true => print_json(&workflow_test::test_file_schema()),
        false => print_json(&workflow_tools::editor_schema(&catalog()?)),
    }
}
