//! The data that an iteration passes along as its states' input: the indexes of the surrounding iterations, and their items.
//! Everything else is in variables.

use crate::check::evaluated;
use crate::names::FRAME_PLACE;
use crate::scope::EXECUTION_INPUT;
use domain::execution::PAYLOAD_VERSION;
use serde_json::{Map, Value, json};

/// The loops and iterations around a state.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    /// The expression of their indexes (`.3.0`); empty if there are none.
    at: String,
    /// The names of the items; if there are any, the states' input carries them.
    items: Vec<String>,
}

impl Frame {
    /// The output of a state that passes nothing to the next one.
    pub(super) fn passed_on(&self) -> Value {
        if self.items.is_empty() { json!({}) } else { "{% $states.input %}".into() }
    }

    /// Whether states must pass on their input.
    pub(super) fn is_carried(&self) -> bool {
        !self.items.is_empty()
    }

    /// The frame of a loop's body after this many rounds.
    pub(super) fn round(&self, rounds: &str) -> Self {
        Self { at: self.then(rounds), items: self.items.clone() }
    }

    /// The frame of an iteration over items of this name, and the `ItemSelector` that makes it.
    pub(super) fn iteration(&self, item: &str) -> (Self, Value) {
        let mut selector = Map::new();
        selector.insert(FRAME_PLACE.to_owned(), evaluated(&self.then("$states.context.Map.Item.Index")));
        for known in &self.items {
            selector.insert(known.clone(), evaluated(&format!("$states.input.{known}")));
        }
        selector.insert(item.to_owned(), "{% $states.context.Map.Item.Value %}".into());
        let items = self.items.iter().cloned().chain([item.to_owned()]).collect();
        (Self { at: format!("$states.input.{FRAME_PLACE}"), items }, selector.into())
    }

    /// The same frame in a separate field of a state's input.
    pub(super) fn within(&self, field: &str) -> Self {
        Self {
            at: self.at.replace("$states.input.", &format!("$states.input.{field}.")),
            items: self.items.clone(),
        }
    }

    fn then(&self, index: &str) -> String {
        let before = if self.at.is_empty() { String::new() } else { format!("{} & ", self.at) };
        format!("{before}'.' & {index}")
    }

    /// The place of a state's effects: the run or the place in the parent, the state, and the indexes around it.
    pub(super) fn key(&self, state: &str) -> String {
        let parent = format!("{EXECUTION_INPUT}.parent");
        let at = if self.at.is_empty() { String::new() } else { format!(" & {}", self.at) };
        format!("({parent} != null ? {parent}.at : $states.context.Execution.Id) & '/{state}'{at}")
    }

    /// What every function is sent: the keys are in the order people read them.
    pub(super) fn payload(&self, state: &str, input: Value) -> Map<String, Value> {
        let fields = [
            ("v", PAYLOAD_VERSION.into()),
            ("run", run()),
            ("key", evaluated(&self.key(state))),
            ("project", evaluated(&format!("{EXECUTION_INPUT}.project"))),
            ("actor", evaluated(&format!("{EXECUTION_INPUT}.actor"))),
            ("input", input),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The outermost execution.
pub(super) fn run() -> Value {
    let parent = format!("{EXECUTION_INPUT}.parent");
    evaluated(&format!("{parent} != null ? {parent}.run : $states.context.Execution.Id"))
}
