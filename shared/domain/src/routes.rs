//! Which event starts which workflow: the part of compiled workflows that the webhook function and the scheduler read.

pub use crate::input_type::InputType;

use crate::event::{Condition, Event, EventName, EventSpec, EventSpecs, Matching, SAID_IN};
use crate::folded::{folded, same_name};
use crate::nearest::instead_of;
use crate::text::{TextLimit, cut_line};
use crate::typed::{bare_word, words_of};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How much of a given name or value the problem with it quotes.
const QUOTED: TextLimit = TextLimit::characters(200);

/// The field of a chat's event with the channel.
const CHANNEL: &str = "channel";

/// The contents of `statemachines/routes.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Routes {
    /// Workflows by name, which is the file's stem.
    pub workflows: BTreeMap<String, WorkflowRoute>,
    /// The events that the workflows' triggers and waiting steps name. Documents stored before events were
    /// described in them have none.
    #[serde(default, skip_serializing_if = "EventSpecs::is_empty")]
    pub events: EventSpecs,
}

/// How a workflow is started.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WorkflowRoute {
    /// For people.
    pub title: String,
    /// Its inputs.
    pub inputs: BTreeMap<String, InputSchema>,
    /// The triggers; any of them starts it.
    pub triggers: Vec<TriggerRoute>,
    /// Whether events start it only in projects that name it under `workflows`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opt_in: bool,
}

/// One trigger of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TriggerRoute {
    /// The event.
    pub on: EventName,
    /// Conditions on the event, by the names in [`EventSpec::conditions`].
    #[serde(default)]
    pub conditions: BTreeMap<String, Value>,
    /// Whether a second execution for the same task may start while one is open.
    #[serde(default)]
    pub concurrency: Concurrency,
}

/// How many executions a task may have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// One; a second start reports the first.
    #[default]
    OnePerTask,
    /// Any number.
    Any,
}

/// The type of an input and its value if none is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputSchema {
    /// The accepted JSON type.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// Whether `null` or a missing value is accepted.
    #[serde(default)]
    pub optional: bool,
    /// The default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The accepted values, if restricted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Value>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A workflow that an event starts, with its complete inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// The workflow's name.
    pub workflow: String,
    /// Its inputs.
    pub inputs: Map<String, Value>,
    /// The event with the trigger's captures.
    pub event: Map<String, Value>,
    /// The words that the trigger captured, which a person chose.
    pub captured: Map<String, Value>,
    /// How many executions its task may have.
    pub concurrency: Concurrency,
    /// How many words its trigger names at the start of a message: 2 for `run tests`, 1 for `run {task_id}`, 0 for triggers without words.
    pub words: usize,
    /// The ticket it is about: the pull request of a workflow with the input `pull_request`, else the event's ticket, else the input or capture
    /// `task_id`.
    pub task_id: Option<String>,
}

/// Inputs that a workflow does not accept, with a message per problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("workflow `{workflow}` cannot start: {}", problems.join("; "))]
pub struct InvalidInputs {
    /// The workflow's name.
    pub workflow: String,
    /// Every problem found.
    pub problems: Vec<String>,
}

impl Routes {
    /// The workflow that the event starts, with its inputs filled from the event's fields and checked; `None` if no trigger matches. Of several, it is
    /// the one whose trigger names the most words of the message, or else the first by name. The event's kind, and its wider kinds, are looked up
    /// in [`Self::events`].
    ///
    /// # Errors
    /// [`InvalidInputs`] when a trigger matches but the event's fields do not make valid inputs.
    pub fn start_for(&self, event: &Event) -> Result<Option<Start>, InvalidInputs> {
        self.start_without(event, &[])
    }

    /// The same where some workflows, by their names, are not meant.
    ///
    /// # Errors
    /// As [`Self::start_for`].
    pub fn start_without(&self, event: &Event, left_out: &[String]) -> Result<Option<Start>, InvalidInputs> {
        let kinds = self.events.kinds_of(&event.kind, &event.fields);
        let mut best: Option<(usize, &String, &TriggerRoute, Map<String, Value>)> = None;
        for (name, workflow) in self.workflows.iter().filter(|(name, _)| !left_out.contains(name)) {
            for trigger in &workflow.triggers {
                let spec = kinds.iter().copied().find(|spec| spec.name == trigger.on);
                if spec.is_none() && trigger.on != event.kind {
                    continue;
                }
                let words = trigger.words(spec);
                if best.as_ref().is_none_or(|(most, ..)| words > *most)
                    && let Some(captured) = trigger.captured_from(event, spec)
                {
                    best = Some((words, name, trigger, captured));
                }
            }
        }
        let Some((words, name, trigger, captured)) = best else { return Ok(None) };
        let mut fields = event.fields.clone();
        fields.extend(captured.clone());
        if [SAID_IN, CHANNEL].iter().any(|name| captured.contains_key(*name)) {
            // Files are read from the channel in which somebody speaks, and not from one that they name.
            let said_in = event.fields.get(SAID_IN).or_else(|| event.fields.get(CHANNEL)).cloned();
            fields.insert(SAID_IN.to_owned(), said_in.unwrap_or_default());
        }
        let inputs = self.check_inputs(name, &Map::new(), &fields)?;
        let pull_request = inputs.get("pull_request").and_then(Value::as_str).map(str::to_owned);
        let task_id = pull_request.or_else(|| event.task_id.clone()).or_else(|| task_id_of(&inputs, &fields));
        let (workflow, concurrency) = (name.clone(), trigger.concurrency);
        Ok(Some(Start { workflow, inputs, event: fields, captured, concurrency, words, task_id }))
    }

    /// Whether a workflow has a trigger for events of this kind with these fields, or for a wider kind that they also are, under whatever
    /// conditions.
    pub fn start_on(&self, kind: &EventName, fields: &Map<String, Value>) -> bool {
        let kinds = self.events.kinds_of(kind, fields);
        let is_meant = |on: &EventName| on == kind || kinds.iter().any(|spec| spec.name == *on);
        self.workflows.values().flat_map(|workflow| &workflow.triggers).any(|trigger| is_meant(&trigger.on))
    }

    /// Checks inputs, for every way to start an execution. Unknown names and wrong types are rejected; a missing input comes from the
    /// event's field of that name, or else from its default.
    ///
    /// # Errors
    /// [`InvalidInputs`] with every problem; also when the workflow does not exist.
    pub fn check_inputs(
        &self,
        workflow: &str,
        given: &Map<String, Value>,
        event: &Map<String, Value>,
    ) -> Result<Map<String, Value>, InvalidInputs> {
        let invalid = |problems| InvalidInputs { workflow: workflow.to_owned(), problems };
        let route = self.workflows.get(workflow).ok_or_else(|| {
            let instead = instead_of(workflow, "known", self.workflows.keys().map(String::as_str));
            invalid(vec![format!("no such workflow; {instead}")])
        })?;
        let mut problems = Vec::new();
        let mut inputs = Map::new();
        for name in given.keys().filter(|name| !route.inputs.contains_key(*name)) {
            let instead = instead_of(name, "accepted", route.inputs.keys().map(String::as_str));
            problems.push(format!("input `{}` is unknown; {instead}", cut_line(name, QUOTED)));
        }
        for (name, schema) in &route.inputs {
            let value = given
                .get(name)
                .filter(|value| !value.is_null())
                .or_else(|| event.get(name).filter(|value| !value.is_null()))
                .or(schema.default.as_ref());
            match value {
                None if schema.optional => {
                    inputs.insert(name.clone(), Value::Null);
                }
                None => problems.push(format!("input `{name}` ({}) is missing", schema.kind.as_str())),
                Some(value) if !schema.kind.accepts(value) => {
                    problems.push(format!(
                        "input `{name}` must be of type {}, but is {}",
                        schema.kind.as_str(),
                        cut_line(&value.to_string(), QUOTED)
                    ));
                }
                Some(value) if !schema.one_of.is_empty() && !schema.one_of.contains(value) => {
                    let accepted: Vec<_> = schema.one_of.iter().map(Value::to_string).collect();
                    let value = cut_line(&value.to_string(), QUOTED);
                    problems.push(format!("input `{name}` is {value}; accepted: {}", accepted.join(", ")));
                }
                Some(value) => {
                    inputs.insert(name.clone(), value.clone());
                }
            }
        }
        if problems.is_empty() { Ok(inputs) } else { Err(invalid(problems)) }
    }
}

fn task_id_of(inputs: &Map<String, Value>, fields: &Map<String, Value>) -> Option<String> {
    inputs.get("task_id").or_else(|| fields.get("task_id")).and_then(Value::as_str).map(str::to_owned)
}

impl TriggerRoute {
    /// How many words the trigger names at the start of a message, according to `spec`, which describes its event.
    fn words(&self, spec: Option<&EventSpec>) -> usize {
        let is_of_words =
            |condition: &&Condition| matches!(condition.matching, Matching::StartsWith | Matching::Captures);
        let condition = spec.and_then(|spec| spec.conditions.iter().find(is_of_words));
        let wanted = condition.and_then(|condition| self.conditions.get(&condition.name)?.as_str());
        wanted.map_or(0, words_named)
    }

    /// The fields that the trigger captures from an event of its kind, which `spec` describes; `None` when a condition does not hold. A
    /// condition that `spec` does not describe is compared with the field of its name.
    fn captured_from(&self, event: &Event, spec: Option<&EventSpec>) -> Option<Map<String, Value>> {
        let mut captured = Map::new();
        for (name, wanted) in &self.conditions {
            let condition = spec.and_then(|spec| spec.find_condition(name));
            let (matching, field) = condition
                .map_or((Matching::Equals, name.as_str()), |known| (known.matching, known.field.as_str()));
            let wanted = wanted.as_str().unwrap_or_default();
            let is_true = event.fields.get(field).and_then(Value::as_bool).map(|value| value.to_string());
            let value = event.fields.get(field).and_then(Value::as_str).or(is_true.as_deref());
            let holds = match matching {
                Matching::Always => true,
                Matching::Equals => value.is_some_and(|value| same_name(value, wanted)),
                Matching::Contains => value.is_some_and(|value| folded(value).contains(&folded(wanted))),
                Matching::StartsWith => {
                    value.is_some_and(|value| starts_with_words(value, without_address(wanted)))
                }
                Matching::UpTo => condition.is_some_and(|condition| condition.includes(wanted, value)),
                Matching::Captures => {
                    captured.extend(capture(without_address(wanted), value.unwrap_or_default())?);
                    true
                }
            };
            if !holds {
                return None;
            }
        }
        let unnamed = spec.into_iter().flat_map(|spec| &spec.conditions).filter(|condition| {
            condition.matching == Matching::UpTo && !self.conditions.contains_key(&condition.name)
        });
        for condition in unnamed {
            let narrowest = condition.values.first().map(String::as_str).unwrap_or_default();
            let value = event.fields.get(&condition.field).and_then(Value::as_str);
            if !condition.includes(narrowest, value) {
                return None;
            }
        }
        Some(captured)
    }
}

/// Matches words against a pattern in which `{name}` captures one word, or, as the last word, the rest.
fn capture(pattern: &str, text: &str) -> Option<Map<String, Value>> {
    let mut captured = Map::new();
    let mut words = words_of(text);
    let pattern: Vec<&str> = pattern.split_whitespace().collect();
    for (index, expected) in pattern.iter().enumerate() {
        let name = expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let word = words.next()?;
        match name {
            Some(name) if index + 1 == pattern.len() => {
                let rest: Vec<&str> = std::iter::once(word).chain(words.by_ref()).collect();
                captured.insert(name.to_owned(), rest.join(" ").into());
            }
            Some(name) => {
                captured.insert(name.to_owned(), word.into());
            }
            None if is_meant(word, expected) => {}
            None => return None,
        }
    }
    words.next().is_none().then_some(captured)
}

/// How many words a condition on a message names at its start: 2 in `run tests {which}`.
pub fn words_named(condition: &str) -> usize {
    let words = without_address(condition).split_whitespace();
    words.take_while(|word| !word.starts_with('{')).count()
}

/// The words after `/ticketsmith` or `@ticketsmith`, which a condition may name and an event's text no longer has.
pub fn without_address(command: &str) -> &str {
    let command = command.trim_start();
    if !command.starts_with(['/', '@']) {
        return command;
    }
    command.split_once(char::is_whitespace).map_or("", |(_, words)| words)
}

fn starts_with_words(text: &str, command: &str) -> bool {
    let mut words = words_of(text);
    command.split_whitespace().all(|expected| words.next().is_some_and(|word| is_meant(word, expected)))
}

/// Whether a typed word is one that a trigger names: `Plan:` and `**plan**` are `plan`.
fn is_meant(typed: &str, named: &str) -> bool {
    same_name(typed, named) || same_name(bare_word(typed), named)
}

#[cfg(test)]
mod tests;
