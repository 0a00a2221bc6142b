//! Tests of workflows: what a workflow does when its actions answer as a test file says.
//!
//! A file `development.test.yaml` beside `development.yaml` holds cases. Each is an execution of the compiled document on the
//! engine. No function is called: steps return what the case specifies, and time is skipped, so a week's wait takes a
//! millisecond. The crate opens no file except the log of its engine, in a folder that it removes.
//!
//! How a file is processed: [`read`] → checked against the workflow (`check`) → each case run (`execution`, `functions`,
//! `answers`) → its history read (`history`) → compared with what it expects (`compare`) → [`Report`] and [`Coverage`].

mod agents;
mod answers;
mod check;
mod compare;
mod coverage;
mod error;
mod execution;
mod file;
mod functions;
mod history;
mod key;
mod names;
mod one_or_many;
mod reading;
mod report;
mod sample;
mod schema;
mod start;

pub use compare::Difference;
pub use coverage::Coverage;
pub use error::TestError;
pub use file::{
    Answer, Case, Defaults, Expectations, ExpectedCost, ExpectedOutcome, Reply, Steps, TestActor, TestFile,
    Turn, TurnNext, TurnQuestion, test_file_schema,
};
pub use one_or_many::OneOrMany;
pub use reading::read;
pub use report::{CaseReport, Report};

use answers::Answers;
use names::Names;
use std::sync::Arc;
use workflow::{Catalog, Compilation, Source};

/// The name of the workflow that a test file tests: the one it names, else its own name without `.test.yaml`.
pub fn tested_workflow<'f>(file: &'f TestFile, source: &'f Source) -> &'f str {
    let own = source.name();
    file.workflow.as_deref().unwrap_or_else(|| own.strip_suffix(".test").unwrap_or(own))
}

/// Runs the cases of `file`, read from `source`, against the workflow that `compilation` holds; with `filter`, only those
/// whose name contains it, ignoring case. Needs a tokio runtime.
///
/// # Errors
/// [`TestError::Wrong`] when the file does not fit the workflow, [`TestError::NotCompiled`], and what keeps the engine from
/// running. A case that fails is not an error: see [`Report::passed`].
pub async fn run(
    file: &TestFile,
    source: &Source,
    compilation: &Compilation,
    catalog: &Arc<Catalog>,
    filter: Option<&str>,
) -> Result<Report, TestError> {
    let definition = compilation.definition.as_ref().ok_or(TestError::NotCompiled)?;
    let names = Names::of(compilation);
    let wrong = check::check(file, source, &names, catalog);
    if !wrong.is_empty() {
        return Err(TestError::Wrong(wrong));
    }
    let wanted =
        |name: &str| filter.is_none_or(|filter| name.to_lowercase().contains(&filter.to_lowercase()));
    let mut taken = coverage::Taken::default();
    let mut cases = Vec::new();
    for case in file.cases.iter().filter(|case| wanted(&case.value.name)) {
        let line = usize::try_from(case.referenced.line()).unwrap_or(0);
        let mut report = CaseReport {
            name: case.value.name.clone(),
            line,
            differences: Vec::new(),
            problems: Vec::new(),
            path: Vec::new(),
            ended: None,
            transitions: 0,
            model_usd: 0.0,
        };
        match start::input(file, &case.value, compilation, catalog) {
            Err(why) => report.differences = compare::not_started(&case.value.expect, &why),
            Ok(input) => {
                let answers = Answers::of(file, &case.value);
                let defaults = case.value.defaults.or(file.defaults);
                let ended = execution::run(compilation, catalog, &names, answers, defaults, &input).await?;
                taken.add(&ended.history.visits());
                report.path = compare::path(&ended, &names);
                report.differences = compare::differences(&case.value.expect, &ended, &report.path);
                report.ended = Some(compare::how_it_ended(&ended));
                report.transitions = ended.history.transitions();
                report.model_usd = ended.state.model_usd;
                report.problems = ended.state.problems.clone();
                report.problems.extend(ended.state.answers.left_over());
                report.problems.extend(ended.state.agents.left_over(&ended.state.answers));
            }
        }
        cases.push(report);
    }
    Ok(Report {
        file: source.path.clone(),
        workflow: compilation.name.clone(),
        cases,
        coverage: taken.of(definition, &names),
    })
}
