//! The names in a workflow, found before its steps are processed: variables, short names and undeclared inputs.

mod scopes;
mod targets;

pub(crate) use scopes::assigned;
pub(crate) use targets::error_variable;

use crate::catalog::Catalog;
use crate::diagnostic::{Problems, nearest};
use crate::expression::{self, Lookup};
use crate::model::{Approval, Given, Step, StepKind, Wait, Workflow, all};
use crate::scope::{Input, Inside, Scope, Setter, claims, twice_claimed};
use crate::source::{Span, Spanned};
use crate::types::{Kind, Type};
use domain::built_in_actions::OPEN_SESSION;
use domain::routes::{InputSchema, InputType};
use std::collections::{BTreeMap, BTreeSet};
use targets::own_targets;

/// The scope before the first step.
pub(crate) fn scope<'w>(
    workflow: &'w Workflow,
    steps: &'w [Step],
    catalog: &Catalog,
    problems: &mut Problems<'_>,
) -> Scope<'w> {
    let mut scope = Scope::new(workflow);
    let mut errors = BTreeMap::new();
    setters(steps, &mut Vec::new(), &mut errors, &mut scope);
    let variables = targets(steps);
    for (_, span, message) in twice_claimed(&claims(workflow, &variables)) {
        problems.error(span, message);
    }
    for (name, schema) in workflow.inputs.iter().flatten() {
        scope.inputs.insert(name.value.clone(), Input::new(schema.clone()));
    }
    for (name, setter) in errors {
        scope.setters.entry(name).or_insert(setter);
    }
    short_names(steps, &mut scope);
    if workflow.inputs.is_none() {
        undeclared_inputs(workflow, steps, catalog, &mut scope, problems);
    }
    let named = scope.definitions.keys().chain(scope.item_names.keys()).map(|name| (*name).to_owned());
    let known = scope.setters.keys().chain(scope.inputs.keys()).chain(scope.aliases.keys()).cloned();
    scope.taken = named.chain(known).collect();
    scopes::check(steps, problems);
    scope
}

/// Every variable that a step sets, and where it is written.
fn targets(steps: &[Step]) -> Vec<(&str, Span)> {
    all(steps).into_iter().flat_map(own_targets).collect()
}

/// Which step sets what, and in which branches and iterations.
fn setters(
    steps: &[Step],
    inside: &mut Vec<Inside>,
    errors: &mut BTreeMap<String, Setter>,
    scope: &mut Scope<'_>,
) {
    for step in steps {
        let setter = Setter { step: step.name.value.clone(), inside: inside.clone() };
        for (root, _) in own_targets(step) {
            scope.setters.entry(root.to_owned()).or_insert_with(|| setter.clone());
        }
        if let Some(name) = error_variable(step) {
            errors.entry(name).or_insert(setter);
        }
        for (label, steps) in step.blocks() {
            let name = step.name.value.clone();
            let scoped = match (&step.kind, label) {
                (StepKind::Parallel(_), Some(branch)) => Some(Inside::Branch { step: name, branch }),
                (StepKind::Foreach(_), _) => Some(Inside::Iteration { step: name }),
                _ => None,
            };
            let depth = inside.len();
            inside.extend(scoped);
            setters(steps, inside, errors, scope);
            inside.truncate(depth);
        }
    }
}

/// `outputs: {task: task_data}` lets `task` stand for `task_data`, unless that name is taken or two steps could mean it.
fn short_names(steps: &[Step], scope: &mut Scope<'_>) {
    let mut meanings: BTreeMap<&str, BTreeSet<&Vec<String>>> = BTreeMap::new();
    for (field, target) in all(steps).into_iter().flat_map(|step| &step.outputs) {
        if !scope.defines(&field.value) && field.value != "context" {
            meanings.entry(&field.value).or_default().insert(&target.value);
        }
    }
    for (field, paths) in meanings {
        let mut paths = paths.into_iter();
        match (paths.next(), paths.next()) {
            (Some(path), None) => {
                scope.aliases.insert(field.to_owned(), path.clone());
            }
            (Some(one), Some(other)) => {
                let meanings =
                    [one, other].into_iter().chain(paths).map(|path| format!("`{}`", path.join(".")));
                scope.ambiguous.insert(field.to_owned(), meanings.collect());
            }
            _ => {}
        }
    }
}

/// Undefined names in used expressions become inputs, typed from where they flow.
fn undeclared_inputs(
    workflow: &Workflow,
    steps: &[Step],
    catalog: &Catalog,
    scope: &mut Scope<'_>,
    problems: &mut Problems<'_>,
) {
    let mut wanted: BTreeMap<String, Span> = BTreeMap::new();
    for (lookup, span) in used_lookups(workflow, steps) {
        if lookup.name == "context" {
            scope.context_inputs.extend(lookup.fields.first().cloned());
        } else if !scope.defines(&lookup.name) && !scope.ambiguous.contains_key(&lookup.name) {
            wanted.entry(lookup.name).or_insert(span);
        }
    }
    for (_, given) in &workflow.definitions {
        for lookup in given.expressions().into_iter().flat_map(lookups_of).map(|(lookup, _)| lookup) {
            if lookup.name == "context" {
                scope.context_inputs.extend(lookup.fields.first().cloned());
            }
        }
    }
    let defined: Vec<String> = scope
        .definitions
        .keys()
        .map(|name| (*name).to_owned())
        .chain(scope.setters.keys().cloned())
        .chain(scope.aliases.keys().cloned())
        .collect();
    let flows = flows(workflow, steps, catalog);
    for (name, span) in wanted {
        let slip = defined
            .iter()
            .filter(|defined| {
                strsim::damerau_levenshtein(&name, defined) <= 2.min(name.len().saturating_sub(1))
            })
            .map(String::as_str);
        if let Some(meant) = nearest(&name, slip) {
            problems
                .error(span, format!("nothing is called `{name}`"))
                .label(format!("did you mean `{meant}`?"))
                .help("an undefined name becomes an input, but this one is too much like a defined one; declare it under `inputs:` if it is meant");
            // The mistake is reported once; a second report that the name is unknown would not help.
            scope.inputs.insert(name, Input { schema: schema_of(&Type::any()), kind: Type::any() });
        } else if crate::names::is_function(&name) || crate::names::input(&name).is_err() {
            problems.error(span, format!("nothing is called `{name}`"));
            scope.inputs.insert(name, Input { schema: schema_of(&Type::any()), kind: Type::any() });
        } else {
            let kind = flows.get(&name).cloned().unwrap_or_else(Type::any).present().given_by_people();
            scope.inputs.insert(name, Input { schema: schema_of(&kind), kind });
        }
    }
    scope.context_inputs.retain(|name| !scope.inputs.contains_key(name));
}

/// The lookups of everything that runs, including used definitions, with their places in the file.
fn used_lookups(workflow: &Workflow, steps: &[Step]) -> Vec<(Lookup, Span)> {
    let mut open: Vec<&Given> = all(steps)
        .into_iter()
        .flat_map(values_of)
        .chain(workflow.outputs.iter().map(|(_, given)| given))
        .collect();
    let mut expanded = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(given) = open.pop() {
        for (lookup, span) in given.expressions().into_iter().flat_map(lookups_of) {
            let definition = workflow.definitions.iter().find(|(name, _)| name.value == lookup.name);
            match definition {
                Some((name, given)) => {
                    if expanded.insert(name.value.as_str()) {
                        open.push(given);
                    }
                }
                None => found.push((lookup, span)),
            }
        }
    }
    found
}

/// Every value of a step in which names are looked up. Those of `rollback:` name other things.
pub(crate) fn values_of(step: &Step) -> Vec<&Given> {
    let mut values: Vec<&Given> = step.when.iter().collect();
    match &step.kind {
        StepKind::Call(call) => values.extend(call.inputs.iter().map(|(_, given)| given)),
        StepKind::Agent(work) => {
            values.extend(work.inputs.iter().map(|(_, given)| given).chain(&work.approvers));
        }
        StepKind::Set(variables) => values.extend(variables.iter().map(|(_, given)| given)),
        StepKind::Fail { error, cause } => values.extend([error, cause]),
        StepKind::Undo { run } => values.push(run),
        StepKind::Parallel(_) => {}
        StepKind::Foreach(foreach) => values.extend(std::iter::once(&foreach.items).chain(&foreach.result)),
        StepKind::Loop(repeated) => values.push(&repeated.until),
        StepKind::Switch(switch) => values.extend(switch.cases.iter().map(|case| &case.when)),
        StepKind::Approval(approval) => {
            let Approval { question, details, approvers, approve_status, decline_status, .. } = &**approval;
            let statuses = approve_status.iter().chain(decline_status);
            values.extend(std::iter::once(question).chain(details).chain(approvers).chain(statuses));
        }
        StepKind::Wait(Wait::For(given) | Wait::Until(given)) => values.push(given),
        StepKind::Wait(Wait::Events(events)) => {
            values.extend(events.iter().flat_map(|event| event.matching.iter().map(|(_, given)| given)));
        }
        StepKind::Workflow(sub) => values.extend(sub.inputs.iter().map(|(_, given)| given)),
    }
    values
}

fn lookups_of(expression: &Spanned<String>) -> Vec<(Lookup, Span)> {
    let Ok(ast) = expression::parse(&expression.value) else { return Vec::new() };
    let verbatim = expression.span.end - expression.span.start == expression.value.len();
    expression::lookups(&ast)
        .into_iter()
        .map(|lookup| {
            let start = expression.span.start;
            let span = if verbatim {
                Span::new(start + lookup.span.start, start + lookup.span.end)
            } else {
                expression.span
            };
            (lookup, span)
        })
        .collect()
}

/// The types of the action inputs into which a name flows whole; the first that says something counts.
fn flows(workflow: &Workflow, steps: &[Step], catalog: &Catalog) -> BTreeMap<String, Type> {
    let mut flows = BTreeMap::new();
    for step in all(steps) {
        if let StepKind::Foreach(foreach) = &step.kind
            && let Some(name) = whole_name(workflow, &foreach.items, 0)
        {
            flows.entry(name).or_insert_with(|| Type::new(Kind::List(Box::new(Type::any()))));
        }
    }
    for step in all(steps) {
        let (action, inputs) = match &step.kind {
            StepKind::Call(call) => (call.action.value.as_str(), &call.inputs),
            StepKind::Agent(work) => (OPEN_SESSION, &work.inputs),
            _ => continue,
        };
        let Some(action) = catalog.find(action) else { continue };
        for (key, given) in inputs {
            let Some((_, field)) = action.input_field(&key.value) else { continue };
            let Some(name) = whole_name(workflow, given, 0) else { continue };
            if field.kind.kind != Kind::Any {
                flows.entry(name).or_insert_with(|| field.kind.clone());
            }
        }
    }
    flows
}

/// The one name that a value is, including through definitions that are one name themselves.
fn whole_name(workflow: &Workflow, given: &Given, depth: usize) -> Option<String> {
    let expression = given.whole_expression()?;
    let ast = expression::parse(&expression.value).ok()?;
    let lookups = expression::lookups(&ast);
    let [lookup] = lookups.as_slice() else { return None };
    if !lookup.fields.is_empty()
        || lookup.span.end - lookup.span.start != expression.value.len()
        || depth > 20
    {
        return None;
    }
    match workflow.definitions.iter().find(|(name, _)| name.value == lookup.name) {
        Some((_, given)) => whole_name(workflow, given, depth + 1),
        None => Some(lookup.name.clone()),
    }
}

fn schema_of(kind: &Type) -> InputSchema {
    let (json, one_of) = match &kind.kind {
        Kind::Boolean => (InputType::Boolean, Vec::new()),
        Kind::Integer => (InputType::Integer, Vec::new()),
        Kind::Number => (InputType::Number, Vec::new()),
        Kind::Text(values) => (InputType::String, values.iter().map(|value| value.as_str().into()).collect()),
        Kind::List(_) => (InputType::Array, Vec::new()),
        Kind::Object(_) | Kind::Stored(_) => (InputType::Object, Vec::new()),
        Kind::Any | Kind::Null | Kind::OneOf(_) => (InputType::Any, Vec::new()),
    };
    InputSchema { kind: json, optional: false, default: None, one_of, description: None }
}
