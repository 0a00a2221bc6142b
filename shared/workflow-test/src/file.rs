//! The contents of a test file.

use crate::one_or_many::OneOrMany;
use domain::{EventName, SourceName};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// Tests of one workflow, in a file `<workflow>.test.yaml` beside it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// The workflow that is tested: the name of its file without `.yaml`. Default: the test file's own name.
    #[serde(default)]
    pub workflow: Option<String>,
    /// The project of every case that names none.
    #[serde(default)]
    pub project: Option<String>,
    /// The person who starts every case that names nobody.
    #[serde(default)]
    pub actor: Option<TestActor>,
    /// What steps without a canned result give, in every case that does not say otherwise.
    #[serde(default)]
    pub defaults: Option<Defaults>,
    /// What steps give in every case, by step; a case's own entry for a step takes the place of this one.
    #[serde(default)]
    pub steps: Steps,
    /// The cases, which run one after the other and independently.
    #[schemars(with = "Vec<Case>", length(min = 1))]
    pub cases: Vec<Spanned<Case>>,
}

/// What steps give, by the step's name. A state that the compiler added goes by its own name in lower case
/// (`generate_code_await_budget`, `rollback`). `name[2]` is for the third iteration of a `foreach` alone, `name[2.0]` for the
/// first iteration within it. A list is one answer for each call, in order; a single answer is given as often as it is
/// asked for.
pub type Steps = BTreeMap<String, OneOrMany<Answer>>;

/// One execution and what is expected of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What holds, in a sentence: `A labeled ticket becomes a pull request`.
    pub name: String,
    /// The event that starts it, as `{trigger: fields}`: `jira.labelled: { task_id: SHOP-1, label: agent }`. It must match a
    /// trigger of the workflow; missing inputs are filled from its fields.
    #[serde(default)]
    pub trigger: Option<BTreeMap<EventName, Map<String, Value>>>,
    /// The inputs, unless an event starts it.
    #[serde(default)]
    pub inputs: Option<Map<String, Value>>,
    /// The project's key in the configuration.
    #[serde(default)]
    pub project: Option<String>,
    /// The person who starts it.
    #[serde(default)]
    pub actor: Option<TestActor>,
    /// What steps without a canned result give. Without this, calling one fails the case.
    #[serde(default)]
    pub defaults: Option<Defaults>,
    /// What steps give.
    #[serde(default)]
    pub steps: Steps,
    /// What taking back a step's effect gives, by the step's name; without an entry it succeeds. The journal is kept as the
    /// actions would: every call that made an effect is in it.
    #[serde(default)]
    pub undo: BTreeMap<String, OneOrMany<Answer>>,
    /// The expected results.
    pub expect: Expectations,
}

/// The person who starts an execution.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestActor {
    /// Where they act. Default: the trigger's own source, else `api`.
    #[serde(default)]
    pub source: Option<SourceName>,
    /// The source's own id.
    pub id: String,
    /// Their name there.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Their name in the configuration's `users`.
    #[serde(default)]
    pub person: Option<String>,
}

/// What becomes of a call without a canned result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Defaults {
    /// The result is made from the schema of the action's output, and canned results are completed from it: `null` where that
    /// is allowed, else the schema's default, else a plain value of the type.
    FromSchema,
}

/// What one call of a step gives: exactly one of `result`, `error`, `skip`, `approve`, `decline`, `resume`, `time_out` and `turns`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The action's output, checked against its schema; of a step of type `workflow`, the workflow's outputs; of a step of type `agent`,
    /// what it ends with after one turn: `outcome`, `summary`, `implementation` and the rest.
    #[serde(default)]
    #[schemars(with = "Option<Value>")]
    pub result: Option<Spanned<Value>>,
    /// The name of an error: `Rejected`, `Throttled`, `Unavailable`, `Conflict`, `BudgetExceeded`, `ReplyLost`, `Internal`, or
    /// another.
    #[serde(default)]
    pub error: Option<String>,
    /// The error's message for people. Only with `error`.
    #[serde(default)]
    pub cause: Option<String>,
    /// The project has no plugin of the action's type: every field of the output is `null`.
    #[serde(default)]
    pub skip: bool,
    /// An approval is given.
    #[serde(default)]
    pub approve: Option<Reply>,
    /// An approval is denied: the error `Declined`.
    #[serde(default)]
    pub decline: Option<Reply>,
    /// A waiting step continues with this value: the limit was raised, or the event arrived.
    #[serde(default)]
    pub resume: Option<Value>,
    /// A step that waits gets no answer until its time is over.
    #[serde(default)]
    pub time_out: bool,
    /// The turns of a step of type `agent`, one after the other; the last one is `done`, unless its question gets no answer.
    #[serde(default)]
    pub turns: Option<Vec<Turn>>,
    /// The dollars that the call spends on a model.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// In a list: for how many calls this answer stands. Default: 1.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
}

/// One turn of an agent: what `run_tools` says that it needs next.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The need after the turn.
    pub next: TurnNext,
    /// Its question to people. Only with `next: ask`, and then with one of `approve`, `decline` and `time_out`.
    #[serde(default)]
    pub question: Option<TurnQuestion>,
    /// The question is answered: the answer is the comment.
    #[serde(default)]
    pub approve: Option<Reply>,
    /// The answer to the question is no.
    #[serde(default)]
    pub decline: Option<Reply>,
    /// Nobody answers the question in time.
    #[serde(default)]
    pub time_out: bool,
    /// The agent's final result: `outcome`, `summary`, `implementation` and the rest. Only with `next: done`.
    #[serde(default)]
    #[schemars(with = "Option<Value>")]
    pub result: Option<Spanned<Value>>,
    /// The dollars that the turn spends on a model.
    #[serde(default)]
    pub cost_usd: Option<f64>,
}

/// An agent's need after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnNext {
    /// Another turn.
    #[default]
    Think,
    /// An answer of people.
    Ask,
    /// Files of the repository.
    Load,
    /// The project's checks.
    Check,
    /// Nothing: it is done.
    Done,
}

impl TurnNext {
    /// The word in test files, and in what `run_tools` gives.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Think => "think",
            Self::Ask => "ask",
            Self::Load => "load",
            Self::Check => "check",
            Self::Done => "done",
        }
    }
}

/// An agent's question to people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnQuestion {
    /// The question.
    pub text: String,
    /// The answers that it suggests.
    #[serde(default)]
    pub options: Vec<String>,
}

/// A person's answer to an approval.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The person who answers.
    pub by: String,
    /// Where they answer: `slack`, `jira`, `github`.
    #[serde(default)]
    pub via: Option<String>,
    /// Their answer.
    #[serde(default)]
    pub comment: Option<String>,
}

/// The expected results of an execution. Fields that are not mentioned are not compared.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// How it ends.
    #[serde(default)]
    pub outcome: Option<ExpectedOutcome>,
    /// The name of the error it ends with.
    #[serde(default)]
    pub error: Option<String>,
    /// The cause it ends with. Text must be contained in it; a mapping must be contained in the JSON that it holds.
    #[serde(default)]
    pub cause: Option<Value>,
    /// The steps taken, in order, all of them. Branches of a `parallel` and iterations of a `foreach` are listed one after the
    /// other in the order of the file. A step whose error is retried is listed once. An agent
    /// is listed once, and its questions as `<step>_ask`; what else happens in its turns is left out. `undo create_branch` is the taking back of
    /// that step's effect.
    #[serde(default)]
    pub path: Option<Vec<String>>,
    /// Steps taken in this order, with others between them.
    #[serde(default)]
    pub path_contains: Option<Vec<String>>,
    /// Steps that must not be taken.
    #[serde(default)]
    pub not_taken: Vec<String>,
    /// How often a step's function is called, retries included, by step.
    #[serde(default)]
    pub calls: BTreeMap<String, usize>,
    /// What steps are sent, by step. A mapping must be contained in what every call was sent; a list has one mapping for each
    /// call. `name[2]` is the third iteration's.
    #[serde(default)]
    pub inputs: BTreeMap<String, Value>,
    /// The workflow's outputs, all of them.
    #[serde(default, deserialize_with = "also_null")]
    pub outputs: Option<Value>,
    /// The expected cost.
    #[serde(default)]
    pub cost: Option<ExpectedCost>,
}

/// What is written, also where that is nothing: it would be taken for something that is not mentioned.
fn also_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// How an execution is expected to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedOutcome {
    /// Done.
    Succeeded,
    /// Ended with a reason.
    Failed,
    /// It failed, and its effects were taken back.
    RolledBack,
    /// No execution starts: the event matches no trigger, or the inputs are not accepted.
    NotStarted,
}

impl ExpectedOutcome {
    /// The word in test files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::NotStarted => "not_started",
        }
    }
}

/// The expected cost of an execution.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCost {
    /// State transitions: every state entered and every retry.
    #[serde(default)]
    pub transitions: Option<usize>,
    /// Dollars for models: the sum of `cost_usd` of the answers given.
    #[serde(default)]
    pub model_usd: Option<f64>,
}

/// The JSON Schema of test files, draft 2020-12, for editors.
pub fn test_file_schema() -> Value {
    let mut schema = schemars::schema_for!(TestFile).to_value();
    schema["title"] = "Tests of a Ticketsmith workflow".into();
    schema
}
