//! `ticketsmith workflow graph`.

use super::{Loaded, What};
use crate::exit::{Exit, Outcome};
use clap::ValueEnum;
use std::path::PathBuf;
use workflow_tools::Graph;

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow graph workflows/development.yaml
  ticketsmith workflow graph workflows/development.yaml --format svg --out development.svg

Exit codes:
  0  drawn
  1  the workflow has errors
  2  a file cannot be read or written";

/// What to draw, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: What,
    /// Mermaid text, which GitHub and many wikis render, or an SVG image.
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
    /// The output file. Default: standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Mermaid,
    Svg,
}

/// Draws one workflow.
///
/// # Errors
/// A negative answer if it has errors; a usage error for files and for more than one workflow.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let loaded = Loaded::of(&arguments.what)?.without_errors()?;
    let mut workflows = loaded.workflows();
    let (Some((source, workflow)), None) = (workflows.next(), workflows.next()) else {
        return Err(Exit::usage(
            "name one workflow: `ticketsmith workflow graph workflows/development.yaml`",
        ));
    };
    let graph = Graph::of(workflow).ok_or_else(|| Exit::negative(format!("{} has errors", source.path)))?;
    let drawn = match arguments.format {
        Format::Mermaid => graph.mermaid(),
        Format::Svg => graph.svg().map_err(Exit::usage)?,
    };
    match &arguments.out {
        Some(path) => std::fs::write(path, drawn)
            .map_err(|error| Exit::usage(format!("{}: {error}", path.display())))?,
        None => println!("{}", drawn.trim_end()),
    }
    Ok(())
}
