//! Steps of type `workflow`: another workflow's execution, whose outputs the step gives.

use super::planned::{PlannedKind, SubWorkflow};
use super::wait::LONGEST_WAIT_SECONDS;
use super::walk::{Made, Walk};
use crate::callees::Callee;
use crate::model::{OnError, Step, SubWorkflow as Written};
use crate::scope::Input;
use crate::substitute::state_machine_placeholder;
use crate::types::Type;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Walk<'_, '_, '_> {
    pub(super) fn sub_workflow(&mut self, step: &Step, sub: &Written) -> Made {
        self.needs_timeout(step);
        let callees = self.callees;
        let callee = match callees.find(&sub.name.value) {
            Ok(callee) => callee,
            Err(known) => {
                let message = format!("there is no workflow `{}`", sub.name.value);
                self.checker
                    .problems
                    .error(sub.name.span, message)
                    .accepted(&sub.name.value, known.iter().map(String::as_str));
                None
            }
        };
        // The other workflow's effects are part of the same run. If it is unknown, they may be anything.
        if !callees.are_known() {
            let all = self.checker.catalog.all().flat_map(crate::catalog::Action::ways_back);
            self.inverses.extend(all);
        }
        let inputs = self.inputs_of(sub, callee);
        let what = format!("workflow `{}`", sub.name.value);
        // An unknown workflow may have any output.
        let fields: BTreeMap<String, Type> = match callee {
            Some(callee) => callee.outputs.clone(),
            None => step.outputs.iter().map(|(field, _)| (field.value.clone(), Type::any())).collect(),
        };
        let whole = match callee {
            Some(_) => Type::object(fields.clone()),
            None => Type::any(),
        };
        let text = |field: &str| format!("$states.result.Output.{}", crate::scope::quoted(field));
        let sets = self.receive(step, &what, &fields, text);
        let planned = SubWorkflow {
            state_machine: format!("${{{}}}", state_machine_placeholder(&sub.name.value)),
            inputs,
            timeout_seconds: step.timeout_seconds.as_ref().map_or(LONGEST_WAIT_SECONDS, |given| given.value),
            retry: (step.retry.is_some() || step.on_error == OnError::Retry)
                .then(|| step.retry.clone().unwrap_or_default()),
        };
        Made::new(Some(PlannedKind::Workflow(planned)), sets).giving("$states.result.Output", whole)
    }

    fn inputs_of(&mut self, sub: &Written, callee: Option<&Callee>) -> Value {
        let mut inputs = Map::new();
        for (name, given) in &sub.inputs {
            let value = match callee.map(|callee| callee.inputs.get(&name.value)) {
                Some(Some(schema)) => {
                    let required = !schema.optional && schema.default.is_none();
                    let kind = Input::new(schema.clone()).kind;
                    self.checker.fit(given, &kind, required, &format!("`{}`", name.value))
                }
                Some(None) => {
                    let names = callee.into_iter().flat_map(|callee| callee.inputs.keys());
                    self.checker
                        .problems
                        .error(
                            name.span,
                            format!("workflow `{}` has no input `{}`", sub.name.value, name.value),
                        )
                        .accepted(&name.value, names.map(String::as_str));
                    self.checker.value(given).0
                }
                None => self.checker.value(given).0,
            };
            inputs.insert(name.value.clone(), value);
        }
        for (name, schema) in callee.into_iter().flat_map(|callee| &callee.inputs) {
            if !schema.optional && schema.default.is_none() && !inputs.contains_key(name) {
                self.checker
                    .problems
                    .error(sub.name.span, format!("workflow `{}` needs the input `{name}`", sub.name.value))
                    .help(format!("it takes {}", Input::new(schema.clone()).kind));
            }
        }
        Value::Object(inputs)
    }
}
