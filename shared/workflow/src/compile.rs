//! From a checked plan to an Amazon States Language document in JSONata:
//! <https://states-language.net/> and <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.

mod assign;
mod inputs;
mod retry;
mod rollback;
mod task;

use crate::catalog::Catalog;
use crate::check::{comment, evaluated};
use crate::model::{OnError, Workflow};
use crate::plan::{Group, Plan, Planned, PlannedKind};
use crate::scope::Input;
use assign::Assigned;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The state in which a workflow ends when its last step may not be the last state.
const DONE: &str = "Done";

/// The definition of one workflow. The same plan gives the same document, byte for byte.
pub(crate) fn definition(
    workflow: &Workflow,
    inputs: &BTreeMap<String, Input>,
    plan: &Plan,
    catalog: &Catalog,
) -> Value {
    let names: BTreeSet<&str> =
        plan.groups.iter().flat_map(|group| &group.steps).map(|step| step.state.as_str()).collect();
    let mut compiler = Compiler { plan, catalog, names, assigned: Assigned::default(), states: Map::new() };
    let assertions = inputs::assertions(inputs);
    let starts_with_task = plan.groups.first().is_some_and(|group| {
        let first = group.steps.first().map(|step| &step.kind);
        group.condition.is_none() && matches!(first, Some(PlannedKind::Task(_) | PlannedKind::Undo { .. }))
    });
    let mut start = compiler.entry(0);
    if !assertions.is_empty() && !starts_with_task {
        let check = format!("({}; $states.input)", assertions.join("; "));
        compiler.states.insert(
            "CheckInputs".to_owned(),
            json!({"Type": "Pass", "Output": evaluated(&check), "Next": start}),
        );
        start = "CheckInputs".to_owned();
    }
    compiler.groups();
    let mut states = compiler.states;
    if starts_with_task && !assertions.is_empty() {
        task::check_first(&mut states, &start, &assertions);
    }
    json!({
        "Comment": comment(workflow.description.as_deref().unwrap_or(&workflow.title)),
        "QueryLanguage": "JSONata",
        "StartAt": start,
        "States": states,
    })
}

struct Compiler<'p> {
    plan: &'p Plan,
    catalog: &'p Catalog,
    names: BTreeSet<&'p str>,
    /// The variable paths that are assigned by now, whatever was skipped.
    assigned: Assigned,
    states: Map<String, Value>,
}

/// Where a state goes.
#[derive(Clone)]
enum Next {
    State(String),
    End,
}

impl<'p> Compiler<'p> {
    fn groups(&mut self) {
        let plan = self.plan;
        for (place, group) in plan.groups.iter().enumerate() {
            let last_group = place + 1 == plan.groups.len();
            let after = if last_group { None } else { Some(self.entry(place + 1)) };
            if group.condition.is_some() {
                self.choice(place, group, after.clone().unwrap_or_else(|| DONE.to_owned()));
            }
            let before = self.assigned.clone();
            for (index, step) in group.steps.iter().enumerate() {
                let next = match (group.steps.get(index + 1), &after) {
                    (Some(next), _) => Next::State(next.state.clone()),
                    (None, Some(after)) => Next::State(after.clone()),
                    (None, None) if group.condition.is_some() => Next::State(DONE.to_owned()),
                    (None, None) => Next::End,
                };
                self.step(step, &next);
                self.assigned.extend(self.needed(step).map(|(path, _)| path.clone()));
            }
            if group.condition.is_some() {
                self.assigned = self.assigned.union(&before);
            }
        }
        let last = plan.groups.last();
        let last_step = last.and_then(|group| group.steps.last());
        let tolerated = last_step.is_some_and(|step| step.on_error == OnError::Continue);
        if tolerated || last.is_some_and(|group| group.condition.is_some()) {
            self.states.insert(DONE.to_owned(), json!({"Type": "Succeed", "Output": plan.outputs}));
        }
        if plan.groups.iter().flat_map(|group| &group.steps).any(|step| step.on_error == OnError::Rollback) {
            self.rollback();
        }
    }

    /// The state that a group starts with.
    fn entry(&self, place: usize) -> String {
        let Some(group) = self.plan.groups.get(place) else { return DONE.to_owned() };
        let first = group.steps.first().map(|step| step.state.as_str()).unwrap_or(DONE);
        match &group.condition {
            Some(_) => self.free_name(&format!("{first}When")),
            None => first.to_owned(),
        }
    }

    /// A name that no step's state has.
    fn free_name(&self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while self.names.contains(name.as_str()) {
            name.push('_');
        }
        name
    }

    fn choice(&mut self, place: usize, group: &Group, after: String) {
        let (Some(condition), Some(first)) = (&group.condition, group.steps.first()) else { return };
        let skipped: Vec<&str> = group.steps.iter().map(|step| step.step.as_str()).collect();
        let mut state = json!({
            "Type": "Choice",
            "Comment": format!("Skips {} when the condition does not hold", skipped.join(", ")),
            // Whatever the condition gives, the choice gets true or false.
            "Choices": [{"Condition": evaluated(&format!("{condition} and true")), "Next": first.state}],
            "Default": after,
        });
        let mut absent: Vec<(Vec<String>, String)> = Vec::new();
        for step in &group.steps {
            let error = step.error_variable.iter().map(|name| vec![name.clone()]);
            for path in self.needed(step).map(|(path, _)| path.clone()).chain(error) {
                if self.is_read(&path)
                    && !self.assigned.contains(&path)
                    && !absent.iter().any(|(known, _)| *known == path)
                {
                    absent.push((path, "null".to_owned()));
                }
            }
        }
        if !absent.is_empty() {
            state["Assign"] = self.assigned.assignment(absent.iter().map(|(path, text)| (path, text)));
        }
        self.states.insert(self.entry(place), state);
    }

    fn step(&mut self, step: &'p Planned, next: &Next) {
        match &step.kind {
            PlannedKind::Task(task) => self.task(step, task, next),
            PlannedKind::Undo { run } => self.undo(step, run, next),
            PlannedKind::Set => {
                let mut state = Map::new();
                state.insert("Type".to_owned(), "Pass".into());
                state.insert("Comment".to_owned(), step.comment.as_str().into());
                let needed: Vec<_> = self.needed(step).collect();
                if !needed.is_empty() {
                    state.insert(
                        "Assign".to_owned(),
                        self.assigned.assignment(needed.into_iter().map(|(path, text)| (path, text))),
                    );
                }
                self.go(&mut state, next);
                self.states.insert(step.state.clone(), Value::Object(state));
            }
            PlannedKind::Fail { error, cause } => {
                let state = json!({"Type": "Fail", "Comment": step.comment, "Error": error, "Cause": cause});
                self.states.insert(step.state.clone(), state);
            }
        }
    }

    /// How a state ends: it goes on, or it ends the execution with the workflow's outputs.
    fn go(&self, state: &mut Map<String, Value>, next: &Next) {
        match next {
            Next::State(name) => {
                state.insert("Next".to_owned(), name.as_str().into());
            }
            Next::End => {
                state.insert("Output".to_owned(), self.plan.last_outputs.clone());
                state.insert("End".to_owned(), true.into());
            }
        }
    }

    /// What a step sets and something reads.
    fn needed(&self, step: &'p Planned) -> impl Iterator<Item = &'p (Vec<String>, String)> + use<'p> {
        let reads = &self.plan.reads;
        step.sets.iter().filter(move |(path, _)| is_read(reads, path))
    }

    fn is_read(&self, path: &[String]) -> bool {
        is_read(&self.plan.reads, path)
    }
}

fn is_read(reads: &BTreeSet<Vec<String>>, path: &[String]) -> bool {
    reads.iter().any(|read| read.starts_with(path) || path.starts_with(read))
}
