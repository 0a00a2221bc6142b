//! `ticketsmith workflow`: tools for workflow files. One file per command.

mod check;
mod compile;
mod cost;
mod explain;
mod format;
mod graph;
mod schema;
pub(crate) mod served;
mod test;

use crate::color;
use crate::exit::{Exit, Outcome};
use crate::print::eprint_painted;
use crate::server::source_file::source_at;
use crate::server::workflows::{add_run, catalog, environment, is_test, prompts_of, rendered, sources_of};
use clap::Subcommand;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use workflow::{Compilation, Environment, FolderCompilation, Severity, Source, compile_folder};

pub(crate) use compile::verify;

/// The folder of a command that names none.
const HERE: &str = ".";

/// `ticketsmith workflow …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Report every problem in every workflow, with its location and how to fix it.
    #[command(after_help = check::EXAMPLES)]
    Check(check::Arguments),
    /// Compile workflows to Amazon States Language documents, routes, and the list of functions for infrastructure code.
    #[command(after_help = compile::EXAMPLES)]
    Compile(compile::Arguments),
    /// Run the workflows' tests in virtual time, without calling any service.
    #[command(after_help = test::EXAMPLES)]
    Test(test::Arguments),
    /// Print the JSON Schema that editors use to complete and check workflow files.
    #[command(after_help = schema::EXAMPLES)]
    Schema(schema::Arguments),
    /// Format workflow files and their tests; comments are kept.
    #[command(name = "fmt", after_help = format::EXAMPLES)]
    Format(format::Arguments),
    /// Draw a workflow as Mermaid or SVG.
    #[command(after_help = graph::EXAMPLES)]
    Graph(graph::Arguments),
    /// Estimate what an execution costs on AWS.
    #[command(after_help = cost::EXAMPLES)]
    Cost(cost::Arguments),
    /// Explain what a step compiles to, and why.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Arguments),
    /// List the workflows that an installation has, through the API.
    List(served::List),
    /// Show a workflow of an installation with its inputs, through the API.
    View(served::View),
    /// Start a workflow of an installation, through the API.
    Start(served::Start),
}

/// The workflows to read.
#[derive(Debug, clap::Args)]
pub(crate) struct What {
    /// Workflow files. Default: those in the project's folder.
    files: Vec<PathBuf>,
    #[command(flatten)]
    project: Project,
}

impl What {
    fn sources(&self) -> Outcome<Vec<Source>> {
        match self.files.as_slice() {
            [] => {
                self.project.refuse_without_workflows()?;
                sources_of(&self.project.folder)
            }
            files => {
                // `workflows/*.yaml` names the tests as well.
                let workflows: Vec<&PathBuf> = files.iter().filter(|path| !is_test(path)).collect();
                match (workflows.is_empty(), files) {
                    (true, [test, ..]) => Err(Exit::usage(format!(
                        "{}: this has tests of a workflow, which `ticketsmith workflow test` runs; name the workflow",
                        test.display()
                    ))),
                    _ => workflows.into_iter().map(|path| source_at(path)).collect(),
                }
            }
        }
    }
}

/// Where the project stands.
#[derive(Debug, clap::Args)]
pub(crate) struct Project {
    /// The project's folder, which contains `workflows/`, `prompts/` and `agents/`.
    #[arg(long, value_name = "FOLDER", default_value = HERE)]
    folder: PathBuf,
}

impl Project {
    /// Refuses a folder that was named and has no workflows: one that is a level too deep must not mean the shipped workflows.
    fn refuse_without_workflows(&self) -> Outcome {
        let is_named = self.folder != Path::new(HERE);
        if is_named && self.folder.is_dir() && !self.folder.join("workflows").is_dir() {
            return Err(without_workflows(&self.folder));
        }
        Ok(())
    }
}

fn without_workflows(folder: &Path) -> Exit {
    Exit::usage(format!(
        "{} has no `workflows` folder; pass the project's folder, which contains it, or name the files",
        folder.display()
    ))
}

/// Runs the command.
///
/// # Errors
/// A negative answer as each command defines it; a usage error for files that cannot be read or written.
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
        Arguments::List(arguments) => served::list(arguments).await,
        Arguments::View(arguments) => served::view(arguments).await,
        Arguments::Start(arguments) => served::start(arguments).await,
    }
}

/// Workflows that were read and compiled, with or without errors.
struct Loaded {
    compiled: FolderCompilation,
    sources: Vec<Source>,
}

impl Loaded {
    /// The selected workflows. Workflows that they run are loaded, too, but not selected.
    fn of(what: &What) -> Outcome<Self> {
        let mut sources = what.sources()?;
        if what.files.is_empty() {
            return Self::from_sources(sources, &what.project);
        }
        let meant = sources.len();
        add_run(&mut sources, sources_of(&what.project.folder).unwrap_or_default());
        let mut loaded = Self::from_sources(sources, &what.project)?;
        loaded.sources.truncate(meant);
        let names: BTreeSet<String> = loaded.sources.iter().map(|source| source.name().to_owned()).collect();
        loaded.compiled.workflows.retain(|workflow| names.contains(&workflow.name));
        Ok(loaded)
    }

    fn from_sources(sources: Vec<Source>, project: &Project) -> Outcome<Self> {
        Self::in_environment(sources, &environment(&project.folder, &prompts_of(&project.folder)?)?)
    }

    fn in_environment(sources: Vec<Source>, environment: &Environment) -> Outcome<Self> {
        Ok(Self { compiled: compile_folder(&sources, &catalog()?, environment), sources })
    }

    /// Prints the errors and fails if a workflow has any.
    fn without_errors(self) -> Outcome<Self> {
        if self.compiled.has_errors() {
            let in_color = color::on(&std::io::stderr());
            eprint_painted(&rendered(&self.compiled, &self.sources, Severity::Error, in_color));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell turns `workflows/*.yaml` into the names of workflows and of their tests.
    #[test]
    fn tests_among_named_files_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.yaml", "a.test.yaml"] {
            std::fs::write(folder.path().join(name), "name: A\n").unwrap();
        }
        let named = |names: &[&str]| What {
            files: names.iter().map(|name| folder.path().join(name)).collect(),
            project: Project { folder: folder.path().to_owned() },
        };
        let sources = named(&["a.test.yaml", "a.yaml"]).sources().unwrap();
        assert_eq!(sources.iter().map(Source::name).collect::<Vec<_>>(), ["a"]);
        let refused = named(&["a.test.yaml"]).sources().unwrap_err().to_string();
        assert!(refused.contains("a.test.yaml: this has tests of a workflow"), "{refused}");
    }
}
