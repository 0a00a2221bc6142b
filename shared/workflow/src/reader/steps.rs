//! The entries of `steps:`: the keys that all types share. Each type has its own file.

mod agent;
mod approval;
mod foreach;
mod loop_;
mod nested;
mod parallel;
mod retry;
mod sub_workflow;
mod switch;
mod wait;

use super::fields::{Fields, boolean, duration, list, mapping, text, word};
use super::state::Reader;
use super::values::{condition, given, named};
use crate::keys::names as key_names;
use crate::model::{Agent, Call, OnError, Rollback, Step, StepKind, Wait};
use crate::names;
use crate::source::Spanned;
use crate::step_type::StepType;
use crate::yaml::{Data, Node};
use domain::PluginType;
use retry::retry;

/// Steps deeper inside each other than this are refused: Step Functions nests 16 deep, and people read no further.
const DEEPEST: usize = 12;

const POLICIES: [(&str, OnError); 4] = [
    ("fail", OnError::Fail),
    ("retry", OnError::Retry),
    ("continue", OnError::Continue),
    ("rollback", OnError::Rollback),
];

/// The steps of a list.
pub(crate) fn read_all(node: &Node, what: &str, reader: &mut Reader<'_, '_>) -> Vec<Step> {
    let nodes = list(node, what, reader).unwrap_or_default();
    reader.depth += 1;
    let steps = if reader.depth > DEEPEST {
        reader
            .problems
            .error(node.span, format!("steps are nested more than {DEEPEST} deep"))
            .help("make the inner steps a workflow, and run it with a step of type `workflow`");
        Vec::new()
    } else {
        nodes.iter().filter_map(|node| read(node, reader)).collect()
    };
    reader.depth -= 1;
    steps
}

fn read(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Step> {
    mapping(node, "a step", reader)?;
    let kind = kind_of(node, reader)?;
    let fields = Fields::of(node, kind.noun(), &key_names(&kind.keys()), reader)?;
    let name = fields.required("name", reader).and_then(|node| text(node, "`name`", reader))?;
    if let Err(refusal) = names::step(&name.value) {
        reader.problems.error(name.span, refusal);
    }
    let timeout_seconds = fields.get("timeout").and_then(|node| duration(node, "`timeout`", reader));
    let kind = match kind {
        StepType::PluginAction | StepType::AiAction => StepKind::Call(call(&fields, kind, &name, reader)?),
        StepType::Agent => StepKind::Agent(agent::read(&fields, reader)),
        StepType::Parallel => StepKind::Parallel(parallel::read(&fields, read_all, reader)?),
        StepType::Foreach => StepKind::Foreach(foreach::read(&fields, read_all, reader)?),
        StepType::Loop => StepKind::Loop(loop_::read(&fields, read_all, reader)?),
        StepType::Switch => StepKind::Switch(switch::read(&fields, read_all, reader)?),
        StepType::Approval => StepKind::Approval(Box::new(approval::read(&fields, reader)?)),
        StepType::Wait => StepKind::Wait(wait::read(&fields, reader)?),
        StepType::Workflow => StepKind::Workflow(sub_workflow::read(&fields, reader)?),
        StepType::Set => StepKind::Set(named(fields.required("variables", reader)?, "`variables`", reader)),
        StepType::Fail => StepKind::Fail {
            error: fields.required("error", reader).map(|node| given(node, reader))?,
            cause: fields.required("cause", reader).map(|node| given(node, reader))?,
        },
        StepType::Undo => {
            StepKind::Undo { run: fields.required("run", reader).map(|node| given(node, reader))? }
        }
    };
    let line = reader.line(name.span.start);
    Some(Step {
        description: fields
            .get("description")
            .and_then(|node| text(node, "`description`", reader))
            .map(|text| text.value),
        when: fields.get("when").map(|node| condition(node, reader)),
        outputs: fields.get("outputs").map(|node| outputs(node, reader)).unwrap_or_default(),
        on_error: on_error(&fields, &kind, reader),
        retry: retry(&fields, reader),
        timeout_seconds,
        rollback: fields.get("rollback").and_then(|node| rollback(node, reader)),
        line,
        implicit: false,
        kind,
        name,
    })
}

/// The step's policy, which must be one that its kind can have.
fn on_error(fields: &Fields<'_>, kind: &StepKind, reader: &mut Reader<'_, '_>) -> OnError {
    let Some(node) = fields.get("on_error") else { return OnError::Fail };
    let Some(policy) = word(node, "`on_error`", &POLICIES, reader) else { return OnError::Fail };
    let refusal = match (kind, policy) {
        (StepKind::Fail { .. }, OnError::Retry | OnError::Continue) => {
            "a fail step ends the workflow: its `on_error` is `fail` or `rollback`"
        }
        (
            StepKind::Wait(Wait::For(_) | Wait::Until(_)),
            OnError::Retry | OnError::Continue | OnError::Rollback,
        ) => "a wait for a time has no `on_error`: put it into a `parallel` step that has one",
        _ => return policy,
    };
    reader.problems.error(node.span, refusal);
    OnError::Fail
}

fn kind_of(node: &Node, reader: &mut Reader<'_, '_>) -> Option<StepType> {
    let Data::Map(entries) = &node.data else { return None };
    let find = |key: &str| entries.iter().find(|entry| entry.key.value == key);
    match (find("type"), find("plugin")) {
        (Some(entry), _) => {
            let types = StepType::ALL.map(|kind| (kind.name(), kind));
            word(&entry.value, "a step's `type`", &types, reader)
        }
        (None, Some(_)) => Some(StepType::PluginAction),
        (None, None) => {
            let place = entries.first().map_or(node.span, |entry| entry.key.span);
            reader
                .problems
                .error(place, "a step needs `plugin:` or `type:`")
                .help(format!("types: {}", StepType::ALL.map(StepType::name).join(", ")));
            None
        }
    }
}

fn call(
    fields: &Fields<'_>,
    kind: StepType,
    name: &Spanned<String>,
    reader: &mut Reader<'_, '_>,
) -> Option<Call> {
    let action = match (fields.get("action"), kind) {
        (Some(node), _) => text(node, "`action`", reader)?,
        (None, StepType::AiAction) => name.clone(),
        (None, _) => text(fields.required("action", reader)?, "`action`", reader)?,
    };
    let plugin = match (fields.get("plugin"), kind) {
        (Some(node), _) => {
            let plugins = PluginType::ALL.map(|plugin| (plugin.as_str(), plugin));
            word(node, "a plugin type", &plugins, reader).map(|plugin| Spanned::new(plugin, node.span))
        }
        (None, StepType::PluginAction) => {
            fields.required("plugin", reader);
            None
        }
        (None, _) => None,
    };
    let agent = (kind == StepType::AiAction).then(|| Agent {
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
        let refusal = names::variable_path(&path).err();
        let is_clear = refusal.is_none() || names::is_named_like_a_function(&path);
        if let Some(refusal) = refusal {
            reader.problems.error(target.span, refusal);
        }
        // A variable that is clear enough is known, so that its uses are not reported as well.
        if is_clear {
            outputs.push((entry.key.clone(), Spanned::new(path, target.span)));
        }
    }
    outputs
}

fn rollback(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Rollback> {
    let fields = Fields::of(node, "`rollback`", &["action", "inputs"], reader)?;
    Some(Rollback {
        action: text(fields.required("action", reader)?, "`action`", reader)?,
        inputs: fields.get("inputs").map(|node| named(node, "`inputs`", reader)).unwrap_or_default(),
    })
}
