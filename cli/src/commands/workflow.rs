//! `ticketsmith workflow`: checks and compiles workflows.

use crate::exit::{Exit, Outcome};
use crate::functions_document::{FUNCTIONS, functions_document};
use crate::server::workflows::{catalog, environment, prompts_of, rendered, source_at, sources_of};
use clap::Subcommand;
use std::path::{Path, PathBuf};
use workflow::{FolderCompilation, Severity, Source, compile_folder};

/// `ticketsmith workflow …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Report every problem of every workflow, with its place and how to mend it.
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        #[command(flatten)]
        what: What,
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compile workflows to Amazon States Language documents, routes, and the list of functions that infrastructure code loops over.
    #[command(after_help = COMPILE_EXAMPLES)]
    Compile {
        #[command(flatten)]
        what: What,
        /// Where the documents go; without it a single workflow is printed.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// Write nothing; fail when a document in --out is not what would be written.
        #[arg(long, requires = "out")]
        verify: bool,
    },
}

const CHECK_EXAMPLES: &str = "\
Examples:
  ticketsmith workflow check
  ticketsmith workflow check workflows/development.yaml

Exit codes: 0 no errors (warnings are printed) · 1 errors · 2 a file cannot be read";

const COMPILE_EXAMPLES: &str = "\
Examples:
  ticketsmith workflow compile workflows/development.yaml
  ticketsmith workflow compile --out statemachines
  ticketsmith workflow compile --out statemachines --verify

Exit codes: 0 compiled · 1 errors, or --verify found a difference · 2 a file cannot be read";

/// What is compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct What {
    /// Workflow files; without any, those of the project's folder.
    files: Vec<PathBuf>,
    /// The project's folder, where `workflows/` and `prompts/` stand.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Negative when there are errors, usage errors for files that cannot be read or written.
pub(crate) fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Check { what, json } => check(&what, json),
        Arguments::Compile { what, out, verify } => compile(&what, out.as_deref(), verify),
    }
}

fn load(what: &What) -> Outcome<(FolderCompilation, Vec<Source>)> {
    let sources = if what.files.is_empty() {
        sources_of(&what.folder)?
    } else {
        what.files.iter().map(|path| source_at(path)).collect::<Outcome<Vec<_>>>()?
    };
    let environment = environment(&prompts_of(&what.folder)?)?;
    Ok((compile_folder(&sources, &catalog()?, &environment), sources))
}

fn check(what: &What, json: bool) -> Outcome {
    let (compiled, sources) = load(what)?;
    let findings = compiled.workflows.iter().flat_map(|workflow| &workflow.diagnostics);
    if json {
        println!("{}", serde_json::to_string_pretty(&findings.collect::<Vec<_>>()).map_err(Exit::usage)?);
    } else {
        eprint!("{}", rendered(&compiled, &sources, Severity::Note));
    }
    if compiled.has_errors() {
        return Err(Exit::negative("there are errors"));
    }
    if !json {
        println!("{} workflow(s), no errors", compiled.workflows.len());
    }
    Ok(())
}

fn compile(what: &What, out: Option<&Path>, verify: bool) -> Outcome {
    let documents = documents(what)?;
    match (out, documents.as_slice()) {
        (None, [(_, definition), _routes, _functions]) => print!("{definition}"),
        (None, _) => return Err(Exit::usage("more than one workflow: name a folder with --out")),
        (Some(folder), documents) if verify => verify_documents(folder, documents)?,
        (Some(folder), documents) => {
            std::fs::create_dir_all(folder).map_err(Exit::usage)?;
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

/// Checks that a folder holds what the workflows of a project's folder compile to, and nothing else.
///
/// # Errors
/// Negative when there are errors or differences.
pub(crate) fn verify(project: &Path, out: &Path) -> Outcome {
    let what = What { files: Vec::new(), folder: project.to_owned() };
    verify_documents(out, &documents(&what)?)
}

/// The names and texts of all that is compiled.
fn documents(what: &What) -> Outcome<Vec<(String, String)>> {
    let (compiled, sources) = load(what)?;
    if compiled.has_errors() {
        eprint!("{}", rendered(&compiled, &sources, Severity::Error));
        return Err(Exit::negative("there are errors"));
    }
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

fn verify_documents(folder: &Path, documents: &[(String, String)]) -> Outcome {
    let stale: Vec<_> = documents
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| folder.join(name).display().to_string())
        .collect();
    let unknown: Vec<_> = std::fs::read_dir(folder)
        .map_err(Exit::usage)?
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
        problems.push(format!("made from no workflow: {}", unknown.join(", ")));
    }
    Err(Exit::negative(format!(
        "{}; run `ticketsmith workflow compile --out {}`",
        problems.join("; "),
        folder.display()
    )))
}
