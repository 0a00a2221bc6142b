//! `ticketsmith workflow`: what a person does with workflow files. One file for each command.

mod check;
mod compile;
mod cost;
mod explain;
mod format;
mod graph;
mod schema;
mod test;

use crate::exit::{Exit, Outcome};
use crate::server::workflows::{catalog, environment, prompts_of, rendered, source_at, sources_of};
use clap::Subcommand;
use std::path::PathBuf;
use workflow::{Compilation, Environment, FolderCompilation, Severity, Source, compile_folder};

pub(crate) use compile::verify;

/// `ticketsmith workflow …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Report every problem of every workflow, with its place and how to mend it.
    #[command(after_help = check::EXAMPLES)]
    Check(check::Arguments),
    /// Compile workflows to Amazon States Language documents, routes, and the list of functions that infrastructure code loops over.
    #[command(after_help = compile::EXAMPLES)]
    Compile(compile::Arguments),
    /// Run the tests beside workflows: no service is called, and time is skipped.
    #[command(after_help = test::EXAMPLES)]
    Test(test::Arguments),
    /// Print the JSON Schema with which editors complete and check workflow files.
    #[command(after_help = schema::EXAMPLES)]
    Schema(schema::Arguments),
    /// Bring workflow files and their tests into canonical form; comments stay.
    #[command(name = "fmt", after_help = format::EXAMPLES)]
    Format(format::Arguments),
    /// Draw a workflow, as Mermaid or SVG.
    #[command(after_help = graph::EXAMPLES)]
    Graph(graph::Arguments),
    /// Estimate what an execution costs on AWS.
    #[command(after_help = cost::EXAMPLES)]
    Cost(cost::Arguments),
    /// Tell what a step became, and why.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Arguments),
}

/// What is compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct What {
    /// Workflow files; without any, those of the project's folder.
    files: Vec<PathBuf>,
    #[command(flatten)]
    project: Project,
}

impl What {
    fn sources(&self) -> Outcome<Vec<Source>> {
        match self.files.as_slice() {
            [] => sources_of(&self.project.folder),
            files => files.iter().map(|path| source_at(path)).collect(),
        }
    }
}

/// Where the project stands.
#[derive(Debug, clap::Args)]
pub(crate) struct Project {
    /// The project's folder, where `workflows/` and `prompts/` stand.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Negative when the answer is no, usage errors for files that cannot be read or written.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Check(arguments) => check::run(&arguments),
        Arguments::Compile(arguments) => compile::run(&arguments),
        Arguments::Test(arguments) => test::run(&arguments).await,
        Arguments::Schema(arguments) => schema::run(&arguments),
        Arguments::Format(arguments) => format::run(&arguments),
        Arguments::Graph(arguments) => graph::run(&arguments),
        Arguments::Cost(arguments) => cost::run(&arguments),
        Arguments::Explain(arguments) => explain::run(&arguments),
    }
}

/// Workflows that were read and compiled, whatever was found.
struct Loaded {
    compiled: FolderCompilation,
    sources: Vec<Source>,
}

impl Loaded {
    fn of(what: &What) -> Outcome<Self> {
        Self::from_sources(what.sources()?, &what.project)
    }

    fn from_sources(sources: Vec<Source>, project: &Project) -> Outcome<Self> {
        Self::in_environment(sources, &environment(&prompts_of(&project.folder)?)?)
    }

    fn in_environment(sources: Vec<Source>, environment: &Environment) -> Outcome<Self> {
        Ok(Self { compiled: compile_folder(&sources, &catalog()?, environment), sources })
    }

    /// Ends here when a workflow has errors, and prints them.
    fn without_errors(self) -> Outcome<Self> {
        if self.compiled.has_errors() {
            eprint!("{}", rendered(&self.compiled, &self.sources, Severity::Error));
            return Err(Exit::negative("there are errors"));
        }
        Ok(self)
    }

    /// Every workflow with its source.
    fn workflows(&self) -> impl Iterator<Item = (&Source, &Compilation)> {
        self.compiled.workflows.iter().filter_map(|workflow| {
            let source = self.sources.iter().find(|source| source.name() == workflow.name)?;
            Some((source, workflow))
        })
    }
}

/// Prints a value as indented JSON.
fn print_json(value: &impl serde::Serialize) -> Outcome {
    println!("{}", serde_json::to_string_pretty(value).map_err(Exit::usage)?);
    Ok(())
}
