//! The keys of workflow files: one list, in the order in which files have them.
//!
//! The compiler refuses every other key, the formatter puts keys in this order, and the editors' schema describes each value.

/// A key of a workflow, a step or a case.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its value.
    pub form: Form,
    /// Its purpose, in a sentence that editors show.
    pub about: &'static str,
}

/// The value of a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// Text in which `${ }` means nothing.
    Text,
    /// Text, or a number that is taken as written.
    TextOrNumber,
    /// A text in which there may be expressions.
    TextWithExpressions,
    /// Any value, with expressions in it or not.
    Value,
    /// A mapping of names to values.
    Values,
    /// A mapping that holds at least one value.
    SomeValues,
    /// An expression that holds or not.
    Condition,
    /// A duration.
    Duration,
    /// A duration, or an expression that gives seconds.
    DurationOrSeconds,
    /// `true` or `false`.
    Boolean,
    /// A whole number between two bounds.
    Whole(u64, u64),
    /// One of some words.
    Words(&'static [&'static str]),
    /// A list, or an expression that gives one.
    List,
    /// The name of a variable.
    Name,
    /// The name of a step.
    StepName,
    /// A type of steps.
    StepType,
    /// A plugin type.
    PluginType,
    /// An action of a plugin.
    Action,
    /// An action that an agent does.
    AgentAction,
    /// How an `ai_action` introduces itself.
    Agent,
    /// The name of an agent's file in `agents/`.
    AgentName,
    /// An event that steps can wait for.
    AwaitedEvent,
    /// Events that steps can wait for, each with its identifying fields.
    AwaitedEvents,
    /// Fields of a result, and the variables that receive them.
    Outputs,
    /// An action with its inputs.
    Rollback,
    /// How a step is tried again.
    Retry,
    /// At least one step.
    Steps,
    /// Steps, or none.
    StepsOrNone,
    /// Lists of steps by name.
    Branches,
    /// Conditions with steps.
    Cases,
    /// Events.
    Triggers,
    /// Inputs with their types.
    Inputs,
    /// Definitions by name.
    Definitions,
}

impl Key {
    pub(crate) const fn needed(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, required: true, form, about }
    }

    pub(crate) const fn optional(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, required: false, form, about }
    }
}

/// The keys of a workflow.
pub const WORKFLOW_KEYS: [Key; 9] = [
    Key::needed("name", Form::Text, "The workflow's title, for people."),
    Key::optional("description", Form::Text, "What it does, in a sentence."),
    Key::optional("version", Form::TextOrNumber, "The version of the file, for people."),
    Key::optional("triggers", Form::Triggers, "The events that start it; any one is enough."),
    Key::optional(
        "opt_in",
        Form::Boolean,
        "Whether events start it only in projects that name it under `workflows`. Default: false.",
    ),
    Key::optional(
        "inputs",
        Form::Inputs,
        "Its inputs, by name. They are checked when an execution starts. Without this key, the undefined names in expressions are inputs.",
    ),
    Key::optional(
        "variables",
        Form::Definitions,
        "Definitions: each use is replaced by the expression, so they may name later results.",
    ),
    Key::needed("steps", Form::Steps, "The steps, in order."),
    Key::optional("outputs", Form::Values, "What an execution returns."),
];

/// The keys of a case of a switch.
pub const CASE_KEYS: [Key; 2] = [
    Key::needed("when", Form::Condition, "The case is taken when this holds."),
    Key::needed("steps", Form::Steps, "The steps of the case."),
];

/// The names of keys.
pub(crate) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}
