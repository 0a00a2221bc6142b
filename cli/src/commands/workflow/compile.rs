//! `ticketsmith workflow compile`.

use super::{Loaded, Project, What};
use crate::exit::{Exit, Outcome};
use crate::functions_document::{FUNCTIONS, functions_document};
use crate::server::workflows::sources_of;
use std::path::{Path, PathBuf};

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow compile workflows/development.yaml
  ticketsmith workflow compile --out statemachines
  ticketsmith workflow compile --out statemachines --verify

Exit codes:
  0  compiled
  1  errors, or --verify found a difference
  2  a file cannot be read or written";

/// What to compile, and where to put it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: What,
    /// The output folder. Default: print a single workflow.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write nothing; fail if a document in --out differs from what would be written.
    #[arg(long, requires = "out")]
    verify: bool,
}

/// Compiles workflows.
///
/// # Errors
/// A negative answer if there are errors or differences; a usage error for files that cannot be read or written.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let documents = documents(Loaded::of(&arguments.what)?)?;
    match (arguments.out.as_deref(), documents.as_slice()) {
        (None, [(_, definition), _routes, _functions]) => print!("{definition}"),
        (None, _) => return Err(Exit::usage("more than one workflow; pass a folder with --out")),
        (Some(folder), documents) if arguments.verify => verify_documents(folder, documents)?,
        (Some(folder), documents) => {
            std::fs::create_dir_all(folder).map_err(|error| out(folder, &error))?;
            for (name, text) in documents {
                let path = folder.join(name);
                std::fs::write(&path, text)
                    .map_err(|error| Exit::usage(format!("{}: {error}", path.display())))?;
                println!("{}", path.display());
            }
        }
    }
    Ok(())
}

/// Checks that a folder contains exactly the compiled workflows of a project's folder.
///
/// # Errors
/// A negative answer if there are errors or differences.
pub(crate) fn verify(project: &Path, out: &Path) -> Outcome {
    let project = Project { folder: project.to_owned() };
    // Without workflows of its own, the shipped ones are deployed.
    let sources = sources_of(&project.folder)?;
    verify_documents(out, &documents(Loaded::from_sources(sources, &project)?)?)
}

/// The names and texts of all compiled documents.
fn documents(loaded: Loaded) -> Outcome<Vec<(String, String)>> {
    let compiled = loaded.without_errors()?.compiled;
    let workflows = compiled
        .workflows
        .iter()
        .filter_map(|workflow| Some((format!("{}.asl.json", workflow.name), workflow.definition_json()?)));
    Ok(workflows
        .chain([
            ("routes.json".to_owned(), compiled.routes_json()),
            (FUNCTIONS.to_owned(), functions_document()),
        ])
        .collect())
}

fn out(folder: &Path, error: &std::io::Error) -> Exit {
    Exit::usage(format!("--out {}: {error}", folder.display()))
}

fn verify_documents(folder: &Path, documents: &[(String, String)]) -> Outcome {
    let stale: Vec<_> = documents
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| folder.join(name).display().to_string())
        .collect();
    let unknown: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| out(folder, &error))?
        .filter_map(Result::ok)
        .filter(|entry| !documents.iter().any(|(name, _)| entry.file_name().to_str() == Some(name)))
        .map(|entry| entry.path().display().to_string())
        .collect();
    if stale.is_empty() && unknown.is_empty() {
        return Ok(());
    }
    let mut problems = Vec::new();
    if !stale.is_empty() {
        problems.push(format!("stale: {}", stale.join(", ")));
    }
    if !unknown.is_empty() {
        problems.push(format!("not generated from any workflow: {}", unknown.join(", ")));
    }
    Err(Exit::negative(format!(
        "{}; run `ticketsmith workflow compile --out {}`",
        problems.join("; "),
        folder.display()
    )))
}
