//! How often steps may run, read from the file.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{Compilation, Source, content};

/// The most items of a `foreach` that names none.
const USUAL_ITEMS: u64 = 100;

/// The bounds of a workflow's loops and lists.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// For a `foreach`: how many iterations it may have.
    items: BTreeMap<String, u64>,
    /// For a step within loops: how often it runs in one entry of its scope.
    rounds: BTreeMap<String, u64>,
    /// For an agent's step: how many turns it may take.
    turns: BTreeMap<String, u64>,
    /// The workflows that it runs.
    pub(super) runs: BTreeSet<String>,
}

impl Bounds {
    /// Reads the bounds of a file that compiled; of any other, none.
    pub(super) fn of(source: &Source, compilation: &Compilation) -> Self {
        let mut bounds = Self::default();
        let agents = compilation.steps.iter().filter_map(|step| Some((step, step.agent.as_ref()?)));
        bounds.turns = agents.map(|(step, agent)| (step.name.clone(), agent.max_turns.into())).collect();
        if let Ok(file) = content(source) {
            bounds.steps(&file["steps"], 1);
        }
        bounds
    }

    /// How many iterations the `foreach` of this name has.
    pub(super) fn items(&self, step: &str) -> f64 {
        self.items.get(step).map_or(1.0, |items| *items as f64)
    }

    /// How many turns the agent of this step takes.
    pub(super) fn turns(&self, step: &str) -> f64 {
        self.turns.get(step).map_or(1.0, |turns| *turns as f64)
    }

    /// How often the step of this name runs each time its scope is entered.
    pub(super) fn rounds(&self, step: &str) -> f64 {
        self.rounds.get(step).map_or(1.0, |rounds| *rounds as f64)
    }

    fn steps(&mut self, steps: &Value, rounds: u64) {
        for step in steps.as_array().into_iter().flatten() {
            let Some(name) = step["name"].as_str() else { continue };
            self.rounds.insert(name.to_owned(), rounds);
            match step["type"].as_str() {
                Some("foreach") => {
                    let items = step["max_items"].as_u64().unwrap_or(USUAL_ITEMS);
                    self.items.insert(name.to_owned(), items);
                    // Its body is a separate scope.
                    self.steps(&step["steps"], 1);
                }
                Some("loop") => {
                    let more = step["max_iterations"].as_u64().unwrap_or(1);
                    self.steps(&step["steps"], rounds.saturating_mul(more));
                }
                Some("parallel") => {
                    for branch in step["branches"].as_object().into_iter().flatten() {
                        self.steps(branch.1, 1);
                    }
                }
                Some("switch") => {
                    for case in step["cases"].as_array().into_iter().flatten() {
                        self.steps(&case["steps"], rounds);
                    }
                    self.steps(&step["default"], rounds);
                }
                Some("workflow") => self.runs.extend(step["workflow"].as_str().map(str::to_owned)),
                _ => {}
            }
        }
    }
}
