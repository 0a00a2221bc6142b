//! Goes through the steps in order, checks each where it stands, and plans the states it becomes.

mod calls;

use crate::check::Checker;
use crate::model::{Given, OnError, Retry, Step, StepKind, Workflow, pascal};
use crate::names;
use crate::types::{Absence, Kind, Type};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A checked workflow: everything a definition needs, still free of Step Functions' own form.
pub(crate) struct Plan {
    pub(crate) groups: Vec<Group>,
    /// What the execution returns, read from variables.
    pub(crate) outputs: Value,
    /// The same, read in the last step's own state.
    pub(crate) last_outputs: Value,
    /// Every variable path that something reads.
    pub(crate) reads: BTreeSet<Vec<String>>,
    /// Actions whose effects `undo` or a rollback may have to take back.
    pub(crate) inverses: BTreeSet<String>,
}

/// Neighbours that run under one condition.
pub(crate) struct Group {
    pub(crate) condition: Option<String>,
    pub(crate) steps: Vec<Planned>,
}

/// One step's state.
pub(crate) struct Planned {
    pub(crate) step: String,
    pub(crate) state: String,
    pub(crate) comment: String,
    pub(crate) kind: PlannedKind,
    /// The variable paths it sets, and the expressions of their values.
    pub(crate) sets: Vec<(Vec<String>, String)>,
    pub(crate) on_error: OnError,
    /// The variable that says how it failed, when it may fail and the workflow continues.
    pub(crate) error_variable: Option<String>,
}

pub(crate) enum PlannedKind {
    Task(Task),
    Set,
    Fail { error: Value, cause: Value },
    Undo { run: String },
}

pub(crate) struct Task {
    /// The action's own name.
    pub(crate) action: String,
    pub(crate) input: Value,
    pub(crate) timeout_seconds: u64,
    pub(crate) retry: Option<Retry>,
    /// Whether it calls a model, and so may have to wait for a limit to be raised.
    pub(crate) parks: bool,
    pub(crate) required: bool,
    /// The step's own inverse, with `{"$output": "path"}` where the action's output goes.
    pub(crate) inverse: Option<Value>,
}

/// Checks every step and the outputs.
pub(crate) fn plan(workflow: &Workflow, steps: &[Step], checker: &mut Checker<'_, '_>) -> Plan {
    unique_names(steps, checker);
    let mut walk = Walk {
        checker,
        groups: Vec::new(),
        before: BTreeMap::new(),
        condition_reads: BTreeSet::new(),
        inverses: BTreeSet::new(),
    };
    let mut ended: Option<&Step> = None;
    for step in steps {
        if let Some(end) = ended {
            walk.checker.problems.error(
                step.name.span,
                format!(
                    "`{}` never runs: `{}` always ends the workflow before it",
                    step.name.value, end.name.value
                ),
            );
        }
        walk.step(step);
        if matches!(step.kind, StepKind::Fail { .. }) && step.when.is_none() {
            ended = Some(step);
        }
    }
    walk.finish(workflow)
}

fn unique_names(steps: &[Step], checker: &mut Checker<'_, '_>) {
    let mut seen: BTreeMap<String, &Step> = BTreeMap::new();
    for step in steps {
        if let Some(earlier) = seen.insert(step.state(), step) {
            let span = if step.implicit { earlier.name.span } else { step.name.span };
            checker
                .problems
                .error(span, format!("two steps become the state `{}`", step.state()))
                .help(format!("the other stands in line {}; every step needs its own name", earlier.line));
        }
    }
}

struct Walk<'p, 'c, 's> {
    checker: &'p mut Checker<'c, 's>,
    groups: Vec<Group>,
    /// What was set before the present group.
    before: BTreeMap<String, Type>,
    /// What the present group's condition reads.
    condition_reads: BTreeSet<Vec<String>>,
    inverses: BTreeSet<String>,
}

impl Walk<'_, '_, '_> {
    fn step(&mut self, step: &Step) {
        self.enter_group(step);
        self.retry_fits(step);
        let (kind, sets) = match &step.kind {
            StepKind::Call(call) => self.call(step, call),
            StepKind::Set(variables) => (Some(PlannedKind::Set), self.set(variables)),
            StepKind::Fail { error, cause } => {
                let text = Type::text();
                let error = self.checker.fit(error, &text, true, "`error`");
                let cause = self.checker.fit(cause, &text, true, "`cause`");
                (Some(PlannedKind::Fail { error, cause }), Vec::new())
            }
            StepKind::Undo { run } => {
                self.inverses
                    .extend(self.checker.catalog.all().flat_map(|action| action.inverses.iter().cloned()));
                let lowered = self.checker.text_of(run);
                if !lowered.kind.fits(&Type::text()) {
                    self.checker.problems.error(
                        run.span,
                        format!("`run` takes the ARN of an execution, but this is {}", lowered.kind),
                    );
                }
                (Some(PlannedKind::Undo { run: lowered.text }), Vec::new())
            }
            _ => {
                let message = format!("steps of type `{}` are not compiled yet", step.type_name());
                self.checker.problems.error(step.name.span, message);
                (None, Vec::new())
            }
        };
        let continues = step.on_error == OnError::Continue;
        for (path, _, kind) in &sets {
            let mut kind = kind.clone();
            if continues {
                kind.absence = Some(Arc::new(Absence { step: step.name.value.clone(), condition: None }));
            }
            self.assign(path, kind);
        }
        let error_variable = continues.then(|| format!("{}_error", step.name.value));
        if let Some(name) = &error_variable {
            let fields = ["error", "cause"].map(|field| (field.to_owned(), Type::text()));
            self.assign(std::slice::from_ref(name), Type::object(fields).nullable());
        }
        if let (Some(kind), Some(group)) = (kind, self.groups.last_mut()) {
            group.steps.push(Planned {
                step: step.name.value.clone(),
                state: step.state(),
                comment: comment(step, self.checker),
                kind,
                sets: sets.into_iter().map(|(path, text, _)| (path, text)).collect(),
                on_error: step.on_error,
                error_variable,
            });
        }
    }

    /// Opens the group the step belongs to: the present one if it has the same condition and has not changed what that reads.
    fn enter_group(&mut self, step: &Step) {
        let inside = self.checker.scope.variables.clone();
        self.leave_group();
        let outer_reads = std::mem::take(&mut self.checker.scope.reads);
        let condition = step.when.as_ref().map(|given| self.condition(given));
        let reads = std::mem::replace(&mut self.checker.scope.reads, outer_reads);
        self.checker.scope.reads.extend(reads.iter().cloned());
        let joins = self.groups.last().is_some_and(|group| {
            let sets = group.steps.iter().flat_map(|planned| &planned.sets);
            group.condition == condition
                && !sets.clone().any(|(path, _)| self.condition_reads.iter().any(|read| read[0] == path[0]))
        });
        if joins {
            self.checker.scope.variables = inside;
        } else {
            self.before = self.checker.scope.variables.clone();
            self.condition_reads = reads;
            self.groups.push(Group { condition: condition.clone(), steps: Vec::new() });
        }
        self.checker.scope.guard = condition;
        self.checker.scope.changed();
    }

    /// Behind a conditional group, what only it sets may be absent.
    fn leave_group(&mut self) {
        let Some(Group { condition: Some(condition), steps }) = self.groups.last() else { return };
        let mut variables = self.checker.scope.variables.clone();
        for planned in steps {
            let error_variable = planned.error_variable.iter().map(|name| vec![name.clone()]);
            for path in planned.sets.iter().map(|(path, _)| path.clone()).chain(error_variable) {
                if let Some(kind) = type_at(&mut variables, &path) {
                    match type_in(&self.before, &path) {
                        Some(before) => *kind = before.or(kind.clone()),
                        None => {
                            let step = planned.step.clone();
                            kind.absence =
                                Some(Arc::new(Absence { step, condition: Some(condition.clone()) }));
                        }
                    }
                }
            }
        }
        self.checker.scope.variables = variables;
        self.checker.scope.guard = None;
        self.checker.scope.changed();
    }

    /// A condition as JSONata; what is neither true nor false is decided by JSONata's own rules.
    fn condition(&mut self, given: &Given) -> String {
        let lowered = self.checker.text_of(given);
        let is_condition = given.whole_expression().is_some()
            || matches!(given.form, crate::model::Form::Literal(Value::Bool(_)));
        if !is_condition {
            self.checker.problems.error(given.span, "a condition is one expression: `${ … }`");
        } else if matches!(lowered.kind.kind, Kind::Text(_) | Kind::Stored(_)) {
            self.checker
                .problems
                .warning(given.span, format!("this condition is {}, not true or false", lowered.kind))
                .help("compare it: `x = 'y'`, or `x != null`");
        }
        lowered.enclosed()
    }

    fn retry_fits(&mut self, step: &Step) {
        let takes_policy = matches!(step.kind, StepKind::Call(_));
        if !takes_policy && step.retry.is_some() {
            self.checker.problems.error(step.name.span, "only a step that calls an action can be retried");
        }
    }

    /// `type: set`.
    fn set(
        &mut self,
        variables: &[(crate::source::Spanned<String>, Given)],
    ) -> Vec<(Vec<String>, String, Type)> {
        let mut sets = Vec::new();
        for (name, given) in variables {
            let path: Vec<String> = name.value.split('.').map(str::to_owned).collect();
            if let Err(refusal) = names::variable_path(&path) {
                self.checker.problems.error(name.span, refusal);
                continue;
            }
            let lowered = self.checker.text_of(given);
            let text = if lowered.partial { lowered.or_else("null") } else { lowered.enclosed() };
            let kind = match lowered.kind.kind {
                Kind::Text(_) => Type { kind: Kind::Text(Vec::new()), ..lowered.kind },
                _ => lowered.kind,
            };
            sets.push((path, text, kind));
        }
        sets
    }

    /// A variable path has this type from here on.
    fn assign(&mut self, path: &[String], kind: Type) {
        // A condition that reads the variable may mean something else now: nothing is known to be present by it any more.
        let root = &path[0];
        for variable in self.checker.scope.variables.values_mut() {
            forget_conditions_reading(variable, root);
        }
        let variables = &mut self.checker.scope.variables;
        let known = variables.remove(root);
        variables.insert(root.clone(), with_field(known, &path[1..], kind));
        self.checker.scope.changed();
    }

    fn finish(mut self, workflow: &Workflow) -> Plan {
        let inside = self.checker.scope.variables.clone();
        self.leave_group();
        let conditional = self.groups.last().is_some_and(|group| group.condition.is_some());
        let last = self.groups.last().and_then(|group| group.steps.last());
        let tolerated = last.is_some_and(|planned| planned.on_error == OnError::Continue);
        let result: BTreeMap<Vec<String>, String> =
            last.map(|planned| planned.sets.iter().cloned().collect()).unwrap_or_default();
        let mut outputs = Value::Object(Map::new());
        if conditional || tolerated {
            outputs = self.outputs(workflow);
        }
        let mut last_outputs = outputs.clone();
        if !conditional {
            self.checker.scope.variables = inside;
            self.checker.scope.result = result;
            self.checker.scope.changed();
            last_outputs = self.outputs(workflow);
        }
        Plan {
            groups: self.groups,
            outputs,
            last_outputs,
            reads: self.checker.scope.reads.clone(),
            inverses: self.inverses,
        }
    }

    fn outputs(&mut self, workflow: &Workflow) -> Value {
        let mut fields = Map::new();
        for (name, given) in &workflow.outputs {
            fields.insert(name.value.clone(), self.checker.value(given).0);
        }
        Value::Object(fields)
    }
}

/// A type with one field, however deep, set.
fn with_field(known: Option<Type>, path: &[String], kind: Type) -> Type {
    let Some((field, rest)) = path.split_first() else { return kind };
    let mut object = match known.as_ref().map(|known| &known.kind) {
        Some(Kind::Object(object)) => (**object).clone(),
        _ => Default::default(),
    };
    let inner = object.fields.remove(field).map(|field| field.kind);
    let kind = with_field(inner, rest, kind);
    object.fields.insert(field.clone(), crate::types::Field { kind, required: true, aliases: Vec::new() });
    Type::new(Kind::Object(Arc::new(object)))
}

fn type_at<'t>(variables: &'t mut BTreeMap<String, Type>, path: &[String]) -> Option<&'t mut Type> {
    let mut kind = variables.get_mut(&path[0])?;
    for field in &path[1..] {
        let Kind::Object(object) = &mut kind.kind else { return None };
        kind = &mut Arc::make_mut(object).fields.get_mut(field)?.kind;
    }
    Some(kind)
}

fn type_in(variables: &BTreeMap<String, Type>, path: &[String]) -> Option<Type> {
    let mut kind = variables.get(&path[0])?.clone();
    for field in &path[1..] {
        let Kind::Object(object) = &kind.kind else { return None };
        kind = object.fields.get(field)?.kind.clone();
    }
    Some(kind)
}

fn forget_conditions_reading(kind: &mut Type, root: &str) {
    if let Some(absence) = &mut kind.absence
        && let Some(condition) = &absence.condition
        && condition.contains(&format!("${root}"))
    {
        Arc::make_mut(absence).condition = Some(String::new());
    }
    if let Kind::Object(object) = &mut kind.kind
        && object.fields.values().any(|field| field.kind.may_be_null())
    {
        for field in Arc::make_mut(object).fields.values_mut() {
            forget_conditions_reading(&mut field.kind, root);
        }
    }
}

fn comment(step: &Step, checker: &Checker<'_, '_>) -> String {
    let place = format!("{}:{}", checker.file, step.line);
    match &step.description {
        Some(description) => crate::check::comment(&format!("{} ({place})", description.trim())),
        None => place,
    }
}

/// The expression of an output field in the state whose result holds it.
fn result_field(field: &str) -> String {
    format!("$states.result.Payload.{}", crate::scope::quoted(field))
}

/// A placeholder for a function's ARN, by its action: `create_branch` gives `${CreateBranchFunctionArn}`.
pub(crate) fn function_placeholder(action: &str) -> String {
    format!("${{{}FunctionArn}}", pascal(action))
}
