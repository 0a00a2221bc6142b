//! `ticketsmith workflow test`.

use super::{Loaded, Project, print_json};
use crate::color;
use crate::exit::{Exit, Outcome};
use crate::print::eprint_painted;
use crate::server::source_file::source_at;
use crate::server::workflows::{add_shipped, catalog, files_of, is_test, is_workflow, sources_of};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use workflow::{Catalog, Source, render};
use workflow_test::{Report, TestError, TestFile, tested_workflow};

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow test
  ticketsmith workflow test workflows/development.test.yaml --filter budget
  ticketsmith workflow test --min-coverage 100

The tests of development.yaml are next to it in development.test.yaml; docs/workflow-tools.md explains how to write them.

Exit codes:
  0  every case passed
  1  a case failed, or the coverage is below --min-coverage
  2  a file cannot be read, or does not fit its workflow";

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Test files, or workflows with tests next to them. Default: all in the project's folder.
    files: Vec<PathBuf>,
    #[command(flatten)]
    project: Project,
    /// Run only the cases whose name contains this, ignoring case.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Fail if the cases cover less than this percentage of a workflow's steps and branches.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Print the reports as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs tests.
///
/// # Errors
/// A negative answer if a case fails; a usage error for files that cannot be read or do not fit their workflow.
pub(super) async fn run(arguments: &Arguments) -> Outcome {
    let (tests, sources) = files(arguments)?;
    if tests.is_empty() {
        return Err(Exit::usage("no tests found; put them next to workflows as `<workflow>.test.yaml`"));
    }
    let loaded = Loaded::from_sources(sources, &arguments.project)?.without_errors()?;
    let catalog = Arc::new(catalog()?);
    let (mut reports, mut refusals) = (Vec::new(), Vec::new());
    for source in &tests {
        match report(source, &loaded, &catalog, arguments.filter.as_deref()).await {
            Ok(report) => {
                if !arguments.json {
                    println!("{}", report.text());
                }
                reports.push(report);
            }
            // One file that does not fit its workflow says nothing about the others.
            Err(refusal) => refusals.push(refusal.to_string()),
        }
    }
    if arguments.json {
        print_json(&reports.iter().map(Report::json).collect::<Vec<Value>>())?;
    }
    if refusals.is_empty() { judge(&reports, arguments) } else { Err(Exit::usage(refusals.join("\n"))) }
}

/// What became of the cases of one file.
async fn report(
    source: &Source,
    loaded: &Loaded,
    catalog: &Arc<Catalog>,
    filter: Option<&str>,
) -> Outcome<Report> {
    let file = read(source)?;
    let name = tested_workflow(&file, source);
    let found = loaded.workflows().find(|(_, workflow)| workflow.name == name);
    let (_, workflow) =
        found.ok_or_else(|| Exit::usage(format!("{}: no workflow named `{name}` to test", source.path)))?;
    workflow_test::run(&file, source, workflow, catalog, filter).await.map_err(|error| refused(source, error))
}

/// The test files, and the workflows that may be tested.
fn files(arguments: &Arguments) -> Outcome<(Vec<Source>, Vec<Source>)> {
    if arguments.files.is_empty() {
        arguments.project.refuse_without_workflows()?;
        let folder = &arguments.project.folder;
        return Ok((files_of(folder, is_test)?, sources_of(folder)?));
    }
    let mut tests = Vec::new();
    let mut sources: Vec<Source> = Vec::new();
    for path in &arguments.files {
        let endings = ["test.yml", "test.yaml"].map(|ending| path.with_extension(ending));
        let test = match endings {
            _ if is_test(path) => path.clone(),
            [short, _] if short.is_file() => short,
            [_, usual] => usual,
        };
        let test_source = source_at(&test)?;
        // `workflows/*.yaml` names workflows and their tests.
        if tests.iter().any(|known: &Source| known.path == test_source.path) {
            continue;
        }
        tests.push(test_source);
        for beside in workflows_beside(&test)? {
            if !sources.iter().any(|known| known.path == beside.path) {
                sources.push(beside);
            }
        }
    }
    add_shipped(&mut sources);
    Ok((tests, sources))
}

/// All workflows in a test file's folder, because one may run another.
fn workflows_beside(test: &Path) -> Outcome<Vec<Source>> {
    let folder = test.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut paths = Vec::new();
    let entries =
        std::fs::read_dir(folder).map_err(|error| Exit::usage(format!("{}: {error}", folder.display())))?;
    for entry in entries {
        let path = entry.map_err(Exit::usage)?.path();
        if is_workflow(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| source_at(path)).collect()
}

fn read(source: &Source) -> Outcome<TestFile> {
    workflow_test::read(source).map_err(|wrong| refused(source, TestError::Wrong(vec![*wrong])))
}

fn refused(source: &Source, error: TestError) -> Exit {
    if let TestError::Wrong(found) = &error {
        eprint_painted(&render(found, source, color::on(&std::io::stderr())));
    }
    Exit::usage(format!("{}: {error}", source.path))
}

fn judge(reports: &[Report], arguments: &Arguments) -> Outcome {
    let cases = || reports.iter().flat_map(|report| &report.cases);
    let failed = cases().filter(|case| !case.passed()).count();
    if failed > 0 {
        return Err(Exit::negative(format!("{failed} of {} case(s) failed", cases().count())));
    }
    if cases().count() == 0 {
        return Err(Exit::usage(format!(
            "no case name contains `{}`",
            arguments.filter.as_deref().unwrap_or_default()
        )));
    }
    let least = f64::from(arguments.min_coverage.unwrap_or(0));
    let short: Vec<String> = reports
        .iter()
        .filter(|report| report.coverage.percent() < least)
        .map(|report| format!("{} {:.0}%", report.workflow, report.coverage.percent()))
        .collect();
    if !short.is_empty() {
        return Err(Exit::negative(format!("coverage is below {least}%: {}", short.join(", "))));
    }
    if !arguments.json {
        println!("{} case(s) passed", cases().count());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_tests_are_run_once_with_the_shipped_workflows_that_theirs_run() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let text = "name: A\nsteps:\n  - { name: run, type: workflow, workflow: development }\n";
        std::fs::write(place("a.yaml"), text).unwrap();
        std::fs::write(place("a.test.yaml"), "cases: []\n").unwrap();
        let arguments = Arguments {
            files: vec![place("a.test.yaml"), place("a.yaml")],
            project: Project { folder: folder.path().to_owned() },
            filter: None,
            min_coverage: None,
            json: false,
        };
        let (tests, sources) = files(&arguments).unwrap();
        assert_eq!(tests.len(), 1);
        let mut names: Vec<&str> = sources.iter().map(Source::name).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "development", "pull_request_checks", "undo"]);
    }

    #[tokio::test]
    async fn every_test_file_that_does_not_fit_its_workflow_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(
            place("a.yaml"),
            "name: A\nsteps:\n  - { name: end, type: fail, error: No, cause: no }\n",
        )
        .unwrap();
        std::fs::write(place("a.test.yaml"), "cases:\n  - { name: A, inputs: {}, expect: {} }\n").unwrap();
        std::fs::write(place("b.test.yaml"), "cases: 5\n").unwrap();
        std::fs::write(place("c.test.yaml"), "cases: []\n").unwrap();
        let arguments = Arguments {
            files: ["a.test.yaml", "b.test.yaml", "c.test.yaml"].map(place).to_vec(),
            project: Project { folder: folder.path().to_owned() },
            filter: None,
            min_coverage: None,
            json: false,
        };
        let told = run(&arguments).await.unwrap_err().to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        assert!(lines[0].ends_with("a.test.yaml: the test file has 1 error(s)"), "{told}");
        assert!(lines[1].ends_with("b.test.yaml: the test file has 1 error(s)"), "{told}");
        assert!(lines[2].ends_with("c.test.yaml: no workflow named `c` to test"), "{told}");
    }
}
