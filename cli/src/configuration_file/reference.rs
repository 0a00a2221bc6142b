//! `docs/configuration.md`: every key of the configuration, written from the types.

use domain::configuration::{Configuration, SECTION_KEYS, Section};
use providers::{ProviderSpec, words};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");

const HEAD: &str = "\
# Configuration reference

The keys of `ticketsmith.yaml`, generated from the types. [ticketsmith.example.yaml](../ticketsmith.example.yaml) is a complete file, which also explains
the keys inside of a key whose value is a mapping, such as `checks` and `capacity`. A person's accounts are keys, too, by the names
of the services. `ticketsmith config check` reports everything that is wrong with a file; unknown keys are refused everywhere. Projects,
people and services can also be managed without changing the file: [projects.md](projects.md), [people.md](people.md), [plugins.md](plugins.md).
";

fn reference() -> String {
    let schema = schema_of::<Configuration>();
    let mut text = HEAD.to_owned();
    for (key, value) in properties(&schema) {
        let inner = resolved(value, &schema);
        let described = said(value, inner);
        let _infallible = write!(text, "\n## `{key}`\n\n{described}\n");
        if key == "plugins" {
            plugins(&mut text);
            continue;
        }
        let entries = inner.get("items").map_or(inner, |items| resolved(items, &schema));
        table(&mut text, entries, &schema, &[]);
    }
    text
}

/// The keys of every section, followed by those of each provider.
fn plugins(text: &mut String) {
    let common = schema_of::<Section>();
    text.push_str("\nEvery section has these keys:\n");
    table(text, &common, &common, &[]);
    for spec in providers::ALL {
        provider(text, spec);
    }
}

fn provider(text: &mut String, spec: &ProviderSpec) {
    let serves: Vec<_> = spec.serves.iter().map(|plugin| format!("`{plugin}`")).collect();
    let _infallible = write!(text, "\n### `{}`: {}\n\nServes {}.", spec.id, spec.name, serves.join(" and "));
    if let Some(bundle) = spec.bundle {
        let (id, forms) = (spec.id, spec.secret_forms());
        let _infallible = write!(
            text,
            " Its secret is `ticketsmith/{id}` unless the section says otherwise, in an account `ticketsmith/{bundle}#{id}`; it contains `{forms}`.",
            bundle = bundle.as_str()
        );
    }
    let _infallible = write!(text, " `rate_limit` is `{}` by default.", String::from(spec.rate));
    if let Some(account) = spec.account {
        let _infallible =
            write!(text, " Under `users`, people have a {} such as `{}`.", account.name, account.example);
    }
    text.push('\n');
    let settings = spec.settings.schema().to_value();
    table(text, &settings, &settings, &SECTION_KEYS);
}

fn table(text: &mut String, object: &Value, root: &Value, without: &[&str]) {
    let rows: Vec<_> = properties(object).filter(|(key, _)| !without.contains(&key.as_str())).collect();
    if rows.is_empty() {
        return;
    }
    text.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    let required = |key: &str| {
        object["required"].as_array().is_some_and(|required| required.iter().any(|name| name == key))
    };
    for (key, value) in rows {
        let inner = resolved(value, root);
        let default = match value.get("default") {
            Some(default) if !default.is_null() => format!("`{default}`"),
            _ if required(key) => "required".to_owned(),
            _ => String::new(),
        };
        let kind = kind(value, root);
        let meaning = said(value, inner);
        let _infallible =
            writeln!(text, "| `{key}` | {} | {} | {} |", cell(&kind), cell(&default), cell(&meaning));
    }
}

/// A description of the accepted values.
fn kind(value: &Value, root: &Value) -> String {
    let inner = resolved(value, root);
    let alternatives = |key: &str| inner.get(key).and_then(Value::as_array);
    if let Some(accepted) = alternatives("enum") {
        return accepted.iter().map(|one| format!("`{}`", plain(one))).collect::<Vec<_>>().join(", ");
    }
    if let Some(accepted) = alternatives("oneOf").or(alternatives("anyOf")) {
        let is_null = |one: &&Value| one["type"] == "null";
        let kinds: Vec<_> = accepted.iter().filter(|one| !is_null(one)).map(|one| kind(one, root)).collect();
        return kinds.join(", or ");
    }
    if let Some(constant) = inner.get("const") {
        return format!("`{}`", plain(constant));
    }
    if let Some(items) = inner.get("items") {
        return format!("a list of {}", kind(items, root));
    }
    if let Some(values) = inner.get("additionalProperties").filter(|values| values.is_object()) {
        return format!("a mapping to {}", kind(values, root));
    }
    match &inner["type"] {
        Value::Array(types) => {
            let types = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            types.map(words).collect::<Vec<_>>().join(" or ")
        }
        Value::String(name) => words(name).to_owned(),
        _ => "any value".to_owned(),
    }
}

/// A description: of the field, or otherwise of its type.
fn said(value: &Value, inner: &Value) -> String {
    let described = |schema: &Value| schema.get("description").and_then(Value::as_str).map(str::to_owned);
    described(value).or_else(|| described(inner)).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The schema that a reference names, or the only one that is not `null`.
fn resolved<'a>(value: &'a Value, root: &'a Value) -> &'a Value {
    let reference =
        value.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.trim_start_matches('#')));
    if let Some(found) = reference {
        return resolved(found, root);
    }
    let alternatives = value.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    match alternatives.filter(|one| one["type"] != "null").collect::<Vec<_>>()[..] {
        [only] => resolved(only, root),
        _ => value,
    }
}

fn schema_of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

#[test]
fn generated_reference_is_up_to_date() {
    let fresh = reference();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(PATH, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == fresh, "docs/configuration.md is stale: run ./check generate");
}

#[test]
fn every_key_has_a_meaning() {
    for line in reference().lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "{line}");
    }
}
