//! Writes the states of one flow.

use super::assign::Assigned;
use super::deadline::Deadline;
use super::frame::Frame;
use crate::catalog::Catalog;
use crate::check::evaluated;
use crate::paths::touches;
use crate::plan::{Block, Flow, Group, Plan, Planned, PlannedKind, Readers};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The state in which a workflow ends when its last step may not be the last state.
const DONE: &str = "Done";

/// The data shared by the states of every scope.
pub(super) struct Document<'p> {
    pub(super) plan: &'p Plan,
    pub(super) catalog: &'p Catalog,
    /// The states of steps; the compiler's own must be called otherwise.
    pub(super) names: BTreeSet<&'p str>,
}

/// Writes the states of one flow: the workflow's own, a branch's, or an iteration's.
pub(super) struct Compiler<'p> {
    pub(super) document: &'p Document<'p>,
    pub(super) flow: &'p Flow,
    pub(super) frame: Frame,
    /// The current deadline.
    pub(super) deadline: Option<Deadline>,
    /// The states for late arrivals.
    pub(super) timed_out: BTreeMap<String, Deadline>,
    /// The variable paths that are assigned by now, no matter what was skipped.
    pub(super) assigned: Assigned,
    pub(super) states: Map<String, Value>,
    /// The state in which the flow ends if no step's own state can, and whether anything leads there.
    pub(super) done: String,
    pub(super) needs_done: bool,
    /// The state that takes effects back, or has the scope around do it, and whether something goes there.
    pub(super) rollback: String,
    pub(super) needs_rollback: bool,
    /// Whether another state of the flow has the scope around do it.
    pub(super) asks_for_rollback: bool,
}

/// Where a state goes.
#[derive(Clone)]
pub(super) enum Next {
    State(String),
    End,
}

impl<'p> Compiler<'p> {
    pub(super) fn new(
        document: &'p Document<'p>,
        flow: &'p Flow,
        frame: Frame,
        deadline: Option<Deadline>,
    ) -> Self {
        let mut compiler = Self {
            document,
            flow,
            frame,
            deadline,
            timed_out: BTreeMap::new(),
            assigned: Assigned::default(),
            states: Map::new(),
            done: DONE.to_owned(),
            needs_done: false,
            rollback: "Rollback".to_owned(),
            needs_rollback: false,
            asks_for_rollback: false,
        };
        if !compiler.is_outermost() {
            let first = flow.block.steps().next().map(|step| step.state.as_str()).unwrap_or_default();
            compiler.done = compiler.free_name(&format!("{first}Done"));
            compiler.rollback = compiler.free_name(&format!("{first}Rollback"));
        }
        compiler
    }

    /// Whether it is the workflow's own flow and not that of a branch or an iteration.
    pub(super) fn is_outermost(&self) -> bool {
        matches!(self.flow.readers, Readers::Starter)
    }

    /// Every state of the flow.
    pub(super) fn whole_flow(&mut self) {
        let flow = self.flow;
        self.block(&flow.block, &Next::End);
        if self.needs_done {
            let output = self.given(&flow.outputs);
            self.states.insert(self.done.clone(), json!({"Type": "Succeed", "Output": output}));
        }
        self.time_outs();
        if self.needs_rollback {
            self.rollback();
        }
    }

    pub(super) fn block(&mut self, block: &'p Block, after: &Next) {
        for (place, group) in block.groups.iter().enumerate() {
            let after = match block.groups.get(place + 1) {
                Some(next) => Next::State(self.entry_of(next)),
                None => after.clone(),
            };
            if group.condition.is_some() {
                let skipped = self.state_of(&after);
                self.choice(group, skipped);
            }
            let before = group.condition.as_ref().map(|_| self.assigned.clone());
            for (index, step) in group.steps.iter().enumerate() {
                let next = match group.steps.get(index + 1) {
                    Some(next) => Next::State(self.entry_of_step(next)),
                    None if group.condition.is_some() => Next::State(self.state_of(&after)),
                    None => after.clone(),
                };
                self.step(step, &next);
                self.assigned.extend(self.needed(step).map(|(path, _)| path.clone()));
            }
            if let Some(before) = before {
                self.assigned = self.assigned.union(&before);
            }
        }
    }

    /// The name of the state that comes next, for states that cannot end a flow themselves.
    pub(super) fn state_of(&mut self, next: &Next) -> String {
        match next {
            Next::State(name) => name.clone(),
            Next::End => {
                self.needs_done = true;
                self.done.clone()
            }
        }
    }

    /// The state that a block starts with.
    pub(super) fn entry(&self, block: &Block) -> String {
        block.groups.first().map_or_else(|| self.done.clone(), |group| self.entry_of(group))
    }

    pub(super) fn entry_of(&self, group: &Group) -> String {
        let Some(first) = group.steps.first() else { return self.done.clone() };
        match &group.condition {
            Some(_) => self.free_name(&format!("{}When", first.state)),
            None => self.entry_of_step(first),
        }
    }

    pub(super) fn entry_of_step(&self, step: &Planned) -> String {
        match &step.time_limit {
            Some(_) => self.limited_entry(step),
            None => self.first_state(step),
        }
    }

    /// The state in which a step's own work begins.
    pub(super) fn first_state(&self, step: &Planned) -> String {
        match &step.kind {
            PlannedKind::Loop(repeated) => self.entry(&repeated.body),
            _ => step.state.clone(),
        }
    }

    /// A name that no step's state has.
    pub(super) fn free_name(&self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while self.document.names.contains(name.as_str()) {
            name.push('_');
        }
        name
    }

    pub(super) fn choice(&mut self, group: &Group, after: String) {
        let (Some(condition), Some(first)) = (&group.condition, group.steps.first()) else { return };
        let skipped: Vec<&str> = group.steps.iter().map(|step| step.step.as_str()).collect();
        let mut state = json!({
            "Type": "Choice",
            "Comment": format!("Skips {} when the condition does not hold", skipped.join(", ")),
            // The choice gets true or false, whatever the condition returns.
            "Choices": [{"Condition": evaluated(&format!("{condition} and true")), "Next": self.entry_of_step(first)}],
            "Default": after,
        });
        let paths = group.steps.iter().flat_map(Planned::paths).map(|(_, path)| path);
        if let Some(assignment) = self.absent(paths) {
            state["Assign"] = assignment;
        }
        self.states.insert(self.entry_of(group), state);
    }

    /// Assigns `null` to variables that are read but not assigned on this path.
    pub(super) fn absent(&self, paths: impl IntoIterator<Item = Vec<String>>) -> Option<Value> {
        let mut absent: Vec<(Vec<String>, String)> = Vec::new();
        for path in paths {
            if self.is_read(&path)
                && !self.assigned.contains(&path)
                && !absent.iter().any(|(known, _)| *known == path)
            {
                absent.push((path, "null".to_owned()));
            }
        }
        let entries = || absent.iter().map(|(path, text)| (path, text));
        (!absent.is_empty()).then(|| self.assigned.assignment(entries()))
    }

    pub(super) fn step(&mut self, step: &'p Planned, next: &Next) {
        match &step.kind {
            PlannedKind::Task(task) => self.task(step, task, next),
            PlannedKind::Agent(agent) => self.agent(step, agent, next),
            PlannedKind::Parallel { branches, retry } => self.parallel(step, branches, retry.as_ref(), next),
            PlannedKind::Foreach(foreach) => self.foreach(step, foreach, next),
            PlannedKind::Loop(repeated) => self.repeat(step, repeated, next),
            PlannedKind::Switch(switch) => self.switch(step, switch, next),
            PlannedKind::Approval(approval) => self.approval(step, approval, next),
            PlannedKind::Pause(pause) => self.pause(step, pause, next),
            PlannedKind::Event(event) => self.event(step, event, next),
            PlannedKind::Workflow(sub) => self.sub_workflow(step, sub, next),
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
            PlannedKind::Fail { error, cause } => self.fail(step, error, cause),
        }
    }

    /// How a state ends: it continues, or it ends the flow with its output.
    pub(super) fn go(&self, state: &mut Map<String, Value>, next: &Next) {
        match next {
            Next::State(name) => {
                state.insert("Next".to_owned(), name.as_str().into());
            }
            Next::End => {
                state.insert("Output".to_owned(), self.given(&self.flow.last_outputs));
                state.insert("End".to_owned(), true.into());
            }
        }
    }

    /// The same for a state whose result is in variables: it need not travel on as the next state's input.
    pub(super) fn go_without_result(&self, state: &mut Map<String, Value>, next: &Next) {
        if let Next::State(_) = next {
            state.insert("Output".to_owned(), self.frame.passed_on());
        }
        self.go(state, next);
    }

    /// The output of a flow, without the fields that nobody reads.
    pub(super) fn given(&self, outputs: &Value) -> Value {
        let result_reads = &self.document.plan.result_reads;
        let is_read = |paths: &[Vec<String>]| {
            paths.iter().any(|path| self.is_read(path) || touches(result_reads, path))
        };
        match (&self.flow.readers, outputs) {
            (Readers::Starter, _) => outputs.clone(),
            (Readers::Fields(readers), Value::Object(fields)) => fields
                .iter()
                .filter(|(name, _)| readers.get(*name).is_some_and(|paths| is_read(paths)))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect::<Map<_, _>>()
                .into(),
            (Readers::Whole(paths), _) if is_read(paths) => outputs.clone(),
            _ => json!({}),
        }
    }

    /// The `Assign` of a state that succeeded.
    pub(super) fn assignment(&self, step: &'p Planned) -> Option<Value> {
        let mut needed: Vec<(Vec<String>, String)> = self.needed(step).cloned().collect();
        needed.extend(self.error_variable(step).map(|path| (path, "null".to_owned())));
        let entries = || needed.iter().map(|(path, text)| (path, text));
        (!needed.is_empty()).then(|| self.assigned.assignment(entries()))
    }

    /// The variables that a step sets and something reads.
    pub(super) fn needed(
        &self,
        step: &'p Planned,
    ) -> impl Iterator<Item = &'p (Vec<String>, String)> + use<'p> {
        let reads = &self.document.plan.reads;
        step.sets.iter().filter(move |(path, _)| touches(reads, path))
    }

    pub(super) fn is_read(&self, path: &[String]) -> bool {
        touches(&self.document.plan.reads, path)
    }
}
