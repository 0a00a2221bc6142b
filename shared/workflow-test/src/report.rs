//! What became of a test file, for people and for machines.

use crate::compare::{self, Difference};
use crate::coverage::Coverage;
use domain::execution::Outcome;
use serde::Serialize;
use serde_json::Value;
use similar::utils::diff_slices;
use similar::{Algorithm, ChangeTag};
use std::fmt::Write;

/// What became of the cases of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The test file.
    pub file: String,
    /// The workflow that was tested.
    pub workflow: String,
    /// The cases that were run, in the order of the file.
    pub cases: Vec<CaseReport>,
    /// What all of them took.
    pub coverage: Coverage,
}

/// What became of one case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Where it is in the file, counted from 1.
    pub line: usize,
    /// What came differently than expected.
    pub differences: Vec<Difference>,
    /// The other problems: calls without an answer, answers without a call.
    pub problems: Vec<String>,
    /// The steps taken, in order.
    pub path: Vec<String>,
    /// How the execution ended, with its error and the cause; `None` if none started.
    pub ended: Option<String>,
    /// State transitions.
    pub transitions: usize,
    /// Dollars for models.
    pub model_usd: f64,
}

impl CaseReport {
    /// Whether all came as expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty() && self.problems.is_empty()
    }

    /// How an execution that failed ended, unless something else of the report says it: a difference, or a call without an answer, whose
    /// failure is only its consequence.
    fn unsaid_end(&self) -> Option<&str> {
        let is_said = !self.problems.is_empty()
            || self.differences.iter().any(|difference| difference.what == compare::OUTCOME);
        let ended = self.ended.as_deref().filter(|ended| *ended != Outcome::Succeeded.as_str());
        ended.filter(|_| !self.passed() && !is_said)
    }
}

impl Report {
    /// Whether every case passed.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(CaseReport::passed)
    }

    /// The report as machines read it: its fields, with `passed` for the file and for each case, and the coverage's `percent`.
    pub fn json(&self) -> Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json["passed"] = self.passed().into();
        json["coverage"]["percent"] = self.coverage.percent().into();
        for (place, case) in self.cases.iter().enumerate() {
            json["cases"][place]["passed"] = case.passed().into();
        }
        json
    }

    /// The report as people read it: a line for each case, what differs below those that failed, and the coverage.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.file);
        // Writing to a string cannot fail.
        for case in &self.cases {
            let mark = if case.passed() { "ok  " } else { "FAIL" };
            let _ = writeln!(text, "  {mark} {}", case.name);
            for problem in &case.problems {
                let _ = writeln!(text, "       {}:{}: {problem}", self.file, case.line);
            }
            for difference in &case.differences {
                let _ = writeln!(text, "       {}:{}: {}", self.file, case.line, difference.what);
                let _ = write!(text, "{}", sides(difference));
            }
            if !case.passed() && !case.path.is_empty() {
                let _ = writeln!(text, "       it went: {}", case.path.join(", "));
            }
            if let Some(ended) = case.unsaid_end() {
                let _ = writeln!(text, "       it ended: {ended}");
            }
        }
        let coverage = &self.coverage;
        let _ = writeln!(
            text,
            "  coverage of {}: {:.0}% ({} of {} steps, {} of {} branches)",
            self.workflow,
            coverage.percent(),
            coverage.steps - coverage.steps_missed.len(),
            coverage.steps,
            coverage.branches - coverage.branches_missed.len(),
            coverage.branches
        );
        for missed in &coverage.steps_missed {
            let _ = writeln!(text, "    never taken: {missed}");
        }
        for missed in &coverage.branches_missed {
            let _ = writeln!(text, "    never taken: {missed}");
        }
        text
    }
}

fn sides(difference: &Difference) -> String {
    if let (Value::Array(expected), Value::Array(actual)) = (&difference.expected, &difference.actual) {
        return lists(expected, actual);
    }
    format!("         expected  {}\n         actual    {}\n", difference.expected, difference.actual)
}

/// Two lists next to each other, with marks on the items that only one has.
fn lists(expected: &[Value], actual: &[Value]) -> String {
    let shown = |values: &[Value]| -> Vec<String> {
        values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
    };
    let (expected, actual) = (shown(expected), shown(actual));
    let mut text = String::from("         - expected, + actual\n");
    for (tag, values) in diff_slices(Algorithm::Myers, &expected, &actual) {
        let mark = match tag {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        for value in values {
            let _ = writeln!(text, "         {mark} {value}");
        }
    }
    text
}
