//! The types of steps, and the keys of each.

use crate::keys::{Form, Key};
use StepType::{
    Agent, AiAction, Approval, Fail, Foreach, Loop, Parallel, PluginAction, Set, Switch, Undo, Wait, Workflow,
};

/// The keys that every step has.
const COMMON: [Key; 4] = [
    Key::needed(
        "name",
        Form::StepName,
        "Unique in the file: `create_branch` becomes the state CreateBranch.",
    ),
    Key::optional("type", Form::StepType, "What kind of step it is. Default: plugin_action."),
    Key::optional("description", Form::Text, "A description for people."),
    Key::optional("when", Form::Condition, "The step is skipped when this does not hold."),
];

/// The keys of steps that may fail on their own.
const POLICY: [Key; 3] = [
    Key::optional(
        "on_error",
        Form::Words(&["fail", "retry", "continue", "rollback"]),
        "What happens after an error: the workflow ends (fail, the default), the step is retried (retry), the workflow continues (continue), or all effects are taken back (rollback).",
    ),
    Key::optional("retry_count", Form::Whole(0, 100), "Retries after the first try."),
    Key::optional("retry", Form::Retry, "How it is tried again, in detail."),
];

const INPUTS: Key = Key::optional("inputs", Form::Values, "The inputs.");
const OUTPUTS: Key =
    Key::optional("outputs", Form::Outputs, "Fields of the output, and the variables that receive them.");
const TIMEOUT: Key = Key::optional("timeout", Form::Duration, "How long it may take.");
/// Of a step that holds others.
const LIMIT: Key = Key::optional(
    "timeout",
    Form::Duration,
    "How long all that it holds may take together; then it fails with States.Timeout.",
);
const STEPS: Key = Key::needed("steps", Form::Steps, "The steps, in order.");
const ROLLBACK: Key =
    Key::optional("rollback", Form::Rollback, "Takes its effect back, instead of the action's own inverse.");

const PLUGIN_ACTION: [Key; 6] = [
    Key::needed("plugin", Form::PluginType, "A plugin type, never a vendor."),
    Key::needed("action", Form::Action, "The plugin's action."),
    INPUTS,
    OUTPUTS,
    Key::optional(
        "required",
        Form::Boolean,
        "Whether a project without the plugin is an error. Default: false.",
    ),
    TIMEOUT,
];

const AI_ACTION: [Key; 6] = [
    Key::optional("agent", Form::Agent, "Who does it. Default: development."),
    Key::optional("action", Form::AgentAction, "The agent's action. Default: the step's name."),
    Key::optional(
        "prompt_template",
        Form::Text,
        "A template of your own, relative to the folder of ticketsmith.yaml.",
    ),
    INPUTS,
    OUTPUTS,
    TIMEOUT,
];

const AGENT: [Key; 5] = [
    Key::optional(
        "agent",
        Form::AgentName,
        "Who works: the name of its file in agents/ without `.yaml`. Default: development.",
    ),
    Key::optional(
        "inputs",
        Form::Values,
        "What it works on: task, repository, branch, instructions, context.",
    ),
    OUTPUTS,
    Key::optional("approvers", Form::Value, "Who may answer its questions: groups and people."),
    Key::optional(
        "timeout",
        Form::Duration,
        "The time limit for all of it, including waits for people; then it fails with States.Timeout.",
    ),
];

const PARALLEL: [Key; 3] = [Key::needed("branches", Form::Branches, "The branches by name."), OUTPUTS, LIMIT];

const FOREACH: [Key; 8] = [
    Key::needed("items", Form::List, "The list, or an expression that gives one."),
    Key::needed("as", Form::Name, "The item's name in the steps."),
    Key::optional("max_concurrency", Form::Whole(1, 40), "Iterations at the same time. Default: 10."),
    Key::optional("max_items", Form::Whole(1, 5_000), "Longer lists are an error. Default: 100."),
    STEPS,
    Key::optional(
        "result",
        Form::Value,
        "The result of each iteration. Default: the output of its last step.",
    ),
    OUTPUTS,
    LIMIT,
];

const LOOP: [Key; 6] = [
    Key::needed("until", Form::Condition, "Ends the loop when it holds."),
    Key::needed("max_iterations", Form::Whole(1, 5_000), "The most rounds."),
    Key::optional(
        "on_exhausted",
        Form::Words(&["fail", "continue"]),
        "When the rounds are used up: the error LoopExhausted (fail, the default), or continue (continue).",
    ),
    STEPS,
    OUTPUTS,
    LIMIT,
];

const SWITCH: [Key; 3] = [
    Key::needed("cases", Form::Cases, "Tried in order."),
    Key::optional("default", Form::StepsOrNone, "The steps when no case holds."),
    LIMIT,
];

const APPROVAL: [Key; 12] = [
    Key::optional("question", Form::Value, "The question."),
    Key::optional("message", Form::Value, "Another name of `question`."),
    Key::optional("details", Form::Value, "What helps to answer."),
    Key::optional("approvers", Form::Value, "Who may answer: groups and people."),
    Key::optional("approve_status", Form::Value, "To move the ticket to this status is a yes."),
    Key::optional("decline_status", Form::Value, "To move the ticket to this status is a no."),
    Key::optional(
        "not_by",
        Form::Words(&["requester"]),
        "Who may not answer: the person who asked for the work.",
    ),
    Key::optional("count", Form::Whole(1, 20), "How many people must say yes. Default: 1."),
    Key::optional("remind", Form::Duration, "After how long people are reminded, and again. Default: never."),
    OUTPUTS,
    Key::optional("timeout", Form::Duration, "How long it waits."),
    Key::optional(
        "on_timeout",
        Form::Words(&["fail", "approve", "decline"]),
        "What happens without an answer. Default: fail.",
    ),
];

const WAIT: [Key; 7] = [
    Key::optional("until", Form::TextWithExpressions, "A timestamp: 2026-01-31T12:00:00Z."),
    Key::optional("for", Form::DurationOrSeconds, "How long."),
    Key::optional("event", Form::AwaitedEvent, "The event that ends it."),
    Key::optional("match", Form::SomeValues, "The fields that identify the event: repository, sha."),
    Key::optional("events", Form::AwaitedEvents, "Several events with their fields; the first ends it."),
    OUTPUTS,
    TIMEOUT,
];

const WORKFLOW: [Key; 4] = [
    Key::needed("workflow", Form::Text, "The other workflow: its file's name without `.yaml`."),
    INPUTS,
    OUTPUTS,
    TIMEOUT,
];

const SET: [Key; 1] = [Key::needed("variables", Form::SomeValues, "Values by variable path.")];

const FAIL: [Key; 3] = [
    Key::needed("error", Form::TextWithExpressions, "The error's name."),
    Key::needed("cause", Form::TextWithExpressions, "The cause, in words that people can act on."),
    Key::optional(
        "on_error",
        Form::Words(&["fail", "rollback"]),
        "Whether effects are taken back. Default: fail.",
    ),
];

const UNDO: [Key; 1] = [Key::needed("run", Form::TextWithExpressions, "The execution's ARN.")];

/// A type of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepType {
    /// One action of a plugin type.
    PluginAction,
    /// One question to a model.
    AiAction,
    /// An agent that works with tools until it is done.
    Agent,
    /// Branches at the same time.
    Parallel,
    /// The same steps for every item of a list.
    Foreach,
    /// Steps until a condition holds.
    Loop,
    /// The first case that holds.
    Switch,
    /// A question to people.
    Approval,
    /// A time or an event.
    Wait,
    /// Another workflow.
    Workflow,
    /// Variables.
    Set,
    /// An end with an error.
    Fail,
    /// Taking back another execution's effects.
    Undo,
}

impl StepType {
    /// Every type.
    pub const ALL: [Self; 13] = [
        PluginAction,
        AiAction,
        Agent,
        Parallel,
        Foreach,
        Loop,
        Switch,
        Approval,
        Wait,
        Workflow,
        Set,
        Fail,
        Undo,
    ];

    /// As it is written under `type:`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Its name in messages, with an article.
    pub(crate) fn noun(self) -> &'static str {
        self.facts().noun
    }

    /// Its purpose, in a sentence that editors show.
    pub fn about(self) -> &'static str {
        self.facts().about
    }

    /// Its keys, in the order in which files have them.
    pub fn keys(self) -> Vec<Key> {
        let Facts { own, policy, inverse, .. } = self.facts();
        COMMON.iter().chain(own).chain(policy).chain(inverse).copied().collect()
    }

    /// One line for each type.
    #[rustfmt::skip]
    fn facts(self) -> Facts {
        match self {
            PluginAction => Facts { inverse: &[ROLLBACK], ..Facts::new("plugin_action", "a plugin_action", "One action of a plugin. A plugin that the project leaves unset skips the step.", &PLUGIN_ACTION) },
            AiAction => Facts { inverse: &[ROLLBACK], ..Facts::new("ai_action", "an ai_action", "One question to a model.", &AI_ACTION) },
            Agent => Facts::new("agent", "an agent step", "An agent works with tools, turn by turn, until it is done. Outputs `outcome`, `summary`, `implementation` and the texts for a pull request.", &AGENT),
            Parallel => Facts::new("parallel", "a parallel step", "Branches at the same time; all must finish.", &PARALLEL),
            Foreach => Facts::new("foreach", "a foreach step", "The same steps for every item of a list. One failure stops all, unless its steps continue.", &FOREACH),
            Loop => Facts::new("loop", "a loop", "Steps again and again until a condition holds, tested after each round.", &LOOP),
            Switch => Facts::new("switch", "a switch", "The first case that holds, else the default.", &SWITCH),
            Approval => Facts::new("approval", "an approval", "Asks people and waits at no cost. Gives `by`, `via`, `at` and `comment`; no is the error Declined.", &APPROVAL),
            Wait => Facts::new("wait", "a wait", "Waits for a time or an event, at no cost: exactly one of `for`, `until`, `event` and `events`.", &WAIT),
            Workflow => Facts::new("workflow", "a workflow step", "Runs another workflow and takes its outputs.", &WORKFLOW),
            Set => Facts { policy: &[], ..Facts::new("set", "a set step", "Sets variables.", &SET) },
            Fail => Facts { policy: &[], ..Facts::new("fail", "a fail step", "Ends the workflow with an error.", &FAIL) },
            Undo => Facts { policy: &[], ..Facts::new("undo", "an undo step", "Takes back what another execution did.", &UNDO) },
        }
    }
}

/// The key that distinguishes a type from the others.
struct Facts {
    name: &'static str,
    noun: &'static str,
    about: &'static str,
    /// The keys of only this type.
    own: &'static [Key],
    /// `on_error` and its like.
    policy: &'static [Key],
    /// The inverse of its effect, if it has one.
    inverse: &'static [Key],
}

impl Facts {
    /// Those of a type that may fail and has no effect to take back.
    fn new(name: &'static str, noun: &'static str, about: &'static str, own: &'static [Key]) -> Self {
        Self { name, noun, about, own, policy: &POLICY, inverse: &[] }
    }
}
