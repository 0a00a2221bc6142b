//! Steps that call an action.

use super::planned::{PlannedKind, Task};
use super::walk::{Made, Walk};
use crate::catalog::Action;
use crate::check::Checker;
use crate::model::{Call, Form, Given, OnError, Part, Rollback, Step};
use crate::provenance::Fencing;
use crate::source::{Span, Spanned};
use crate::types::{Kind, Type};
use domain::PluginType;
use domain::built_in_actions::AGENT_ACTIONS;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A state outlives its function by this much, so that the function's own error is heard.
pub(super) const TIMEOUT_MARGIN_SECONDS: u64 = 5;

impl Walk<'_, '_, '_> {
    pub(super) fn call(&mut self, step: &Step, call: &Call) -> Made {
        let Some(action) = self.action(call) else {
            // The outputs are named all the same, so that only the unknown action is reported.
            for (_, given) in &call.inputs {
                self.checker.value(given);
            }
            let sets = step.outputs.iter().map(|(_, target)| {
                (self.checker.scope.compiled_path(&target.value), "null".to_owned(), Type::any())
            });
            return Made::new(None, sets.collect());
        };
        if let Some(template) = call.agent.as_ref().and_then(|agent| agent.prompt_template.as_ref()) {
            self.template(template, call);
        }
        let beside = call.agent.as_ref().and_then(|agent| agent.name.as_ref()).map(|_| "agent");
        let mut input = self.inputs(&call.inputs, &action, beside, call.action.span);
        self.agent(call, &action, &mut input);
        if let Some(rollback) = &step.rollback {
            self.inverses.insert(rollback.action.value.clone());
        }
        self.inverses.extend(action.ways_back());
        let inverse = step.rollback.as_ref().map(|rollback| self.inverse(rollback, call, &action, &input));
        let fields: BTreeMap<String, Type> =
            action.output.fields.iter().map(|(name, field)| (name.clone(), field.kind.clone())).collect();
        let sets = self.receive(step, &format!("`{}`", action.name), &fields, result_field);
        let whole = Type::new(Kind::Object(action.output.clone()));
        let task = Task {
            timeout_seconds: self.timeout(step, &action),
            retry: (step.retry.is_some() || step.on_error == OnError::Retry)
                .then(|| step.retry.clone().unwrap_or_default()),
            parks: action.plugin == Some(PluginType::AiProvider),
            calls_provider: action.plugin.is_some(),
            confirms: action.confirms,
            required: call.required,
            inverse,
            input: Value::Object(input),
            action: action.name,
        };
        Made::new(Some(PlannedKind::Task(task)), sets).giving("$states.result.Payload", whole)
    }

    fn action(&mut self, call: &Call) -> Option<Action> {
        let name = &call.action;
        let plugin = match &call.agent {
            Some(_) => Some(PluginType::AiProvider),
            None => call.plugin.as_ref().map(|plugin| plugin.value),
        };
        let catalog = self.checker.catalog;
        let Some(action) = catalog.find(&name.value) else {
            let names: Vec<&str> = catalog.names(plugin).collect();
            let diagnostic =
                self.checker.problems.error(name.span, format!("there is no action `{}`", name.value));
            diagnostic.accepted(&name.value, names);
            if call.agent.is_some() {
                diagnostic.help("an ai_action's action is its `action:`, or else the step's name");
            }
            return None;
        };
        // Some actions of an agent's work only read our own records.
        let is_agents = call.agent.is_some() && AGENT_ACTIONS.contains(&action.name.as_str());
        if let Some(plugin) = plugin
            && action.plugin != Some(plugin)
            && !is_agents
        {
            let span = call.plugin.as_ref().map_or(name.span, |plugin| plugin.span);
            let owner =
                action.plugin.map_or_else(|| "Ticketsmith itself".to_owned(), |plugin| format!("`{plugin}`"));
            self.checker
                .problems
                .error(span, format!("`{}` is an action of {owner}, not of `{plugin}`", name.value))
                .help(format!(
                    "actions of `{plugin}`: {}",
                    catalog.names(Some(plugin)).collect::<Vec<_>>().join(", ")
                ));
        }
        Some(action.clone())
    }

    /// An action's inputs, in its form; one input may be given `beside` these. Missing ones are reported at `span`.
    pub(super) fn inputs(
        &mut self,
        given: &[(Spanned<String>, Given)],
        action: &Action,
        beside: Option<&str>,
        span: Span,
    ) -> Map<String, Value> {
        let mut input: Map<String, Value> = Map::new();
        for (key, given) in given {
            let Some((name, field)) = action.input_field(&key.value) else {
                self.checker.value(given);
                let names = action.input.fields.keys().map(String::as_str);
                self.checker
                    .problems
                    .error(key.span, format!("`{}` has no input `{}`", action.name, key.value))
                    .accepted(&key.value, names.filter(|name| beside != Some(*name)));
                continue;
            };
            let what = format!("`{}`", key.value);
            let fit = |checker: &mut Checker<'_, '_>| checker.fit(given, &field.kind, field.required, &what);
            let value = match field.authored {
                true => self.checker.fencing(Fencing::Whole, fit),
                false => fit(self.checker),
            };
            if input.insert(name.to_owned(), value).is_some() {
                self.checker.problems.error(
                    key.span,
                    format!("`{}` is given twice: `{}` is another name of it", name, key.value),
                );
            }
        }
        for (name, field) in &action.input.fields {
            if field.required && !input.contains_key(name) && beside != Some(name.as_str()) {
                self.checker
                    .problems
                    .error(span, format!("`{}` needs the input `{name}`", action.name))
                    .help(format!("it takes {}", field.kind));
            }
        }
        input
    }

    /// The keys of an `ai_action` about its agent and prompt become part of the action's input.
    fn agent(&mut self, call: &Call, action: &Action, input: &mut Map<String, Value>) {
        let Some(agent) = &call.agent else { return };
        for (key, given) in [("agent", &agent.name), ("prompt_template", &agent.prompt_template)] {
            let Some(given) = given else { continue };
            match action.input_field(key) {
                Some((name, field)) => {
                    let text = Given::text(given.value.clone(), given.span);
                    let value = self.checker.fit(&text, &field.kind, false, &format!("`{key}`"));
                    input.insert(name.to_owned(), value);
                }
                None => {
                    self.checker
                        .problems
                        .error(given.span, format!("`{}` does not accept `{key}`", action.name));
                }
            }
        }
    }

    /// A prompt template must exist, and may read only the step's inputs.
    fn template(&mut self, template: &Spanned<String>, call: &Call) {
        let Some(known) = &self.checker.environment.templates else { return };
        let path = template.value.trim_start_matches("./");
        let Some(variables) = known.get(path) else {
            self.checker
                .problems
                .error(template.span, format!("there is no prompt template `{}`", template.value))
                .accepted(path, known.keys().map(String::as_str));
            return;
        };
        let given: Vec<&str> = call.inputs.iter().map(|(key, _)| key.value.as_str()).collect();
        for variable in variables {
            if !given.contains(&variable.as_str())
                && !self.checker.environment.template_globals.contains(variable)
            {
                self.checker
                    .problems
                    .error(
                        template.span,
                        format!("`{}` uses `{variable}`, which is not an input of this step", template.value),
                    )
                    .help(format!("inputs: {}", given.join(", ")));
            }
        }
    }

    fn timeout(&mut self, step: &Step, action: &Action) -> u64 {
        let least = action.timeout_seconds + TIMEOUT_MARGIN_SECONDS;
        match &step.timeout_seconds {
            Some(given) if given.value < least => {
                self.checker.problems.note(
                    given.span,
                    format!(
                        "the step waits {least} seconds: the function of `{}` may take {}",
                        action.name, action.timeout_seconds
                    ),
                );
                least
            }
            Some(given) => given.value,
            None => least,
        }
    }

    /// A step's own `rollback:`. Its inputs are stored with the effect, so they may use only what the effect knows.
    fn inverse(
        &mut self,
        rollback: &Rollback,
        call: &Call,
        action: &Action,
        input: &Map<String, Value>,
    ) -> Value {
        let Some(inverse) = self.checker.catalog.find(&rollback.action.value) else {
            let names: Vec<&str> = self.checker.catalog.names(None).collect();
            self.checker
                .problems
                .error(rollback.action.span, format!("there is no action `{}`", rollback.action.value))
                .accepted(&rollback.action.value, names);
            return Value::Null;
        };
        let mut fields = Map::new();
        for (key, given) in &rollback.inputs {
            let Some((name, _)) = inverse.input_field(&key.value) else {
                self.checker
                    .problems
                    .error(key.span, format!("`{}` has no input `{}`", inverse.name, key.value))
                    .accepted(&key.value, inverse.input.fields.keys().map(String::as_str));
                continue;
            };
            // The mistake in it was reported; reporting that it is missing as well would not help.
            let value = self.inverse_input(given, call, action, input).unwrap_or_default();
            fields.insert(name.to_owned(), value);
        }
        for (name, _) in
            inverse.input.fields.iter().filter(|(name, field)| field.required && !fields.contains_key(*name))
        {
            self.checker
                .problems
                .error(rollback.action.span, format!("`{}` needs the input `{name}`", inverse.name));
        }
        json!({"action": inverse.name, "input": fields})
    }

    fn inverse_input(
        &mut self,
        given: &Given,
        call: &Call,
        action: &Action,
        input: &Map<String, Value>,
    ) -> Option<Value> {
        let name = match &given.form {
            Form::Literal(value) => return Some(value.clone()),
            Form::Text(parts) => match parts.as_slice() {
                [Part::Literal(text)] => return Some(crate::check::literal_json(text)),
                [Part::Expression(expression)] => Some(expression.value.as_str()),
                _ => None,
            },
            _ => None,
        };
        let path: Vec<&str> = name.unwrap_or_default().split('.').collect();
        match path.as_slice() {
            ["output", fields @ ..] if !fields.is_empty() => {
                let mut kind = Type::new(Kind::Object(action.output.clone()));
                for field in fields {
                    match kind.field(field) {
                        Some(inner) => kind = inner,
                        None => {
                            self.checker
                                .problems
                                .error(
                                    given.span,
                                    format!("the output of `{}` has no `{field}`", action.name),
                                )
                                .accepted(field, kind.field_names());
                            return None;
                        }
                    }
                }
                Some(json!({"$output": fields.join(".")}))
            }
            [name] if call.inputs.iter().any(|(key, _)| key.value == *name) => {
                let own = action.input_field(name).map(|(own, _)| own)?;
                input.get(own).cloned()
            }
            _ => {
                let names: Vec<&str> = call.inputs.iter().map(|(key, _)| key.value.as_str()).collect();
                self.checker
                    .problems
                    .error(given.span, "a rollback's input is a plain value, one of the step's inputs, or `${output.<field>}`")
                    .help(format!("inputs of the step: {}; fields of `output`: {}", names.join(", "),
                        action.output.fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ")));
                None
            }
        }
    }
}

/// The expression of an output field in the state whose result holds it.
fn result_field(field: &str) -> String {
    format!("$states.result.Payload.{}", crate::scope::quoted(field))
}
