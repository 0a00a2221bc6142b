//! The functions of a case: they answer what it says, and every call is kept.

use crate::agents::{Agents, Role, Scripted};
use crate::answers::{Answers, Taken};
use crate::file::{Answer, Defaults, Reply};
use crate::key::Key;
use crate::names::Names;
use crate::sample;
use crate::schema::misfits;
use async_trait::async_trait;
use domain::built_in_actions::LIST_EFFECTS;
use domain::execution::TaskPayload;
use engine::{Clock, Engine, FunctionError, Invoke, SkippingClock};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use workflow::{Catalog, CatalogEntry};

/// The error of a call that the case does not mention. What the workflow then does no longer matters.
const NO_ANSWER: &str = "NoAnswer";

/// One call of a function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The step's name, or `undo <step>`.
    pub(crate) name: String,
    /// The indexes of the enclosing loops.
    pub(crate) iteration: String,
    pub(crate) input: Value,
}

pub(crate) struct Functions {
    catalog: Arc<Catalog>,
    /// Actions by their functions' names.
    actions: BTreeMap<String, String>,
    names: Names,
    defaults: Option<Defaults>,
    clock: Arc<SkippingClock>,
    engine: OnceLock<Engine>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) answers: Answers,
    pub(crate) agents: Agents,
    pub(crate) calls: Vec<Call>,
    /// The reason that the case fails, whatever it expects.
    pub(crate) problems: Vec<String>,
    /// The effects of the run, oldest first, as in the actions' journal.
    journal: Vec<Value>,
    pub(crate) model_usd: f64,
}

/// The result of a call.
enum Reaction {
    Give(Value),
    Fail(FunctionError),
    /// Nobody answers.
    Wait,
}

impl Functions {
    pub(crate) fn new(
        catalog: Arc<Catalog>,
        names: Names,
        answers: Answers,
        defaults: Option<Defaults>,
        clock: Arc<SkippingClock>,
    ) -> Self {
        Self {
            actions: actions_by_function(&catalog),
            catalog,
            names,
            defaults,
            clock,
            engine: OnceLock::new(),
            state: Mutex::new(State { answers, ..State::default() }),
        }
    }

    /// Lets the functions hand back task tokens.
    pub(crate) fn connect(&self, engine: Engine) {
        // Set once, right after the engine was opened.
        let _ = self.engine.set(engine);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn react(&self, function: &str, payload: &TaskPayload) -> Reaction {
        let key = Key::read(&payload.run, &payload.key);
        if self.names.is_admission(&key.state) {
            // Workflows do not decide who may start work, so every case is admitted.
            return Reaction::Give(json!({}));
        }
        let step = self.names.of_state(&key.state);
        let name = if key.undo { format!("undo {step}") } else { step.clone() };
        let entry = self.actions.get(function).and_then(|action| self.catalog.entry(action));
        let mut state = self.state();
        let call =
            Call { name: name.clone(), iteration: key.iteration.clone(), input: payload.input.clone() };
        state.calls.push(call);
        if let (Some(entry), false) = (entry, key.undo) {
            state.problems.extend(refused(&name, &payload.input, entry));
        }
        let taken = if key.undo {
            state.answers.next_undo(&step, &key.iteration)
        } else {
            state.answers.next(&step, &key.iteration)
        };
        let agent = self.names.agent(&key.state).filter(|_| !key.undo);
        let reaction = match taken {
            Taken::Answer(answer) if is_opened(agent, &answer) => {
                Reaction::Give(state.agents.open(&step, &key.iteration, answer))
            }
            Taken::Nothing
                if agent.is_some_and(|(_, role)| role == Role::Open) && self.defaults.is_some() =>
            {
                Reaction::Give(state.agents.open(&step, &key.iteration, Answer::default()))
            }
            Taken::UsedUp(_) | Taken::Nothing if agent.is_some_and(|(_, role)| role != Role::Open) => {
                self.scripted(agent, &name, &key, entry, &mut state)
            }
            Taken::Answer(answer) => {
                state.model_usd += answer.cost_usd.unwrap_or(0.0);
                // Another workflow is called by no function of an action.
                let outputs = if entry.is_none() { self.names.output_schema(&step) } else { None };
                self.answer(answer, entry.map(|entry| entry.output).or(outputs.as_ref()))
            }
            Taken::UsedUp(given) => {
                state
                    .problems
                    .push(format!("`{name}` was called more often than the {given} answers it has"));
                Reaction::Fail(FunctionError::new(NO_ANSWER, "the answers are used up"))
            }
            Taken::Nothing if key.undo => Reaction::Give(json!({})),
            Taken::Nothing
                if entry.is_some_and(|entry| entry.name == LIST_EFFECTS)
                    && payload.input["run"].is_null() =>
            {
                let effects: Vec<Value> = state.journal.iter().rev().cloned().collect();
                Reaction::Give(json!({"effects": effects}))
            }
            Taken::Nothing => match (self.defaults, entry) {
                (Some(Defaults::FromSchema), Some(entry)) => {
                    Reaction::Give(sample::sample(entry.output, entry.output))
                }
                _ => {
                    state.problems.push(format!(
                        "`{name}` was called without an answer: give it one under `steps:`, or say `defaults: from_schema`"
                    ));
                    Reaction::Fail(FunctionError::new(NO_ANSWER, "the case has no answer"))
                }
            },
        };
        if let (Reaction::Give(output), Some(entry), false) = (&reaction, entry, key.undo) {
            state.keep(payload, entry, output);
        }
        reaction
    }

    /// What a call gives whose output has this schema.
    fn answer(&self, answer: Answer, schema: Option<&Value>) -> Reaction {
        if let Some(error) = answer.error {
            return Reaction::Fail(FunctionError::new(error, answer.cause.unwrap_or_default()));
        }
        if let Some(reply) = answer.decline {
            return declined(&reply);
        }
        if answer.time_out {
            return Reaction::Wait;
        }
        if answer.skip {
            return Reaction::Give(schema.map_or(Value::Null, skipped));
        }
        let value = answer.result.map(|result| result.value).or(answer.resume);
        let value = value.or_else(|| answer.approve.map(|reply| self.approval(&reply))).unwrap_or_default();
        Reaction::Give(match (self.defaults, schema) {
            (Some(Defaults::FromSchema), Some(schema)) => sample::complete(&value, schema, schema),
            _ => value,
        })
    }

    /// The result of a state of an open agent, from the agent's script.
    fn scripted(
        &self,
        agent: Option<(&str, Role)>,
        name: &str,
        key: &Key,
        entry: Option<CatalogEntry<'_>>,
        state: &mut State,
    ) -> Reaction {
        let Some((step, role)) = agent else { return Reaction::Wait };
        // The turn is the innermost index.
        let around = key.iteration.rsplit_once('.').map_or("", |(around, _)| around);
        let Some((scripted, spent)) = state.agents.next(step, around, role) else {
            state.problems.push(format!("`{name}` was called, but `{step}` has no answer"));
            return Reaction::Fail(FunctionError::new(NO_ANSWER, "the case has no answer"));
        };
        state.model_usd += spent;
        match scripted {
            Scripted::Give(value) => Reaction::Give(match (self.defaults, entry) {
                (Some(Defaults::FromSchema), Some(entry)) => {
                    sample::complete(&value, entry.output, entry.output)
                }
                _ => value,
            }),
            Scripted::Approved(reply) => Reaction::Give(self.approval(&reply)),
            Scripted::Declined(reply) => declined(&reply),
            Scripted::Wait => Reaction::Wait,
            Scripted::UsedUp(turns) => {
                let problem = format!("`{step}` took more turns than the {turns} it has");
                state.problems.push(problem.clone());
                Reaction::Fail(FunctionError::new(NO_ANSWER, problem))
            }
        }
    }

    fn approval(&self, reply: &Reply) -> Value {
        json!({"by": reply.by, "via": reply.via, "at": self.clock.now().to_string(), "comment": reply.comment})
    }

    /// Hands back the token of a step that waits.
    async fn hand_back(&self, token: &str, reaction: Reaction) {
        let Some(engine) = self.engine.get() else { return };
        let handed = match reaction {
            Reaction::Give(value) => engine.send_task_success(token, &value).await,
            Reaction::Fail(error) => {
                engine
                    .send_task_failure(token, &error.error_type, &error.cause.unwrap_or(error.error_message))
                    .await
            }
            Reaction::Wait => Ok(()),
        };
        if let Err(error) = handed {
            self.state().problems.push(format!("an answer could not be handed back: {error}"));
        }
    }
}

#[async_trait]
impl Invoke for Functions {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let payload: TaskPayload = match serde_json::from_value(payload) {
            Ok(payload) => payload,
            Err(error) => {
                let problem = format!("{function} received a payload that no function can read: {error}");
                self.state().problems.push(problem.clone());
                return Err(FunctionError::new(NO_ANSWER, problem));
            }
        };
        let reaction = self.react(function, &payload);
        if let Some(token) = &payload.task_token {
            // The function's own failure may be retried; a person's answer may not.
            if let Reaction::Fail(error) = &reaction
                && domain::ErrorKind::RETRIED.iter().any(|kind| kind.as_str() == error.error_type)
            {
                return Err(error.clone());
            }
            self.hand_back(token, reaction).await;
            return Ok(json!({}));
        }
        match reaction {
            Reaction::Give(value) => Ok(value),
            Reaction::Fail(error) => Err(error),
            Reaction::Wait => {
                self.state().problems.push(format!("{function} does not wait, so it cannot time out"));
                Err(FunctionError::new(NO_ANSWER, "it does not wait"))
            }
        }
    }
}

impl State {
    /// Notes an effect as the actions' dispatcher does: once for each key, with its undo.
    fn keep(&mut self, payload: &TaskPayload, entry: CatalogEntry<'_>, output: &Value) {
        let known = self.journal.iter().any(|effect| effect["key"] == payload.key.as_str());
        let skipped = output
            .as_object()
            .is_some_and(|fields| !fields.is_empty() && fields.values().all(Value::is_null));
        if !entry.effect || known || skipped {
            return;
        }
        let inverse = match (&payload.inverse, entry.inverses.first()) {
            (Some(own), _) => serde_json::to_value(own.with_output(output)).unwrap_or_default(),
            (None, Some(action)) => json!({"action": action, "input": {}}),
            (None, None) => Value::Null,
        };
        self.journal.push(json!({"key": payload.key, "action": entry.name, "inverse": inverse}));
    }
}

/// Whether an answer lets an agent begin.
fn is_opened(agent: Option<(&str, Role)>, answer: &Answer) -> bool {
    agent.is_some_and(|(_, role)| role == Role::Open) && answer.error.is_none()
}

fn declined(reply: &Reply) -> Reaction {
    let cause = reply.comment.clone().unwrap_or_else(|| format!("declined by {}", reply.by));
    Reaction::Fail(FunctionError { cause: Some(cause.clone()), ..FunctionError::new("Declined", cause) })
}

/// Why the action would refuse its inputs. Like the action, this treats a `null` field as missing.
fn refused(name: &str, input: &Value, entry: CatalogEntry<'_>) -> Vec<String> {
    let mut given = input.clone();
    if let Some(fields) = given.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let misfits = misfits(&given, entry.input).into_iter();
    misfits.map(|misfit| format!("`{name}` was sent what {} refuses{misfit}", entry.name)).collect()
}

/// The output of a skipped step: every field is `null`.
fn skipped(output: &Value) -> Value {
    let properties = output.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, _)| (name.clone(), Value::Null)).collect()
}

/// Actions by the names of their functions: `create_branch` by `CreateBranch`.
pub(crate) fn actions_by_function(catalog: &Catalog) -> BTreeMap<String, String> {
    catalog
        .entries()
        .map(|entry| {
            let words = entry.name.split('_').map(|word| {
                let (first, rest) = word.split_at(word.len().min(1));
                first.to_ascii_uppercase() + rest
            });
            (words.collect(), entry.name.to_owned())
        })
        .collect()
}
