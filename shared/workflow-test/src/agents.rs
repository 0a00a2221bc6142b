//! The agents of a case: their final result, or the needs of each turn.

use crate::answers::Answers;
use crate::file::{Answer, Reply, Turn, TurnNext};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use workflow::Compilation;

/// The session of every scripted agent.
const SESSION: &str = "session";

/// The role of a state in an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Open,
    Think,
    RunTools,
    Ask,
    Answer,
    Load,
}

impl Role {
    /// Whether paths omit the state: of a turn, they list only its question.
    pub(crate) fn is_inside(self) -> bool {
        matches!(self, Self::Think | Self::RunTools | Self::Answer | Self::Load)
    }
}

/// The states of a workflow's agents: the step of each, and its role.
pub(crate) fn roles(compilation: &Compilation) -> BTreeMap<String, (String, Role)> {
    let mut roles = BTreeMap::new();
    for step in &compilation.steps {
        let Some(agent) = &step.agent else { continue };
        let states = &agent.states;
        for (state, role) in [
            (&step.state, Role::Open),
            (&states.think, Role::Think),
            (&states.run_tools, Role::RunTools),
            (&states.ask, Role::Ask),
            (&states.answer, Role::Answer),
            (&states.load, Role::Load),
            (&states.check, Role::Load),
        ] {
            roles.insert(state.clone(), (step.name.clone(), role));
        }
    }
    roles
}

/// The turns of the agents at work, by step and iteration.
#[derive(Debug, Default)]
pub(crate) struct Agents(BTreeMap<(String, String), Script>);

#[derive(Debug)]
struct Script {
    left: VecDeque<Turn>,
    /// The current turn.
    current: Option<Turn>,
    turns: u64,
    cost_usd: f64,
}

/// The result of a scripted state.
pub(crate) enum Scripted {
    Give(Value),
    Declined(Reply),
    Approved(Reply),
    /// Nobody answers.
    Wait,
    /// There is no such turn.
    UsedUp(u64),
}

impl Agents {
    /// An agent begins, with an answer that is neither an error nor skipped.
    pub(crate) fn open(&mut self, step: &str, iteration: &str, answer: Answer) -> Value {
        let done =
            |result| Turn { next: TurnNext::Done, result, cost_usd: answer.cost_usd, ..Turn::default() };
        let left = match answer.turns {
            Some(turns) => turns.into(),
            None => VecDeque::from([done(answer.result)]),
        };
        let script = Script { left, current: None, turns: 0, cost_usd: 0.0 };
        self.0.insert((step.to_owned(), iteration.to_owned()), script);
        json!({"session": SESSION, "next": "think", "turn": 0})
    }

    /// What the next call of an open agent gives, and the dollars that it spends. `iteration` is that of the step, without the turn.
    pub(crate) fn next(&mut self, step: &str, iteration: &str, role: Role) -> Option<(Scripted, f64)> {
        let script = self.0.get_mut(&(step.to_owned(), iteration.to_owned()))?;
        Some(script.next(role))
    }

    /// What cases give and no agent came to, a sentence for each.
    pub(crate) fn left_over(&self, answers: &Answers) -> Vec<String> {
        let unused = |((step, _), script): (&(String, String), &Script)| {
            let all = script.turns + script.left.len() as u64;
            (!script.left.is_empty() && answers.is_own(step))
                .then(|| format!("`{step}` has {all} turns, but took {}", script.turns))
        };
        self.0.iter().filter_map(unused).collect()
    }
}

impl Script {
    fn next(&mut self, role: Role) -> (Scripted, f64) {
        let plain = |next: &str| Scripted::Give(json!({"session": SESSION, "next": next}));
        match role {
            Role::Open => (plain("think"), 0.0),
            Role::Answer | Role::Load => (plain("think"), 0.0),
            Role::Think => {
                let Some(turn) = self.left.pop_front() else { return (Scripted::UsedUp(self.turns), 0.0) };
                let spent = turn.cost_usd.unwrap_or(0.0);
                self.turns += 1;
                self.cost_usd += spent;
                self.current = Some(turn);
                let given = json!({
                    "session": SESSION, "next": "run_tools", "turn": self.turns, "cost_usd": self.cost_usd,
                });
                (Scripted::Give(given), spent)
            }
            Role::RunTools => (Scripted::Give(self.ended_turn()), 0.0),
            Role::Ask => (self.answer(), 0.0),
        }
    }

    /// What `run_tools` gives.
    fn ended_turn(&self) -> Value {
        let turn = self.current.as_ref();
        let question = turn.and_then(|turn| turn.question.as_ref());
        let question = question.map(|asked| json!({"text": asked.text, "options": asked.options}));
        let result = turn.filter(|turn| turn.next == TurnNext::Done);
        let result =
            result.map(|turn| turn.result.as_ref().map_or_else(|| json!({}), |given| given.value.clone()));
        json!({
            "session": SESSION,
            "next": turn.map_or("done", |turn| turn.next.as_str()),
            "turn": self.turns,
            "turns": self.turns,
            "question": question,
            "result": result,
            "cost_usd": self.cost_usd,
        })
    }

    fn answer(&self) -> Scripted {
        match &self.current {
            Some(Turn { decline: Some(reply), .. }) => Scripted::Declined(reply.clone()),
            Some(Turn { approve: Some(reply), .. }) => Scripted::Approved(reply.clone()),
            _ => Scripted::Wait,
        }
    }
}
