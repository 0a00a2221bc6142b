//! A workflow as it was written: read and well-formed, but not yet checked against the actions.

mod nested;

pub(crate) use nested::{
    Approval, Branch, Case, Event, Foreach, Loop, OnExhausted, OnTimeout, Parallel, SubWorkflow, Switch,
    Wait, all,
};

use crate::source::{Span, Spanned};
use domain::PluginType;
use domain::event::EventSpec;
use domain::routes::{Concurrency, InputSchema};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) triggers: Vec<Trigger>,
    /// `None` where no `inputs:` are declared, and undefined names become inputs.
    pub(crate) inputs: Option<Vec<(Spanned<String>, InputSchema)>>,
    pub(crate) definitions: Vec<(Spanned<String>, Given)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<(Spanned<String>, Given)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) on: Arc<EventSpec>,
    pub(crate) span: Span,
    pub(crate) conditions: Vec<(String, Value)>,
    pub(crate) concurrency: Concurrency,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: Spanned<String>,
    pub(crate) description: Option<String>,
    pub(crate) kind: StepKind,
    pub(crate) when: Option<Given>,
    /// A field of what the step gives, and the variable path that receives it.
    pub(crate) outputs: Vec<(Spanned<String>, Spanned<Vec<String>>)>,
    pub(crate) on_error: OnError,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout_seconds: Option<Spanned<u64>>,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) line: usize,
    /// Whether the compiler added it.
    pub(crate) implicit: bool,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum StepKind {
    Call(Call),
    Parallel(Parallel),
    Foreach(Foreach),
    Loop(Loop),
    Switch(Switch),
    Approval(Approval),
    Wait(Wait),
    Workflow(SubWorkflow),
    Set(Vec<(Spanned<String>, Given)>),
    Fail { error: Given, cause: Given },
    Undo { run: Given },
}

/// One call of an action.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) action: Spanned<String>,
    /// The plugin type that was written; an agent's action writes none.
    pub(crate) plugin: Option<Spanned<PluginType>>,
    pub(crate) agent: Option<Agent>,
    pub(crate) inputs: Vec<(Spanned<String>, Given)>,
    /// Whether a project without the plugin is an error.
    pub(crate) required: bool,
}

/// What an `ai_action` says of the model worker.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) prompt_template: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnError {
    #[default]
    Fail,
    Retry,
    Continue,
    Rollback,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retry {
    /// Retries after the first try.
    pub(crate) retries: u64,
    pub(crate) base_delay_seconds: u64,
    pub(crate) max_delay_seconds: u64,
    pub(crate) backoff: f64,
    pub(crate) jitter: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self { retries: 2, base_delay_seconds: 1, max_delay_seconds: 30, backoff: 2.0, jitter: true }
    }
}

/// A step's own way to take its effect back.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) action: Spanned<String>,
    pub(crate) inputs: Vec<(Spanned<String>, Given)>,
}

/// A value as it was given, expressions and all.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) span: Span,
    pub(crate) form: Form,
}

#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// `null`, a boolean or a number.
    Literal(Value),
    Text(Vec<Part>),
    List(Vec<Given>),
    Map(Vec<(Spanned<String>, Given)>),
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Literal(String),
    Expression(Spanned<String>),
}

impl Given {
    pub(crate) fn text(text: impl Into<String>, span: Span) -> Self {
        Self { span, form: Form::Text(vec![Part::Literal(text.into())]) }
    }

    /// The expression, where the value is exactly one.
    pub(crate) fn whole_expression(&self) -> Option<&Spanned<String>> {
        match &self.form {
            Form::Text(parts) => match parts.as_slice() {
                [Part::Expression(expression)] => Some(expression),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text, where no expression is in it.
    pub(crate) fn literal_text(&self) -> Option<String> {
        let Form::Text(parts) = &self.form else { return None };
        parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => Some(text.as_str()),
                Part::Expression(_) => None,
            })
            .collect()
    }

    /// Every expression in it.
    pub(crate) fn expressions(&self) -> Vec<&Spanned<String>> {
        match &self.form {
            Form::Literal(_) => Vec::new(),
            Form::Text(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Literal(_) => None,
                    Part::Expression(expression) => Some(expression),
                })
                .collect(),
            Form::List(items) => items.iter().flat_map(Given::expressions).collect(),
            Form::Map(entries) => entries.iter().flat_map(|(_, value)| value.expressions()).collect(),
        }
    }
}

impl Step {
    /// The state's name: `create_branch` becomes `CreateBranch`.
    pub(crate) fn state(&self) -> String {
        pascal(&self.name.value)
    }

    /// The type as it is written in YAML.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            StepKind::Call(call) if call.agent.is_some() => "ai_action",
            StepKind::Call(_) => "plugin_action",
            StepKind::Parallel(_) => "parallel",
            StepKind::Foreach(_) => "foreach",
            StepKind::Loop(_) => "loop",
            StepKind::Switch(_) => "switch",
            StepKind::Approval(_) => "approval",
            StepKind::Wait(_) => "wait",
            StepKind::Workflow(_) => "workflow",
            StepKind::Set(_) => "set",
            StepKind::Fail { .. } => "fail",
            StepKind::Undo { .. } => "undo",
        }
    }

    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.kind {
            StepKind::Call(call) => Some(call),
            _ => None,
        }
    }
}

/// `create_branch` as `CreateBranch`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut characters = word.chars();
            characters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + characters.as_str()
            })
        })
        .collect()
}
