//! The settings of a provider's section, checked by the provider's own type.

use domain::configuration::{Instance, Problem, SECTION_KEYS, unknown_key};
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use std::fmt;

/// The type of a provider's own settings, as functions: `SettingsForm::of::<Settings>()`. Every field of the type has a doc comment, which
/// people read; a field without a default is required.
#[derive(Clone, Copy)]
pub struct SettingsForm {
    schema: fn() -> Schema,
    fill: fn(&Map<String, Value>) -> Filled,
}

/// Settings with every default filled in, or the place that cannot be read and why.
type Filled = Result<Map<String, Value>, (Vec<String>, String)>;

impl fmt::Debug for SettingsForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SettingsForm").finish_non_exhaustive()
    }
}

fn schema<T: JsonSchema>() -> Schema {
    schema_for!(T)
}

fn fill<T: DeserializeOwned + Serialize>(settings: &Map<String, Value>) -> Filled {
    let given = Value::from(settings.clone());
    let read: T = serde_path_to_error::deserialize(&given).map_err(|error| {
        let place = error.path().iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            _ => None,
        });
        (place.collect(), error.inner().to_string())
    })?;
    let ours = |error: serde_json::Error| (Vec::new(), error.to_string());
    serde_json::from_value(serde_json::to_value(read).map_err(ours)?).map_err(ours)
}

impl SettingsForm {
    /// Settings of this type.
    pub const fn of<T: DeserializeOwned + Serialize + JsonSchema>() -> Self {
        Self { schema: schema::<T>, fill: fill::<T> }
    }

    /// The JSON Schema of the settings, for editors and documentation.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }

    /// The settings with every default filled in; unreadable values stay as they are.
    pub fn filled(&self, settings: &Map<String, Value>) -> Map<String, Value> {
        (self.fill)(settings).unwrap_or_else(|_| settings.clone())
    }

    /// All problems of an instance's section: unknown keys, missing ones, values of the wrong type. Empty if the section can be
    /// used.
    pub fn problems(&self, instance: Instance<'_>) -> Vec<Problem> {
        let given = &instance.section.settings;
        let at = |key: &str, message: String| Problem::new(["plugins", instance.name.as_str(), key], message);
        let schema = self.schema();
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let mut problems = Vec::new();
        for (key, value) in given {
            match known.get(key) {
                None => problems.push(at(key, unknown(key, known.keys().map(String::as_str)))),
                Some(accepted) if !is_of_type(value, accepted) => {
                    let accepted = accepted.get("type").and_then(Value::as_str).unwrap_or_default();
                    let message = format!("it must be {}, but it is {}", words(accepted), described(value));
                    problems.push(at(key, message));
                }
                Some(accepted) => problems.extend(unusable(value, accepted).map(|why| at(key, why))),
            }
        }
        let section = |message| Problem::new(["plugins", instance.name.as_str()], message);
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        problems.extend(
            required
                .filter(|key| !given.contains_key(*key))
                .map(|key| section(format!("`{key}` is missing"))),
        );
        if problems.is_empty()
            && let Err((place, message)) = (self.fill)(given)
        {
            let section = ["plugins", instance.name.as_str()].into_iter();
            problems.push(Problem::new(section.chain(place.iter().map(String::as_str)), message));
        }
        problems
    }
}

fn unknown<'a>(key: &str, own: impl Iterator<Item = &'a str>) -> String {
    unknown_key(key, own.chain(SECTION_KEYS))
}

fn is_of_type(value: &Value, accepted: &Value) -> bool {
    match accepted.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        _ => true,
    }
}

/// Why a value of the right type cannot be used: a text without a word, or a number that is too small or too large.
fn unusable(value: &Value, accepted: &Value) -> Option<String> {
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Some("it is empty; leave it out for its default, if it has one".to_owned());
    }
    let number = value.as_f64()?;
    // Where the type is all that bounds it, the schema names it alone.
    let widest = (accepted.get("format") == Some(&"uint32".into())).then_some(f64::from(u32::MAX));
    let bound = |key| accepted.get(key).and_then(Value::as_f64);
    let (least, most) = (bound("minimum"), bound("maximum").or(widest));
    if !least.is_some_and(|least| number < least) && !most.is_some_and(|most| number > most) {
        return None;
    }
    let least = least.map(|least| format!(" from {least}")).unwrap_or_default();
    let most = most.map(|most| format!(" up to {most}")).unwrap_or_default();
    Some(format!("{value} is out of range; accepted: numbers{least}{most}"))
}

/// What a type of JSON Schema is called in messages: `a whole number`.
pub fn words(accepted: &str) -> &str {
    match accepted {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "object" => "a mapping",
        "array" => "a list",
        other => other,
    }
}

/// The name of a value in messages: `a list`, or the value itself.
pub fn described(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::configuration::Configuration;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Example {
        /// The address.
        base_url: String,
        /// The most tokens.
        #[serde(default)]
        #[schemars(range(min = 1))]
        max_tokens: u32,
    }

    fn problems(section: Value) -> Vec<String> {
        let configuration: Configuration =
            serde_json::from_value(json!({"projects": [], "plugins": {"x": section}})).unwrap();
        let found = SettingsForm::of::<Example>().problems(configuration.instance("x").unwrap());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_names_its_key() {
        assert!(problems(json!({"base_url": "u", "secret": "s", "rate_limit": "2/s"})).is_empty());
        let found = problems(json!({"bas_url": "u", "max_tokens": "many", "base_url": null}));
        let expected = [
            "plugins.x.bas_url: unknown key; did you mean `base_url`? accepted: base_url, max_tokens, provider, secret, rate_limit",
            "plugins.x.max_tokens: it must be a whole number, but it is `\"many\"`",
            "plugins.x.base_url: it must be text, but it is empty",
        ];
        assert_eq!(found, expected);
        assert_eq!(problems(json!({})), ["plugins.x: `base_url` is missing"]);
        for (given, told) in [
            (
                json!(5_000_000_000_u64),
                "5000000000 is out of range; accepted: numbers from 1 up to 4294967295",
            ),
            (json!(0), "0 is out of range; accepted: numbers from 1 up to 4294967295"),
            (json!(-1), "-1 is out of range; accepted: numbers from 1 up to 4294967295"),
        ] {
            let found = problems(json!({"base_url": "u", "max_tokens": given}));
            assert_eq!(found, [format!("plugins.x.max_tokens: {told}")]);
        }
        let found = problems(json!({"base_url": " "}));
        assert_eq!(found, ["plugins.x.base_url: it is empty; leave it out for its default, if it has one"]);
    }

    #[test]
    fn defaults_are_filled_in() {
        let filled = SettingsForm::of::<Example>().filled(json!({"base_url": "u"}).as_object().unwrap());
        assert_eq!(Value::from(filled), json!({"base_url": "u", "max_tokens": 0}));
    }
}
