//! The path through the steps, and the names defined at each of them.

use super::planned::{Block, Flow, Group, Planned, PlannedKind, Readers, TimeLimit};
use super::variables::{Variables, type_at, type_in};
use crate::callees::Callees;
use crate::check::Checker;
use crate::model::{Form, Given, OnError, Step, StepKind, Workflow};
use crate::paths::touches;
use crate::types::{Absence, Kind, Type};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Variable paths, the expressions of their values, and their types.
pub(super) type Sets = Vec<(Vec<String>, String, Type)>;

pub(super) struct Walk<'p, 'c, 's> {
    pub(super) checker: &'p mut Checker<'c, 's>,
    pub(super) callees: &'p Callees,
    pub(super) inverses: BTreeSet<String>,
    /// What inner flows give, in the order of leaving them: the inner ones first.
    exports: Vec<Export>,
    /// Whether this is a look ahead, whose findings will be forgotten.
    pub(super) looks_ahead: bool,
    /// How many steps around the present one limit its time.
    pub(super) limits: usize,
    /// The step whose whole result is wanted, and the variable for it.
    pub(super) wanted: Option<(String, String)>,
}

/// Variables that an inner flow reads only for its output: they count as read if one of the outer paths that receive them is.
struct Export {
    to: Vec<Vec<String>>,
    reads: BTreeSet<Vec<String>>,
    result_reads: BTreeSet<Vec<String>>,
}

/// What became of one step.
pub(super) struct Made {
    /// `None` if a mistake leaves nothing to plan.
    pub(super) kind: Option<PlannedKind>,
    pub(super) sets: Sets,
    /// Whether nothing after it is ever reached.
    pub(super) ends: bool,
    /// The expression and type of all that it gives.
    pub(super) whole: Option<(String, Type)>,
}

impl Made {
    pub(super) fn new(kind: Option<PlannedKind>, sets: Sets) -> Self {
        Self { kind, sets, ends: false, whole: None }
    }

    pub(super) fn giving(mut self, text: &str, kind: Type) -> Self {
        self.whole = Some((text.to_owned(), kind));
        self
    }
}

/// A block while its steps are gone through.
struct Open {
    block: Block,
    /// The variables set before the current group.
    before: Variables,
    /// The variables that the current group's condition reads.
    condition_reads: BTreeSet<Vec<String>>,
    /// How many conditions hold around the block.
    guards: usize,
    /// The step of the current group after which none of the group is reached.
    group_ended: Option<String>,
}

impl<'p, 'c, 's> Walk<'p, 'c, 's> {
    pub(super) fn new(checker: &'p mut Checker<'c, 's>, callees: &'p Callees) -> Self {
        Self {
            checker,
            callees,
            inverses: callees.inverses.clone(),
            exports: Vec::new(),
            looks_ahead: false,
            limits: 0,
            wanted: None,
        }
    }

    /// Every variable path that something reads, those that are read in results alone, and the actions that take effects
    /// back.
    pub(super) fn finish(self) -> (BTreeSet<Vec<String>>, BTreeSet<Vec<String>>, BTreeSet<String>) {
        let mut reads = self.checker.scope.reads.clone();
        let mut result_reads = self.checker.scope.result_reads.clone();
        for export in self.exports.into_iter().rev() {
            let is_read = |path: &Vec<String>| touches(&reads, path) || touches(&result_reads, path);
            if export.to.iter().any(is_read) {
                reads.extend(export.reads);
                result_reads.extend(export.result_reads);
            }
        }
        (reads, result_reads, self.inverses)
    }

    /// Steps that share the scope around them.
    pub(super) fn block(&mut self, steps: &[Step]) -> Block {
        let mut open = self.open(steps);
        self.leave_group(&mut open);
        self.checker.scope.guards.truncate(open.guards);
        open.block
    }

    /// Steps in a scope of their own. `give` writes down what they give: it is asked where that is in variables, and
    /// where it is in the last state's result.
    pub(super) fn flow(
        &mut self,
        steps: &[Step],
        readers: Readers,
        give: &mut dyn FnMut(&mut Self) -> Value,
    ) -> Flow {
        let mut open = self.open(steps);
        let inside = self.checker.scope.variables.clone();
        self.leave_group(&mut open);
        self.checker.scope.guards.truncate(open.guards);
        let block = open.block;
        let last = block.groups.last().and_then(|group| group.steps.last());
        let from_variables_only = block.groups.last().is_some_and(|group| group.condition.is_some())
            || last.is_some_and(Planned::is_choice);
        let result: BTreeMap<Vec<String>, String> =
            last.map(|planned| planned.sets.iter().cloned().collect()).unwrap_or_default();
        let mut outputs = Value::Object(Map::new());
        if from_variables_only || last.is_some_and(Planned::may_be_passed_over) {
            outputs = give(self);
        }
        let mut last_outputs = outputs.clone();
        if !from_variables_only {
            let outside = std::mem::replace(&mut self.checker.scope.variables, inside);
            self.checker.scope.result = result;
            self.checker.scope.changed();
            last_outputs = give(self);
            self.checker.scope.result = BTreeMap::new();
            self.checker.scope.variables = outside;
            self.checker.scope.changed();
        }
        Flow { block, outputs, last_outputs, readers }
    }

    /// What only the paths of `to` make worth reading.
    pub(super) fn exporting<T>(&mut self, to: Vec<Vec<String>>, give: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.checker.scope.reads);
        let outer_results = std::mem::take(&mut self.checker.scope.result_reads);
        let given = give(self);
        let reads = std::mem::replace(&mut self.checker.scope.reads, outer);
        let result_reads = std::mem::replace(&mut self.checker.scope.result_reads, outer_results);
        self.exports.push(Export { to, reads, result_reads });
        given
    }

    /// Walks through steps only to see which variables they set; nothing else is kept.
    pub(super) fn look_ahead(&mut self, steps: &[Step]) -> (Block, Variables) {
        let found = self.checker.problems.found_so_far();
        let (reads, taken) = (self.checker.scope.reads.clone(), self.checker.scope.taken.clone());
        let result_reads = self.checker.scope.result_reads.clone();
        let (variables, exports) = (self.checker.scope.variables.clone(), self.exports.len());
        self.looks_ahead = true;
        let block = self.block(steps);
        self.looks_ahead = false;
        self.checker.problems.forget(found);
        self.exports.truncate(exports);
        self.checker.scope.reads = reads;
        self.checker.scope.result_reads = result_reads;
        self.checker.scope.taken = taken;
        let after = std::mem::replace(&mut self.checker.scope.variables, variables);
        self.checker.scope.changed();
        (block, after)
    }

    fn open(&mut self, steps: &[Step]) -> Open {
        let mut open = Open {
            block: Block::default(),
            before: BTreeMap::new(),
            condition_reads: BTreeSet::new(),
            guards: self.checker.scope.guards.len(),
            group_ended: None,
        };
        let mut ended: Option<&Step> = None;
        for step in steps {
            if let Some(end) = ended {
                self.never_runs(step, &end.name.value);
            }
            if self.step(step, &mut open) {
                ended = Some(step);
            }
        }
        open.block.ends = ended.is_some();
        open
    }

    fn never_runs(&mut self, step: &Step, end: &str) {
        let message = format!("`{}` never runs: `{end}` always ends the workflow before it", step.name.value);
        self.checker.problems.error(step.name.span, message);
    }

    /// Plans one step. Returns whether nothing after it is ever reached.
    fn step(&mut self, step: &Step, open: &mut Open) -> bool {
        self.enter_group(step, open);
        self.retry_fits(step);
        let time_limit = self.time_limit(step);
        self.limits += usize::from(time_limit.is_some());
        let mut made = self.make(step);
        self.limits -= usize::from(time_limit.is_some());
        if let Some((wanted, variable)) = self.wanted.take_if(|(wanted, _)| *wanted == step.name.value)
            && let Some((text, kind)) = made.whole.take()
        {
            debug_assert_eq!(wanted, step.name.value);
            made.sets.push((vec![variable], text, kind));
        }
        let continues = step.on_error == OnError::Continue;
        for (path, _, kind) in &made.sets {
            let mut kind = kind.clone();
            if continues {
                kind.absence = Some(Arc::new(Absence { step: step.name.value.clone(), condition: None }));
            }
            self.assign(path, kind);
        }
        let error_variable =
            crate::declare::error_variable(step).map(|name| self.checker.scope.compiled(&name));
        if let Some(name) = &error_variable {
            let fields = ["error", "cause"].map(|field| (field.to_owned(), Type::text()));
            self.assign(std::slice::from_ref(name), Type::object(fields).nullable());
        }
        if let (Some(kind), Some(group)) = (made.kind, open.block.groups.last_mut()) {
            group.steps.push(Planned {
                step: step.name.value.clone(),
                state: step.state(),
                comment: comment(step, self.checker),
                kind,
                sets: made.sets.into_iter().map(|(path, text, _)| (path, text)).collect(),
                time_limit,
                on_error: step.on_error,
                error_variable,
            });
        }
        let ends = made.ends && !continues;
        if ends {
            open.group_ended = Some(step.name.value.clone());
        }
        ends && step.when.is_none()
    }

    /// The limit of a step that has several states; that of any other is part of its state.
    fn time_limit(&mut self, step: &Step) -> Option<TimeLimit> {
        let given = step.timeout_seconds.as_ref().filter(|_| step.holds_states())?;
        let variable = self.checker.scope.free_variable(&format!("{}_deadline", step.name.value));
        Some(TimeLimit { seconds: given.value, variable })
    }

    fn make(&mut self, step: &Step) -> Made {
        match &step.kind {
            StepKind::Call(call) => self.call(step, call),
            StepKind::Agent(work) => self.agent_work(step, work),
            StepKind::Parallel(parallel) => self.parallel(step, parallel),
            StepKind::Foreach(foreach) => self.foreach(step, foreach),
            StepKind::Loop(repeated) => self.repeat(step, repeated),
            StepKind::Switch(switch) => self.switch(step, switch),
            StepKind::Approval(approval) => self.approval(step, approval),
            StepKind::Wait(wait) => self.wait(step, wait),
            StepKind::Workflow(sub) => self.sub_workflow(step, sub),
            StepKind::Set(variables) => Made::new(Some(PlannedKind::Set), self.set(variables)),
            StepKind::Fail { error, cause } => self.fail(error, cause),
            StepKind::Undo { run } => self.undo(step, run),
        }
    }

    /// Opens the step's group: the current one if it has the same condition and has not changed the variables that it reads.
    fn enter_group(&mut self, step: &Step, open: &mut Open) {
        // Behind a group without condition nothing is absent, so there is nothing to come back to.
        let is_conditional = open.block.groups.last().is_some_and(|group| group.condition.is_some());
        let inside = is_conditional.then(|| self.checker.scope.variables.clone());
        self.leave_group(open);
        let outer_reads = std::mem::take(&mut self.checker.scope.reads);
        let condition = step.when.as_ref().map(|given| self.condition(given));
        let reads = std::mem::replace(&mut self.checker.scope.reads, outer_reads);
        self.checker.scope.reads.extend(reads.iter().cloned());
        let joins = open.block.groups.last().is_some_and(|group| {
            let mut set = group.steps.iter().flat_map(Planned::paths);
            let reads = &open.condition_reads;
            group.condition == condition
                && (reads.is_empty() || !set.any(|(_, path)| reads.iter().any(|read| read[0] == path[0])))
        });
        if joins {
            if let Some(inside) = inside {
                self.checker.scope.variables = inside;
            }
            if let Some(end) = open.group_ended.clone().filter(|_| step.when.is_some()) {
                self.never_runs(step, &end);
            }
        } else {
            open.group_ended = None;
            if condition.is_some() {
                open.before = self.checker.scope.variables.clone();
            }
            open.condition_reads = reads;
            open.block.groups.push(Group { condition: condition.clone(), steps: Vec::new() });
        }
        self.checker.scope.guards.extend(condition);
        self.checker.scope.changed();
    }

    /// Behind a conditional group, what only it sets may be absent.
    fn leave_group(&mut self, open: &mut Open) {
        self.checker.scope.guards.truncate(open.guards);
        self.checker.scope.changed();
        let Some(Group { condition: Some(condition), steps }) = open.block.groups.last() else { return };
        let mut variables = std::mem::take(&mut self.checker.scope.variables);
        for (step, path) in steps.iter().flat_map(Planned::paths) {
            if let Some(kind) = type_at(&mut variables, &path) {
                self.checker.scope.conditional.insert(path[0].clone());
                match type_in(&open.before, &path) {
                    Some(before) => *kind = before.or(kind.clone()),
                    None => {
                        let step = step.to_owned();
                        kind.absence = Some(Arc::new(Absence { step, condition: Some(condition.clone()) }));
                    }
                }
            }
        }
        self.checker.scope.variables = variables;
    }

    /// A condition as JSONata; JSONata's own rules decide about values that are neither true nor false.
    pub(super) fn condition(&mut self, given: &Given) -> String {
        let lowered = self.checker.text_of(given);
        let is_condition =
            given.whole_expression().is_some() || matches!(given.form, Form::Literal(Value::Bool(_)));
        if !is_condition {
            self.checker.problems.error(given.span, "a condition is one expression: `${ … }`");
        } else if matches!(lowered.kind.kind, Kind::Text(_) | Kind::Stored(_)) {
            self.checker
                .problems
                .warning(given.span, format!("this condition is {}, not true or false", lowered.kind))
                .help("compare it: `x = 'y'`, or `x != null`");
        } else if let Some(always) = crate::expression::constant(&lowered.text) {
            let how = if always { "always holds" } else { "never holds" };
            self.checker
                .problems
                .warning(given.span, format!("this condition {how}: nothing in it changes"))
                .help("leave it out, or compare something from a step or an input");
        }
        lowered.enclosed()
    }

    fn retry_fits(&mut self, step: &Step) {
        if step.retry.is_none() {
            return;
        }
        let can_retry = match &step.kind {
            StepKind::Wait(wait) => matches!(wait, crate::model::Wait::Events(_)),
            StepKind::Loop(_)
            | StepKind::Switch(_)
            | StepKind::Set(_)
            | StepKind::Fail { .. }
            | StepKind::Undo { .. } => false,
            _ => true,
        };
        if !can_retry {
            let diagnostic = self
                .checker
                .problems
                .error(step.name.span, format!("a {} step is not retried", step.step_type().name()));
            if !step.blocks().is_empty() {
                diagnostic.help("`on_error: retry` retries the whole of it; `retry` says how often");
            }
        }
    }

    pub(super) fn outputs(&mut self, workflow: &Workflow) -> (Value, BTreeMap<String, Type>) {
        let mut fields = Map::new();
        let mut kinds = BTreeMap::new();
        for (name, given) in &workflow.outputs {
            let (value, kind) = self.checker.value(given);
            fields.insert(name.value.clone(), value);
            kinds.insert(name.value.clone(), kind.seen_from_outside());
        }
        (Value::Object(fields), kinds)
    }
}

fn comment(step: &Step, checker: &Checker<'_, '_>) -> String {
    let place = format!("{}:{}", checker.file, step.line);
    match &step.description {
        Some(description) => crate::check::comment(&format!("{} ({place})", description.trim())),
        None => place,
    }
}
