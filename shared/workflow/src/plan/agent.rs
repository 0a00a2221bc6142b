//! Steps of type `agent`: a session in which a model thinks and tools run, turn by turn.

use super::approval::USUAL_TIMEOUT_SECONDS;
use super::calls::TIMEOUT_MARGIN_SECONDS;
use super::planned::{Agent, PlannedKind, Task};
use super::walk::{Made, Walk};
use crate::agent_states::{AgentStates, definition};
use crate::catalog::Action;
use crate::check::evaluated;
use crate::model::{AgentWork, OnError, Step};
use crate::scope::quoted;
use crate::source::Span;
use crate::types::{Kind, Type};
use domain::PluginType;
use domain::built_in_actions::{
    AGENT_ACTIONS, ANSWER_SESSION, LOAD_PATHS, OPEN_SESSION, RUN_CHECKS, RUN_TOOLS, THINK,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The input of `open_session` that `agent:` gives.
const AGENT: &str = "agent";

/// The actions of an agent's work.
struct Actions {
    open: Action,
    think: Action,
    run_tools: Action,
    answer: Action,
    load: Action,
    check: Action,
}

impl Walk<'_, '_, '_> {
    pub(super) fn agent_work(&mut self, step: &Step, work: &AgentWork) -> Made {
        let span = work.agent.as_ref().map_or(step.name.span, |agent| agent.span);
        self.known_agent(work.name(), span);
        let session = self.checker.scope.free_variable(&format!("{}_session", step.name.value));
        let Some(actions) = self.agent_actions(span) else { return Made::new(None, Vec::new()) };
        if let Some((key, _)) = work.inputs.iter().find(|(key, _)| key.value == AGENT) {
            self.checker
                .problems
                .error(key.span, "the agent is not an input")
                .help("name it next to `type: agent`, as `agent: development`");
        }
        let given: Vec<_> = work.inputs.iter().filter(|(key, _)| key.value != AGENT).cloned().collect();
        let mut input = self.inputs(&given, &actions.open, Some(AGENT), step.name.span);
        input.insert(AGENT.to_owned(), crate::check::literal_json(work.name()));
        let approvers = self.approvers(work.approvers.as_ref());
        let Actions { open, think, run_tools, answer, load, check } = &actions;
        for action in [open, think, run_tools, answer, load, check] {
            self.inverses.extend(action.ways_back());
        }

        let fields = given_fields(&actions.run_tools);
        let kinds: BTreeMap<String, Type> =
            fields.iter().map(|(name, (_, kind))| (name.clone(), kind.clone())).collect();
        let text = |field: &str| {
            let place = fields.get(field).map_or(Place::Session, |(place, _)| *place);
            place.text(&session, field)
        };
        let sets = self.receive(step, "an agent", &kinds, text);
        let whole: Vec<String> = fields.keys().map(|field| format!("'{field}': {}", text(field))).collect();

        let session_of = |more: &[(&str, String)]| {
            let mut input = json!({"session": evaluated(&format!("${session}.session"))});
            for (field, text) in more {
                input[*field] = evaluated(text);
            }
            input
        };
        let retry = (step.retry.is_some() || step.on_error == OnError::Retry)
            .then(|| step.retry.clone().unwrap_or_default());
        let task = |action: &Action, input: Value| Task {
            action: action.name.clone(),
            input,
            timeout_seconds: action.timeout_seconds + TIMEOUT_MARGIN_SECONDS,
            retry: retry.clone(),
            parks: false,
            calls_provider: action.plugin.is_some(),
            confirms: false,
            required: false,
            inverse: None,
        };
        let taken = self.checker.states.clone();
        let agent = Agent {
            states: AgentStates::of(&step.state(), &taken),
            // Without a model there is no agent: skipping it would claim that the work is done.
            open: Task { required: true, ..task(&actions.open, Value::Object(input)) },
            // Only it asks a model, and so may have to wait until a limit is raised.
            think: Task {
                parks: actions.think.plugin == Some(PluginType::AiProvider),
                ..task(&actions.think, session_of(&[]))
            },
            run_tools: task(&actions.run_tools, session_of(&[])),
            answer: task(
                &actions.answer,
                session_of(&[("answer", format!("${session}.answer")), ("by", format!("${session}.by"))]),
            ),
            load: task(&actions.load, session_of(&[])),
            check: task(&actions.check, session_of(&[])),
            ask: json!({
                "question": evaluated(&format!("${session}.question.text")),
                "details": evaluated(&details(&session)),
                "approvers": approvers,
            }),
            ask_timeout_seconds: USUAL_TIMEOUT_SECONDS,
            session,
            most_turns: u64::from(definition(work.name(), self.checker.environment).max_turns),
        };
        Made::new(Some(PlannedKind::Agent(Box::new(agent))), sets)
            .giving(&format!("{{{}}}", whole.join(", ")), Type::object(kinds))
    }

    fn known_agent(&mut self, name: &str, span: Span) {
        let Some(known) = &self.checker.environment.agents else { return };
        if !known.contains_key(name) {
            self.checker
                .problems
                .error(span, format!("there is no agent `{name}`"))
                .accepted(name, known.keys().map(String::as_str))
                .help(format!("an agent is a file in `agents/`: `agents/{name}.yaml`"));
        }
    }

    /// The actions; one that the catalog lacks is reported.
    fn agent_actions(&mut self, span: Span) -> Option<Actions> {
        let catalog = self.checker.catalog;
        let missing = AGENT_ACTIONS.into_iter().find(|name| catalog.find(name).is_none());
        if let Some(name) = missing {
            self.checker.problems.error(span, format!("agents need the action `{name}`, which is not there"));
            return None;
        }
        let action = |name: &str| catalog.find(name).cloned();
        Some(Actions {
            open: action(OPEN_SESSION)?,
            think: action(THINK)?,
            run_tools: action(RUN_TOOLS)?,
            answer: action(ANSWER_SESSION)?,
            load: action(LOAD_PATHS)?,
            check: action(RUN_CHECKS)?,
        })
    }
}

/// Where something that an agent gives is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among what `run_tools` gives after every turn.
    Session,
    /// In the result of the last one.
    Result,
}

impl Place {
    fn text(self, session: &str, field: &str) -> String {
        match self {
            Self::Session => format!("${session}.{}", quoted(field)),
            Self::Result => format!("${session}.result.{}", quoted(field)),
        }
    }
}

/// An agent's outputs: the fields of its result, and its turns and cost.
fn given_fields(run_tools: &Action) -> BTreeMap<String, (Place, Type)> {
    let mut fields = BTreeMap::new();
    for name in ["session", "turns", "cost_usd"] {
        if let Some(field) = run_tools.output.fields.get(name) {
            fields.insert(name.to_owned(), (Place::Session, field.kind.clone()));
        }
    }
    let result = run_tools.output.fields.get("result").map(|field| &field.kind.kind);
    if let Some(Kind::Object(result)) = result {
        for (name, field) in &result.fields {
            fields.insert(name.clone(), (Place::Result, field.kind.clone()));
        }
    }
    fields
}

/// What helps people to answer a question, as JSONata: the answers that the agent suggests.
fn details(session: &str) -> String {
    let options = format!("${session}.question.options");
    format!(
        "($options := [{options}]; $count($options) > 0 ? 'Suggested answers: ' & $join($options, ' · ') & '. ' : '') \
         & 'Approve with your answer as the comment. Without a comment, approving is a yes and denying is a no.'"
    )
}
