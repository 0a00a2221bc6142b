//! Whether a file has the keys and types of a configuration, reported for the whole file at once.

use domain::configuration::{Problem, unknown_key};
use domain::instead_of;
use providers::{described, words};
use serde_json::{Map, Value};
use workflow::Document;

/// How often a reference to a definition is followed; definitions that only refer to each other end nowhere.
const REFERENCES: usize = 16;

/// A JSON Schema as `schemars` writes it, and the definitions that it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'s> {
    schema: &'s Value,
    root: &'s Value,
}

impl<'s> Shape<'s> {
    /// The whole schema.
    pub(super) fn new(root: &'s Value) -> Self {
        Self { schema: root, root }
    }

    /// Keeps every text as written: where text is expected, `5e10` and `1.10` are not numbers, and `on` is not a boolean.
    pub(super) fn read_texts(self, value: &mut Value, document: &Document<'_>, pointer: &str) {
        match value {
            Value::Number(_) | Value::Bool(_) => {
                let wants_text = self.options().iter().any(|option| option.has_type("string"));
                if wants_text && let Some(written) = document.written(pointer) {
                    *value = written.into();
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    for shape in self.options().into_iter().filter_map(Self::items) {
                        shape.read_texts(item, document, &format!("{pointer}/{index}"));
                    }
                }
            }
            Value::Object(entries) => {
                for (key, entry) in entries {
                    for shape in self.options().into_iter().filter_map(|option| option.value_of(key)) {
                        shape.read_texts(entry, document, &inside(pointer, key));
                    }
                }
            }
            _ => {}
        }
    }

    /// Finds every unknown or missing key and every value of a wrong type, and removes the wrong ones if they are optional, so
    /// that the rest can be checked further.
    pub(super) fn check(
        self,
        value: &mut Value,
        document: &Document<'_>,
        pointer: &str,
        problems: &mut Vec<Problem>,
    ) -> bool {
        let before = problems.len();
        let options = self.options();
        let mut problem = |message: String| problems.push(Problem { pointer: pointer.to_owned(), message });
        let Some(shape) = options.iter().find(|option| option.accepts_kind(value)).copied() else {
            let wanted: Vec<_> = options.iter().flat_map(|option| option.types()).map(words).collect();
            let wanted = wanted.join(" or ");
            problem(match (document.comment_instead_of_value(pointer), document.no_number(pointer)) {
                (Some(comment), _) => {
                    format!("it is empty, because `{comment}` is a comment; put a text with `#` in quotes")
                }
                (None, Some((written, reason))) => format!("it must be {wanted}, but `{written}` {reason}"),
                (None, None) => format!("it must be {wanted}, but it is {}", described(value)),
            });
            return false;
        };
        if let (Some(names), Some(given)) = (shape.names(), value.as_str())
            && !names.contains(&given)
        {
            let instead = instead_of(given, "accepted", names.iter().copied());
            problem(format!("`{given}` is not accepted; {instead}"));
        }
        if let Some(number) = value.as_f64() {
            let bound = |key| shape.schema.get(key).and_then(Value::as_f64);
            // If only the type restricts it, the schema names it alone.
            let widest =
                (shape.schema.get("format") == Some(&"uint32".into())).then_some(f64::from(u32::MAX));
            let (least, most) = (bound("minimum"), bound("maximum").or(widest));
            if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
                let least = least.map(|least| format!(" from {least}")).unwrap_or_default();
                let most = most.map(|most| format!(" up to {most}")).unwrap_or_default();
                problem(format!("{value} is out of range; accepted: numbers{least}{most}"));
            }
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(items) = shape.items()
                        && !items.check(item, document, &format!("{pointer}/{index}"), problems)
                        && (entry_is_scalar(item) || !items.is_of_kind(item))
                    {
                        // Removing it would shift the others.
                        *item = items.filler();
                    }
                }
            }
            Value::Object(entries) => shape.check_entries(entries, document, pointer, problems),
            _ => {}
        }
        problems.len() == before
    }

    fn check_entries(
        self,
        entries: &mut Map<String, Value>,
        document: &Document<'_>,
        pointer: &str,
        problems: &mut Vec<Problem>,
    ) {
        let required: Vec<_> =
            self.schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        let is_required = |key: &str| required.iter().any(|name| name.as_str() == Some(key));
        for name in
            required.iter().filter_map(|name| name.as_str()).filter(|name| !entries.contains_key(*name))
        {
            problems.push(Problem { pointer: inside(pointer, name), message: "it is missing".to_owned() });
        }
        let known = self.schema.get("properties").and_then(Value::as_object);
        entries.retain(|key, entry| {
            let place = inside(pointer, key);
            let is_named = known.is_some_and(|known| known.contains_key(key));
            let Some(shape) = self.value_of(key) else {
                let message = unknown_key(key, known.into_iter().flat_map(Map::keys).map(String::as_str));
                problems.push(Problem { pointer: place, message });
                return false;
            };
            if entry.is_null() && !is_required(key) && document.comment_instead_of_value(&place).is_none() {
                // `budgets:` with nothing says nothing, but `github:` under `plugins` says that it is used.
                let is_section = !is_named && shape.options().iter().any(|option| option.has_type("object"));
                if is_section {
                    *entry = Value::Object(Map::new());
                }
                return is_section;
            }
            // What is inside a value of the right kind is read without what is wrong in it.
            let is_read = !entry_is_scalar(entry) && shape.is_of_kind(entry);
            shape.check(entry, document, &place, problems) || is_required(key) || is_read
        });
    }

    /// Checks the values of keys that the type names, and takes out wrong ones. The provider, which knows all keys, reports others
    /// and missing ones.
    pub(super) fn check_named(
        self,
        value: &mut Value,
        document: &Document<'_>,
        pointer: &str,
        problems: &mut Vec<Problem>,
    ) {
        let Some(entries) = value.as_object_mut() else { return };
        entries.retain(|key, entry| {
            let Some(shape) = self.property(key).filter(|_| !entry.is_null()) else { return true };
            shape.check(entry, document, &inside(pointer, key), problems)
        });
    }

    /// The schemas of which one must match, without `null`, which means that the value is absent.
    fn options(self) -> Vec<Self> {
        let mut shape = self;
        for _ in 0..REFERENCES {
            let Some(reference) = shape.schema.get("$ref").and_then(Value::as_str) else { break };
            let Some(found) = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer))
            else {
                break;
            };
            shape.schema = found;
        }
        match shape.schema.get("anyOf").and_then(Value::as_array) {
            Some(options) => {
                let options = options.iter().map(|schema| Self { schema, root: self.root });
                options.filter(|option| !option.has_type("null")).flat_map(Self::options).collect()
            }
            None => vec![shape],
        }
    }

    /// Its types; none if it accepts every value.
    fn types(self) -> Vec<&'s str> {
        let types = match self.schema.get("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ if self.names().is_some() => vec!["string"],
            _ => Vec::new(),
        };
        types
            .into_iter()
            .filter(|name| *name != "null" || self.schema.get("type") == Some(&"null".into()))
            .collect()
    }

    fn has_type(self, name: &str) -> bool {
        self.types().contains(&name)
    }

    fn is_of_kind(self, value: &Value) -> bool {
        self.options().iter().any(|option| option.accepts_kind(value))
    }

    fn accepts_kind(self, value: &Value) -> bool {
        let types = self.types();
        types.is_empty()
            || types.iter().any(|name| match *name {
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "object" => value.is_object(),
                "array" => value.is_array(),
                _ => value.is_null(),
            })
    }

    /// A valid value of the type, to replace a wrong one.
    fn filler(self) -> Value {
        let shape = self.resolved();
        match shape.names().and_then(|names| names.first().copied()) {
            Some(name) => name.into(),
            None if shape.has_type("string") => "missing/value".into(),
            None if shape.has_type("object") => Value::Object(Map::new()),
            None => 0.into(),
        }
    }

    /// The only texts that it accepts, if they are listed.
    fn names(self) -> Option<Vec<&'s str>> {
        if let Some(names) = self.schema.get("enum").and_then(Value::as_array) {
            return Some(names.iter().filter_map(Value::as_str).collect());
        }
        let options = self.schema.get("oneOf").and_then(Value::as_array)?;
        options.iter().map(|option| option.get("const").and_then(Value::as_str)).collect()
    }

    /// The target of a reference, or the only form of an optional value.
    pub(super) fn resolved(self) -> Self {
        self.options().first().copied().unwrap_or(self)
    }

    /// The type's documentation.
    pub(super) fn description(self) -> &'s str {
        self.schema.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    /// The schema of a key that the type names.
    pub(super) fn property(self, key: &str) -> Option<Self> {
        let schema = self.schema.get("properties")?.get(key)?;
        Some(Self { schema, root: self.root })
    }

    /// The schema of a list's items.
    pub(super) fn items(self) -> Option<Self> {
        self.schema.get("items").map(|schema| Self { schema, root: self.root })
    }

    /// The schema of a key's value; `None` if the key is unknown.
    pub(super) fn value_of(self, key: &str) -> Option<Self> {
        let named = self.schema.get("properties").and_then(|properties| properties.get(key));
        let schema = match named.or_else(|| self.schema.get("additionalProperties")) {
            Some(Value::Bool(false)) => return None,
            Some(schema) => schema,
            None => &Value::Bool(true),
        };
        Some(Self { schema, root: self.root })
    }
}

fn entry_is_scalar(entry: &Value) -> bool {
    !entry.is_object() && !entry.is_array()
}

/// The place of a key inside another place.
pub(super) fn inside(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
