//! Which steps and branches of a workflow its tests take.

use crate::history::Visit;
use crate::names::{Names, each_state};
use domain::ErrorKind;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// The parts of a workflow that the cases of a file took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The number of steps.
    pub steps: usize,
    /// Steps that no case took, in the order of the file.
    pub steps_missed: Vec<String>,
    /// The number of branches: the ways out of every condition, and the errors that `on_error` catches.
    pub branches: usize,
    /// Branches that no case took.
    pub branches_missed: Vec<String>,
}

impl Coverage {
    /// The share of steps and branches that were taken, in percent; 100 if there are none.
    pub fn percent(&self) -> f64 {
        let all = self.steps + self.branches;
        let missed = self.steps_missed.len() + self.branches_missed.len();
        if all == 0 { 100.0 } else { (all - missed) as f64 * 100.0 / all as f64 }
    }
}

/// A way from one state to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    state: String,
    next: String,
    caught: bool,
}

/// Gathers what cases take.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    states: BTreeSet<String>,
    branches: BTreeSet<Branch>,
}

impl Taken {
    pub(crate) fn add(&mut self, visits: &[Visit]) {
        for visit in visits {
            self.states.insert(visit.state.clone());
            if let Some(next) = &visit.next {
                self.branches.insert(Branch {
                    state: visit.state.clone(),
                    next: next.clone(),
                    caught: visit.error.is_some(),
                });
            }
        }
    }

    pub(crate) fn of(&self, definition: &Value, names: &Names) -> Coverage {
        let mut branches: Vec<Branch> = Vec::new();
        each_state(definition, &mut |name, state| {
            for branch in branches_of(name, state, names) {
                if !branches.contains(&branch) {
                    branches.push(branch);
                }
            }
        });
        let mut missed: Vec<&str> = names
            .steps_in_order()
            .filter(|(state, _)| !self.states.contains(*state))
            .map(|(_, name)| name)
            .collect();
        missed.dedup();
        Coverage {
            steps: names.steps_in_order().count(),
            steps_missed: missed.into_iter().map(str::to_owned).collect(),
            branches_missed: branches
                .iter()
                .filter(|branch| !self.branches.contains(branch))
                .map(|branch| describe(branch, names))
                .collect(),
            branches: branches.len(),
        }
    }
}

/// The ways out of a Choice, and the errors that a step's own policy catches. What every action has, such as the parking of
/// a spent budget, is the compiler's and not the file's.
fn branches_of(name: &str, state: &Value, names: &Names) -> Vec<Branch> {
    let branch = |next: &str, caught| Branch { state: name.to_owned(), next: next.to_owned(), caught };
    let mut branches = Vec::new();
    // The end of an undo is decided by a Choice that no file wrote.
    // Neither is an agent's next need.
    let belongs = names.is_step(name) || (state["Comment"].is_string() && !names.is_agents_choice(name));
    if state["Type"] == "Choice" && belongs {
        let rules = state["Choices"].as_array().into_iter().flatten().map(|rule| &rule["Next"]);
        let targets = rules.chain([&state["Default"]]).filter_map(Value::as_str);
        branches.extend(targets.map(|next| branch(next, false)));
    }
    if names.is_step(name) {
        for catcher in state["Catch"].as_array().into_iter().flatten() {
            if let (Some(next), false) = (catcher["Next"].as_str(), is_added(catcher)) {
                branches.push(branch(next, true));
            }
        }
    }
    branches
}

/// Whether the compiler adds a `Catch` by itself: a spent budget, a provider that takes no calls, a creation that nobody saw and reviewers without room park, and
/// what could not begin within the time of a step around it ends as a timeout.
fn is_added(catcher: &Value) -> bool {
    let parks =
        [ErrorKind::BudgetExceeded, ErrorKind::Throttled, ErrorKind::Unconfirmed, ErrorKind::AtCapacity]
            .map(ErrorKind::as_str);
    parks.iter().chain(&["States.QueryEvaluationError"]).any(|error| catcher["ErrorEquals"][0] == *error)
}

/// The step that a state begins, if the compiler notes its deadline first; otherwise the state itself.
fn begun<'s>(state: &'s str, names: &Names) -> &'s str {
    let step = state.strip_suffix("Deadline").filter(|step| names.is_step(step) && !names.is_step(state));
    step.unwrap_or(state)
}

fn describe(branch: &Branch, names: &Names) -> String {
    let (from, to) = (names.of_state(&branch.state), names.of_state(begun(&branch.next, names)));
    match branch.caught {
        true => format!("{from} fails → {to}"),
        false => format!("{from} → {to}"),
    }
}
