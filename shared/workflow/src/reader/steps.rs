//! One entry of `steps:`.

use super::Reader;
use super::fields::{Fields, boolean, duration, mapping, text, whole_number, word};
use super::values::{given, named};
use crate::model::{Agent, Call, Form, Given, OnError, Part, Retry, Rollback, Step, StepKind};
use crate::names;
use crate::source::Spanned;
use crate::yaml::{Data, Node};
use domain::PluginType;

const COMMON: [&str; 4] = ["name", "description", "type", "when"];
const CALL: [&str; 12] = [
    "plugin",
    "action",
    "agent",
    "prompt_template",
    "inputs",
    "outputs",
    "timeout",
    "on_error",
    "retry_count",
    "retry",
    "rollback",
    "required",
];
const SET: [&str; 1] = ["variables"];
const FAIL: [&str; 2] = ["error", "cause"];
const UNDO: [&str; 1] = ["run"];

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Plugin,
    Ai,
    Set,
    Fail,
    Undo,
}

const TYPES: [(&str, Type); 5] = [
    ("plugin_action", Type::Plugin),
    ("ai_action", Type::Ai),
    ("set", Type::Set),
    ("fail", Type::Fail),
    ("undo", Type::Undo),
];
/// Types of the language that this compiler does not know yet.
const LATER: [&str; 7] = ["parallel", "foreach", "loop", "switch", "approval", "wait", "workflow"];
const POLICIES: [(&str, OnError); 4] = [
    ("fail", OnError::Fail),
    ("retry", OnError::Retry),
    ("continue", OnError::Continue),
    ("rollback", OnError::Rollback),
];

pub(crate) fn read(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Step> {
    mapping(node, "a step", reader)?;
    let kind = kind_of(node, reader)?;
    let (what, own): (&'static str, &[&str]) = match kind {
        Type::Plugin => ("a plugin_action", &CALL),
        Type::Ai => ("an ai_action", &CALL),
        Type::Set => ("a set step", &SET),
        Type::Fail => ("a fail step", &FAIL),
        Type::Undo => ("an undo step", &UNDO),
    };
    let accepted: Vec<&str> = COMMON
        .iter()
        .chain(own)
        .copied()
        .filter(|key| match kind {
            Type::Plugin => !matches!(*key, "agent" | "prompt_template"),
            Type::Ai => !matches!(*key, "plugin" | "required"),
            _ => true,
        })
        .collect();
    let fields = Fields::of(node, what, &accepted, reader)?;
    let name = fields.required("name", reader).and_then(|node| text(node, "`name`", reader))?;
    if let Err(refusal) = names::step(&name.value) {
        reader.problems.error(name.span, refusal);
    }
    let kind = match kind {
        Type::Plugin | Type::Ai => StepKind::Call(call(&fields, kind, &name, reader)?),
        Type::Set => StepKind::Set(named(fields.required("variables", reader)?, "`variables`", reader)),
        Type::Fail => StepKind::Fail {
            error: fields.required("error", reader).map(|node| given(node, reader))?,
            cause: fields.required("cause", reader).map(|node| given(node, reader))?,
        },
        Type::Undo => StepKind::Undo { run: fields.required("run", reader).map(|node| given(node, reader))? },
    };
    let (line, _) = reader.source.position(name.span.start);
    Some(Step {
        kind,
        description: fields
            .get("description")
            .and_then(|node| text(node, "`description`", reader))
            .map(|text| text.value),
        when: fields.get("when").map(|node| condition(node, reader)),
        on_error: fields
            .get("on_error")
            .and_then(|node| word(node, "`on_error`", &POLICIES, reader))
            .unwrap_or_default(),
        retry: retry(&fields, reader),
        timeout_seconds: fields.get("timeout").and_then(|node| duration(node, "`timeout`", reader)),
        rollback: fields.get("rollback").and_then(|node| rollback(node, reader)),
        line,
        implicit: false,
        name,
    })
}

fn kind_of(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Type> {
    let Data::Map(entries) = &node.data else { return None };
    let find = |key: &str| entries.iter().find(|entry| entry.key.value == key);
    match (find("type"), find("plugin")) {
        (Some(entry), _) => {
            let name = text(&entry.value, "`type`", reader)?;
            if LATER.contains(&name.value.as_str()) {
                reader
                    .problems
                    .error(entry.value.span, format!("steps of type `{}` are not supported yet", name.value))
                    .help(format!("accepted: {}", TYPES.map(|(word, _)| word).join(", ")));
                return None;
            }
            word(&entry.value, "a step's `type`", &TYPES, reader)
        }
        (None, Some(_)) => Some(Type::Plugin),
        (None, None) => {
            let place = entries.first().map_or(node.span, |entry| entry.key.span);
            reader
                .problems
                .error(place, "a step needs `plugin:` or `type:`")
                .help(format!("types: {}", TYPES.map(|(word, _)| word).join(", ")));
            None
        }
    }
}

fn call(
    fields: &Fields<'_>,
    kind: Type,
    name: &Spanned<String>,
    reader: &mut Reader<'_, '_>,
) -> Option<Call> {
    let action = match (fields.get("action"), kind) {
        (Some(node), _) => text(node, "`action`", reader)?,
        (None, Type::Ai) => name.clone(),
        (None, _) => text(fields.required("action", reader)?, "`action`", reader)?,
    };
    let plugin = match (fields.get("plugin"), kind) {
        (Some(node), _) => {
            let plugins = PluginType::ALL.map(|plugin| (plugin.as_str(), plugin));
            word(node, "a plugin type", &plugins, reader).map(|plugin| Spanned::new(plugin, node.span))
        }
        (None, Type::Plugin) => {
            fields.required("plugin", reader);
            None
        }
        (None, _) => None,
    };
    let agent = (kind == Type::Ai).then(|| Agent {
        name: fields.get("agent").and_then(|node| text(node, "`agent`", reader)),
        prompt_template: fields
            .get("prompt_template")
            .and_then(|node| text(node, "`prompt_template`", reader)),
    });
    Some(Call {
        action,
        plugin,
        agent,
        inputs: fields.get("inputs").map(|node| named(node, "`inputs`", reader)).unwrap_or_default(),
        outputs: fields.get("outputs").map(|node| outputs(node, reader)).unwrap_or_default(),
        required: fields
            .get("required")
            .and_then(|node| boolean(node, "`required`", reader))
            .unwrap_or(false),
    })
}

/// `<field of the action's output>: <variable path that receives it>`.
fn outputs(node: &Node, reader: &mut Reader<'_, '_>) -> Vec<(Spanned<String>, Spanned<Vec<String>>)> {
    let mut outputs = Vec::new();
    for entry in mapping(node, "`outputs`", reader).unwrap_or_default() {
        let Some(target) = text(&entry.value, "a variable path", reader) else { continue };
        let path: Vec<String> = target.value.split('.').map(str::to_owned).collect();
        match names::variable_path(&path) {
            Ok(()) => outputs.push((entry.key.clone(), Spanned::new(path, target.span))),
            Err(refusal) => {
                reader.problems.error(target.span, refusal);
            }
        }
    }
    outputs
}

/// A condition: `${ }` around it may be left out.
fn condition(node: &Node, reader: &mut Reader<'_, '_>) -> Given {
    match &node.data {
        Data::Text(text) if !text.contains("${") => {
            let expression = Spanned::new(text.trim().to_owned(), node.span);
            Given { span: node.span, form: Form::Text(vec![Part::Expression(expression)]) }
        }
        _ => given(node, reader),
    }
}

fn retry(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Retry> {
    let count =
        fields.get("retry_count").and_then(|node| whole_number(node, "`retry_count`", (0, 100), reader));
    let Some(node) = fields.get("retry") else {
        return count.map(|retries| Retry { retries, ..Retry::default() });
    };
    let keys = ["max_attempts", "base_delay", "max_delay", "backoff", "jitter"];
    let long = Fields::of(node, "`retry`", &keys, reader)?;
    let mut retry = Retry { retries: count.unwrap_or(Retry::default().retries), ..Retry::default() };
    if let Some(node) = long.get("max_attempts") {
        let tries = whole_number(node, "`max_attempts`", (1, 101), reader)?;
        if count.is_some_and(|retries| retries + 1 != tries) {
            reader
                .problems
                .error(
                    fields.key_span("retry_count"),
                    "`retry_count` and `max_attempts` say different things",
                )
                .help("`retry_count: 2` is `max_attempts: 3`: the first counts retries, the second tries");
        }
        retry.retries = tries - 1;
    }
    if let Some(node) = long.get("base_delay") {
        retry.base_delay_seconds = duration(node, "`base_delay`", reader)?.value;
    }
    if let Some(node) = long.get("max_delay") {
        retry.max_delay_seconds = duration(node, "`max_delay`", reader)?.value;
    }
    if retry.max_delay_seconds <= retry.base_delay_seconds {
        retry.max_delay_seconds = retry.max_delay_seconds.max(retry.base_delay_seconds + 1);
        if let Some(node) = long.get("max_delay") {
            reader.problems.error(node.span, "`max_delay` must be longer than `base_delay`");
        }
    }
    if let Some(node) = long.get("backoff") {
        let factor = match node.data {
            Data::Integer(factor) => Some(factor as f64),
            Data::Number(factor) => Some(factor),
            _ => None,
        };
        match factor.filter(|factor| (1.0..=10.0).contains(factor)) {
            Some(factor) => retry.backoff = factor,
            None => {
                reader.problems.error(node.span, "`backoff` is a number from 1 to 10");
            }
        }
    }
    if let Some(node) = long.get("jitter") {
        retry.jitter = boolean(node, "`jitter`", reader)?;
    }
    Some(retry)
}

fn rollback(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Rollback> {
    let fields = Fields::of(node, "`rollback`", &["action", "inputs"], reader)?;
    Some(Rollback {
        action: text(fields.required("action", reader)?, "`action`", reader)?,
        inputs: fields.get("inputs").map(|node| named(node, "`inputs`", reader)).unwrap_or_default(),
    })
}
