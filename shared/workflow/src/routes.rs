//! The parts of a workflow for webhooks and the scheduler: its triggers and the types of its inputs.

use crate::diagnostic::Problems;
use crate::model::{Trigger, Workflow};
use crate::scope::Input;
use domain::EventName;
use domain::routes::{InputSchema, InputType, Routes, TriggerRoute, WorkflowRoute};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The route of one workflow. Reports triggers that cannot supply an input which must be there, or give one of another type.
pub(crate) fn route(
    workflow: &Workflow,
    inputs: &BTreeMap<String, Input>,
    context_inputs: &BTreeSet<String>,
    problems: &mut Problems<'_>,
) -> WorkflowRoute {
    let mut schemas: BTreeMap<String, InputSchema> =
        inputs.iter().map(|(name, input)| (name.clone(), input.schema.clone())).collect();
    for name in context_inputs {
        schemas.entry(name.clone()).or_insert_with(|| InputSchema {
            kind: InputType::Any,
            optional: true,
            default: None,
            one_of: Vec::new(),
            description: None,
        });
    }
    for trigger in &workflow.triggers {
        match trigger.on.name == EventName::SCHEDULE {
            true => fits_inputs(trigger, &schemas, problems),
            false => supplies_inputs(trigger, &schemas, problems),
        }
    }
    let triggers = workflow
        .triggers
        .iter()
        .map(|trigger| TriggerRoute {
            on: trigger.on.name.clone(),
            conditions: trigger.conditions.iter().cloned().collect(),
            concurrency: trigger.concurrency,
        })
        .collect();
    WorkflowRoute { title: workflow.title.clone(), inputs: schemas, triggers, opt_in: workflow.opt_in }
}

fn supplies_inputs(trigger: &Trigger, inputs: &BTreeMap<String, InputSchema>, problems: &mut Problems<'_>) {
    let fields = fields_of(trigger);
    for (name, schema) in inputs {
        let needed = !schema.optional && schema.default.is_none();
        if let Some(given) = fields.get(name).filter(|given| !may_give(**given, schema.kind)) {
            let (on, given, kind) = (&trigger.on.name, given.as_str(), schema.kind.as_str());
            let message = format!("{on} gives `{name}` as {given}, but the input is of type {kind}");
            problems.error(trigger.span, message).help(
                "no event would start it: give the input the type of the event's field, or another name",
            );
        } else if needed && !fields.contains_key(name) {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            let help = match trigger.on.capturing() {
                Some(condition) => format!("capture it: `{}: \"… {{{name}}}\"`", condition.name),
                None => "give the input a default".to_owned(),
            };
            problems
                .error(trigger.span, format!("{} cannot supply the input `{name}`", trigger.on.name))
                .help(format!("it gives: {}", known.join(", ")))
                .help(help);
        }
    }
}

/// A schedule gives its inputs itself, so they can be checked as when an execution is started.
fn fits_inputs(trigger: &Trigger, inputs: &BTreeMap<String, InputSchema>, problems: &mut Problems<'_>) {
    let with =
        trigger.conditions.iter().find(|(name, _)| name == "with").and_then(|(_, given)| given.as_object());
    let route = WorkflowRoute { inputs: inputs.clone(), ..WorkflowRoute::default() };
    let routes = Routes { workflows: BTreeMap::from([(String::new(), route)]), ..Routes::default() };
    if let Err(invalid) = routes.check_inputs("", &with.cloned().unwrap_or_default(), &Map::new()) {
        for problem in invalid.problems {
            problems.error(trigger.span, problem).help("give the inputs under `with:`");
        }
    }
}

/// Whether an input may take what an event gives.
fn may_give(given: InputType, wanted: InputType) -> bool {
    given == wanted
        || [given, wanted].contains(&InputType::Any)
        || (given == InputType::Integer && wanted == InputType::Number)
}

/// The fields of the trigger's event with their types, with those that it captures or sets itself.
fn fields_of(trigger: &Trigger) -> BTreeMap<String, InputType> {
    let mut fields: BTreeMap<String, InputType> =
        trigger.on.fields.iter().map(|field| (field.name.clone(), field.kind)).collect();
    let capturing = trigger.on.capturing().map(|condition| &condition.name);
    for (name, condition) in &trigger.conditions {
        if let (true, Value::String(text)) = (capturing == Some(name), condition) {
            let captured =
                text.split_whitespace().filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'));
            fields.extend(captured.map(|name| (name.to_owned(), InputType::String)));
        }
    }
    fields
}
