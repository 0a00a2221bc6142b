//! The actions that steps may call and the events that triggers and waits may name, read from what their crates generate.

use crate::types::schema::strings;
use crate::types::{Field, Kind, ObjectType, Type};
use domain::PluginType;
use domain::event::{EventSpec, EventSpecs};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A function's time limit if its entry does not set one, in seconds.
const DEFAULT_TIMEOUT_SECONDS: u64 = 60;
/// The same for actions that call a model.
const DEFAULT_AI_TIMEOUT_SECONDS: u64 = 600;

/// Every action with the types of its input and output, and every event.
#[derive(Debug, Clone)]
pub struct Catalog {
    actions: BTreeMap<String, Action>,
    events: EventSpecs,
}

/// One action.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) plugin: Option<PluginType>,
    pub(crate) aliases: Vec<String>,
    /// The actions that may take its effect back.
    pub(crate) inverses: Vec<String>,
    /// Whether it changes something outside.
    pub(crate) effect: bool,
    /// Whether people confirm a creation whose answer was lost and that nothing shows, before it is repeated.
    pub(crate) confirms: bool,
    /// Whether it asks a model.
    pub(crate) asks_model: bool,
    pub(crate) timeout_seconds: u64,
    pub(crate) input: Arc<ObjectType>,
    pub(crate) output: Arc<ObjectType>,
    /// The entry as it was read, for tools that need the schemas themselves.
    entry: Arc<Value>,
}

/// One action as the catalog describes it, for tools beside the compiler.
#[derive(Debug, Clone, Copy)]
pub struct CatalogEntry<'c> {
    /// The name in YAML: `create_branch`.
    pub name: &'c str,
    /// The plugin type that serves it; `None` for actions that only read our own records.
    pub plugin: Option<PluginType>,
    /// Other names that mean it.
    pub aliases: &'c [String],
    /// The actions that may take its effect back; none if it has no effect or the effect stays.
    pub inverses: &'c [String],
    /// Whether it changes something outside.
    pub effect: bool,
    /// Whether it asks a model.
    pub asks_model: bool,
    /// How long its function may run, in seconds.
    pub timeout_seconds: u64,
    /// The JSON Schema of its input, draft 2020-12.
    pub input: &'c Value,
    /// The JSON Schema of its output, draft 2020-12.
    pub output: &'c Value,
}

/// Why a catalog cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalog cannot be read: {0}")]
pub struct InvalidCatalog(String);

impl Catalog {
    /// A catalog without actions, with our own events.
    pub(crate) fn empty() -> Self {
        Self { actions: BTreeMap::new(), events: EventSpecs::new([]) }
    }

    /// Reads `{"actions": {"create_branch": {"plugin": "version_control", "effect": true, "input": <JSON Schema>,
    /// "output": <JSON Schema>}}}`. An entry may also have `aliases` (other names of the action), `inverses` (the actions that
    /// may take its effect back), `asks_model` (those of `ai_provider` do where it is absent) and `timeout_seconds` (of its function; 60, or 600 for `ai_provider`, where absent). An input's
    /// property may have `x-aliases`, `x-authored` where a model follows it, and `x-status` where it names a tracker's status. Schemas are JSON Schema, draft 2020-12, as schemars writes them. `events`, where it is
    /// given, is the list of [`EventSpecs`]; without it, only our own are known.
    ///
    /// # Errors
    /// [`InvalidCatalog`] when it is not JSON of this shape.
    pub fn from_json(json: &str) -> Result<Self, InvalidCatalog> {
        let root: Value = serde_json::from_str(json).map_err(|error| InvalidCatalog(error.to_string()))?;
        Self::from_value(&root)
    }

    /// The same from parsed JSON.
    ///
    /// # Errors
    /// As [`Catalog::from_json`].
    pub fn from_value(root: &Value) -> Result<Self, InvalidCatalog> {
        let actions = root
            .get("actions")
            .and_then(Value::as_object)
            .ok_or_else(|| InvalidCatalog("it has no object `actions`".to_owned()))?;
        let actions = actions
            .iter()
            .map(|(name, entry)| Ok((name.clone(), Action::read(name, entry)?)))
            .collect::<Result<_, InvalidCatalog>>()?;
        let events = match root.get("events") {
            Some(events) => serde_json::from_value(events.clone())
                .map_err(|error| InvalidCatalog(format!("`events`: {error}")))?,
            None => EventSpecs::new([]),
        };
        Ok(Self { actions, events })
    }

    /// The same catalog with these events.
    #[must_use]
    pub fn with_events(self, events: EventSpecs) -> Self {
        Self { events, ..self }
    }

    /// Every event that triggers and waits may name.
    pub fn events(&self) -> &EventSpecs {
        &self.events
    }

    /// The event of this name.
    pub(crate) fn event(&self, name: &str) -> Option<Arc<EventSpec>> {
        self.events.find(name).cloned().map(Arc::new)
    }

    /// Every action, in the order of their names.
    pub fn entries(&self) -> impl Iterator<Item = CatalogEntry<'_>> {
        self.actions.values().map(Action::as_entry)
    }

    /// The action that `name` means, by its own name or an alias.
    pub fn entry(&self, name: &str) -> Option<CatalogEntry<'_>> {
        self.find(name).map(Action::as_entry)
    }

    /// The action that `name` means: by its own name or an alias.
    pub(crate) fn find(&self, name: &str) -> Option<&Action> {
        self.actions
            .get(name)
            .or_else(|| self.actions.values().find(|action| action.aliases.iter().any(|alias| alias == name)))
    }

    pub(crate) fn names(&self, plugin: Option<PluginType>) -> impl Iterator<Item = &str> {
        self.actions
            .values()
            .filter(move |action| plugin.is_none() || action.plugin == plugin)
            .map(|action| action.name.as_str())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Action> {
        self.actions.values()
    }
}

impl Action {
    fn read(name: &str, entry: &Value) -> Result<Self, InvalidCatalog> {
        let plugin = match entry.get("plugin") {
            None | Some(Value::Null) => None,
            Some(Value::String(plugin)) => {
                Some(plugin.parse().map_err(|error| InvalidCatalog(format!("action `{name}`: {error}")))?)
            }
            Some(other) => return Err(InvalidCatalog(format!("action `{name}`: plugin is {other}"))),
        };
        let default = if plugin == Some(PluginType::AiProvider) {
            DEFAULT_AI_TIMEOUT_SECONDS
        } else {
            DEFAULT_TIMEOUT_SECONDS
        };
        Ok(Self {
            name: name.to_owned(),
            plugin,
            aliases: strings(entry.get("aliases")).into_iter().map(str::to_owned).collect(),
            inverses: strings(entry.get("inverses")).into_iter().map(str::to_owned).collect(),
            effect: entry.get("effect").and_then(Value::as_bool).unwrap_or(false),
            confirms: entry.get("confirms").and_then(Value::as_bool).unwrap_or(false),
            asks_model: entry
                .get("asks_model")
                .and_then(Value::as_bool)
                .unwrap_or(plugin == Some(PluginType::AiProvider)),
            timeout_seconds: entry.get("timeout_seconds").and_then(Value::as_u64).unwrap_or(default),
            input: object(name, "input", entry)?,
            output: object(name, "output", entry)?,
            entry: Arc::new(entry.clone()),
        })
    }

    fn as_entry(&self) -> CatalogEntry<'_> {
        CatalogEntry {
            name: &self.name,
            plugin: self.plugin,
            aliases: &self.aliases,
            inverses: &self.inverses,
            effect: self.effect,
            asks_model: self.asks_model,
            timeout_seconds: self.timeout_seconds,
            input: &self.entry["input"],
            output: &self.entry["output"],
        }
    }

    /// The actions that a way back from this one may call: what takes it back, and the action itself, which looks for what it did when
    /// its answer was lost.
    pub(crate) fn ways_back(&self) -> impl Iterator<Item = String> + '_ {
        self.inverses.iter().cloned().chain(self.effect.then(|| self.name.clone()))
    }

    /// The input field that `name` means, by its own name or an alias, with its own name.
    pub(crate) fn input_field(&self, name: &str) -> Option<(&str, &Field)> {
        self.input.find(name)
    }
}

fn object(name: &str, which: &str, entry: &Value) -> Result<Arc<ObjectType>, InvalidCatalog> {
    let schema =
        entry.get(which).ok_or_else(|| InvalidCatalog(format!("action `{name}` has no {which} schema")))?;
    match Type::from_schema(schema, schema).kind {
        // The schema's own title says `Input` or `Output`, which does not help.
        Kind::Object(object) => Ok(Arc::new(ObjectType { name: None, ..(*object).clone() })),
        _ => Err(InvalidCatalog(format!("action `{name}`: its {which} schema is not an object"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_mistakes_named() {
        let catalog = Catalog::from_json(
            r#"{"actions": {"generate_code_implementation": {"plugin": "ai_provider", "aliases": ["generate_code"],
                "input": {"type": "object"}, "output": {"type": "object"}}}}"#,
        )
        .unwrap();
        let action = catalog.find("generate_code").unwrap();
        assert_eq!((action.name.as_str(), action.timeout_seconds), ("generate_code_implementation", 600));
        assert!(catalog.event("schedule").is_some());
        let said = EventSpec::new(domain::EventName::from_static("x.said"), "Somebody said it.");
        assert!(catalog.with_events(EventSpecs::new([said])).event("x.said").is_some());
        for (json, message) in [
            ("[]", "no object `actions`"),
            (r#"{"actions": {"x": {"plugin": "y"}}}"#, "`y` is not a plugin type"),
            (r#"{"actions": {"x": {}}}"#, "no input schema"),
            (r#"{"actions": {}, "events": [{}]}"#, "`events`: missing field `name`"),
            ("{", "EOF"),
        ] {
            assert!(Catalog::from_json(json).unwrap_err().to_string().contains(message), "{json}");
        }
    }
}
