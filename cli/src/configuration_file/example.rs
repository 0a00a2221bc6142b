//! A complete configuration with comments, written from the types.

use super::shape::Shape;
use domain::PluginType;
use domain::configuration::{
    AtWork, Budgets, Capacity, CapacityPer, CiGate, Configuration, PROTECTED_PATHS, ProjectChecks,
    REPOSITORY_WRITERS, SignIn, Webhooks,
};
use providers::ProviderSpec;
use schemars::schema_for;
use serde_json::{Map, Value, json};

/// How wide a comment may be, with its indentation.
const WIDTH: usize = 110;

const HEAD: &str = "\
# A complete configuration of Ticketsmith with every key. Keep what you need: only `projects` is required.
# `ticketsmith config check` reports everything that is wrong with a file.
";

/// An example of `ticketsmith.yaml` with every key, each under its description. It is a valid configuration.
pub(crate) fn example() -> String {
    let schema = schema_for!(Configuration).to_value();
    let mut text = HEAD.to_owned();
    let values = values();
    for (key, value) in values.as_object().into_iter().flatten() {
        let Some(shape) = Shape::new(&schema).value_of(key) else { continue };
        text.push('\n');
        if key == "plugins" {
            comment(&mut text, shape.description(), 0);
            text.push_str("plugins:\n");
            sections(&mut text, value, shape);
        } else {
            entry(&mut text, key, value, shape, 0);
        }
    }
    text
}

/// Each section has the keys of every section, followed by those of its provider.
fn sections(text: &mut String, sections: &Value, common: Shape<'_>) {
    for (name, section) in sections.as_object().into_iter().flatten() {
        let provider = section.get("provider").and_then(Value::as_str).unwrap_or(name);
        let Ok(spec) = providers::find(provider) else { continue };
        let own = spec.settings.schema().to_value();
        comment(text, &format!("{}.", spec.name), 2);
        text.push_str(&format!("  {name}:\n"));
        for (key, value) in section.as_object().into_iter().flatten() {
            let own = Shape::new(&own).property(key);
            let shape = own.or_else(|| common.value_of(name)?.resolved().value_of(key));
            if let Some(shape) = shape {
                entry(text, key, value, shape, 4);
            }
        }
    }
}

/// A key under its description, with its value.
fn entry(text: &mut String, key: &str, value: &Value, shape: Shape<'_>, indent: usize) {
    comment(text, shape.description(), indent);
    text.push_str(&format!("{}{key}:", " ".repeat(indent)));
    block(text, value, shape.resolved(), indent);
}

/// A value after its key: on the same line, or as a block below it.
fn block(text: &mut String, value: &Value, shape: Shape<'_>, indent: usize) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            text.push('\n');
            for (key, value) in entries {
                match shape.value_of(key) {
                    // The keys of such a map are the user's names and need no description.
                    Some(inner) if shape.property(key).is_some() => {
                        entry(text, key, value, inner, indent + 2)
                    }
                    _ => text.push_str(&format!("{}{key}: {}\n", " ".repeat(indent + 2), inline(value))),
                }
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            text.push('\n');
            for item in items {
                let mut lines = String::new();
                block(&mut lines, item, shape.items().unwrap_or(shape).resolved(), indent + 2);
                let lines = lines.trim_start_matches('\n');
                let dash = format!("{}- ", " ".repeat(indent + 2));
                // The first key follows the dash; its description is above it.
                let first_key =
                    lines.lines().position(|line| !line.trim_start().starts_with('#')).unwrap_or(0);
                for (number, line) in lines.lines().enumerate() {
                    if number == first_key {
                        text.push_str(&format!("{dash}{}\n", line.trim_start()));
                    } else if number < first_key {
                        text.push_str(&format!("{}\n", line.strip_prefix("  ").unwrap_or(line)));
                    } else {
                        text.push_str(&format!("{line}\n"));
                    }
                }
            }
        }
        _ => text.push_str(&format!(" {}\n", inline(value))),
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}: {}", inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(plain) if is_plain(plain) => plain.clone(),
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes anywhere.
fn is_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_word)
        && !["true", "false", "null", "yes", "no", "on", "off", "inf", "nan"]
            .contains(&text.to_lowercase().as_str())
}

fn comment(text: &mut String, description: &str, indent: usize) {
    let start = format!("{}#", " ".repeat(indent));
    let mut line = start.clone();
    for word in description.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(&format!("{line}\n"));
            line.clone_from(&start);
        }
        line.push(' ');
        line.push_str(word);
    }
    if line != start {
        text.push_str(&format!("{line}\n"));
    }
}

/// The values of the example, except those of providers. A test checks that no key of the types is missing.
fn values() -> Value {
    let serving = |plugin: &PluginType| {
        let able =
            providers::ALL.iter().filter(|spec| spec.serves.contains(plugin) && !spec.secret.is_empty());
        // The dedicated tracker: a code host has issues, too.
        let able = able.min_by_key(|spec| (!providers::is_shown(spec), spec.serves.len()));
        able.map(|spec| (plugin.as_str().to_owned(), spec.id.into()))
    };
    let served: Map<String, Value> = PluginType::ALL.iter().filter_map(serving).collect();
    let in_use: Vec<_> =
        providers::ALL.iter().filter(|spec| served.values().any(|id| id.as_str() == Some(spec.id))).collect();
    let plugins: Map<_, _> = in_use.iter().map(|spec| (spec.id.to_owned(), section(spec))).collect();
    let accounts = || in_use.iter().filter_map(|spec| Some((spec.id, spec.account?)));
    let bots: Map<_, _> = accounts().map(|(id, form)| (id.to_owned(), form.bot_example.into())).collect();
    let mut person = Map::from_iter([
        ("name".to_owned(), json!("ada")),
        ("roles".to_owned(), json!(["developer", "approver"])),
    ]);
    person.extend(accounts().map(|(id, form)| (id.to_owned(), form.example.into())));
    let budgets = Budgets {
        per_project_month_usd: Some(2_000.0),
        per_workflow_month_usd: Some(1_500.0),
        ..Budgets::default()
    };
    let defaults =
        serde_json::to_value((Webhooks::default(), budgets, AtWork::default())).unwrap_or_default();
    let [mut webhooks, budgets, at_work] = [0, 1, 2].map(|index| defaults[index].clone());
    webhooks["own_accounts"] = bots.into();
    let mut project = json!({
        "key": "SHOP",
        "repository": "acme/shop",
        "base_branch": "main",
        "providers": served,
        "channel": "#shop-dev",
        "space": "SHOP",
        "may_trigger": ["engineering", REPOSITORY_WRITERS],
        "statuses": { "in_review": "Code Review" },
    });
    project["ci_gate"] = json!(CiGate::default());
    project["capacity"] = json!(Capacity { open_pull_requests: 3, per: CapacityPer::Codeowner });
    project["workflows"] = json!(["code_review"]);
    project["protected_paths"] = json!(PROTECTED_PATHS);
    let checks = ProjectChecks {
        setup: Some("npm ci".into()),
        build: Some("npm run build".into()),
        lint: Some("npm run lint".into()),
        test: Some("npm test".into()),
        mounts: vec!["/opt/node".into()],
        ..ProjectChecks::default()
    };
    project["checks"] = serde_json::to_value(checks).unwrap_or_default();
    json!({
        "projects": [project],
        "plugins": plugins,
        "webhooks": webhooks,
        "sign_in": SignIn::example(),
        "budgets": budgets,
        "notify": ["approval", "failed"],
        "at_work": at_work,
        "groups": { "engineering": ["ada"] },
        "users": [person],
    })
}

/// A provider's section: each setting has its default, or the example that its type gives.
fn section(spec: &ProviderSpec) -> Value {
    let schema = spec.settings.schema().to_value();
    let settings = schema["properties"].as_object().into_iter().flatten().filter_map(|(key, schema)| {
        let example = schema.get("examples").and_then(|examples| examples.get(0));
        Some((key.clone(), example.or_else(|| schema.get("default"))?.clone()))
    });
    let common = [
        ("secret".to_owned(), format!("ticketsmith/{}", spec.id).into()),
        ("rate_limit".to_owned(), String::from(spec.rate).into()),
    ];
    common.into_iter().chain(settings).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration_file::ConfigurationFile;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ticketsmith.example.yaml");

    #[test]
    fn generated_example_is_up_to_date_and_valid() {
        let fresh = example();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(PATH, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(PATH).unwrap_or_default();
        assert!(committed == fresh, "ticketsmith.example.yaml is stale: run ./check generate");
        ConfigurationFile::load(PATH.as_ref()).unwrap();
    }

    #[test]
    fn every_key_of_the_types_is_in_the_example() {
        let text = example();
        let schema = schema_for!(Configuration).to_value();
        let mut keys: Vec<String> = Vec::new();
        let definitions = schema["$defs"].as_object().unwrap().values();
        for schema in definitions.chain([&schema]) {
            keys.extend(schema["properties"].as_object().into_iter().flat_map(|keys| keys.keys().cloned()));
        }
        // Of several providers that serve alike, it shows one; the reference has all.
        for spec in providers::ALL.iter().filter(|spec| text.contains(&format!("\n  {}:\n", spec.id))) {
            let schema = spec.settings.schema().to_value();
            keys.extend(schema["properties"].as_object().into_iter().flat_map(|keys| keys.keys().cloned()));
        }
        // A section has another name than its provider only where two instances share it.
        for key in keys.iter().filter(|key| *key != "provider") {
            assert!(text.contains(&format!("{key}:")), "{key} is missing in the example:\n{text}");
        }
    }
}
