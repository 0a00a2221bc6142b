//! `ticketsmith workflow explain`.

use super::{Loaded, Project, What, print_json};
use crate::exit::{Exit, Outcome};
use domain::instead_of;
use std::collections::BTreeSet;
use std::path::PathBuf;
use workflow_tools::explain;

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow explain create_branch
  ticketsmith workflow explain create_branch --workflow workflows/development.yaml --json

Exit codes:
  0  explained
  1  the workflow has errors
  2  a file cannot be read, or not exactly one workflow has such a step";

/// Which step.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The step's name.
    step: String,
    /// The workflow that contains it. Default: search the project's workflows.
    #[arg(long, value_name = "FILE")]
    workflow: Option<PathBuf>,
    #[command(flatten)]
    project: Project,
    /// Print the explanation as JSON.
    #[arg(long)]
    json: bool,
}

/// Explains a step.
///
/// # Errors
/// A negative answer if the workflow has errors; a usage error for files and steps that do not exist.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let project = Project { folder: arguments.project.folder.clone() };
    let what = What { files: arguments.workflow.iter().cloned().collect(), project };
    let loaded = Loaded::of(&what)?.without_errors()?;
    let found: Vec<_> = loaded
        .workflows()
        .filter_map(|(source, workflow)| Some((source, explain(workflow, &arguments.step)?)))
        .collect();
    match found.as_slice() {
        [(_, explanation)] if arguments.json => print_json(explanation),
        [(_, explanation)] => {
            print!("{}", explanation.text());
            Ok(())
        }
        [] => {
            let steps = loaded.compiled.workflows.iter().flat_map(|workflow| &workflow.steps);
            let known: BTreeSet<&str> = steps.map(|step| step.name.as_str()).collect();
            let instead = instead_of(&arguments.step, "known", known);
            Err(Exit::usage(format!("no step named `{}`; {instead}", arguments.step)))
        }
        several => {
            let paths: Vec<&str> = several.iter().map(|(source, _)| source.path.as_str()).collect();
            Err(Exit::usage(format!(
                "several workflows have a step `{}`; choose one with --workflow: {}",
                arguments.step,
                paths.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_answered_with_each_known_name_once() {
        let folder = tempfile::tempdir().unwrap();
        let workflows = folder.path().join("workflows");
        std::fs::create_dir(&workflows).unwrap();
        for name in ["a", "b"] {
            let text =
                format!("name: {name}\nsteps:\n  - {{ name: fetch, type: set, variables: {{ x: 1 }} }}\n");
            std::fs::write(workflows.join(format!("{name}.yaml")), text).unwrap();
        }
        let arguments = Arguments {
            step: "fetsh".to_owned(),
            workflow: None,
            project: Project { folder: folder.path().to_owned() },
            json: false,
        };
        let told = run(&arguments).unwrap_err().to_string();
        assert_eq!(told, "no step named `fetsh`; did you mean `fetch`? known: fetch, take_back");
    }
}
