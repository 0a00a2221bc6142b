//! Loops: the body's states, followed by a `Choice` that goes back to the first of them.

use super::compiler::{Compiler, Next};
use super::policy::Failure;
use crate::check::evaluated;
use crate::model::OnError;
use crate::plan::{Loop, Planned};
use serde_json::{Map, Value, json};

/// The error of a loop whose condition never held.
const EXHAUSTED: &str = "LoopExhausted";

impl<'p> Compiler<'p> {
    pub(super) fn repeat(&mut self, step: &'p Planned, repeated: &'p Loop, next: &Next) {
        let limit_around = self.enter(step);
        let rounds = repeated.rounds();
        let first = self.entry(&repeated.body);
        let inside = self.frame.round(&rounds);
        let around = std::mem::replace(&mut self.frame, inside);
        self.block(&repeated.body, &Next::State(step.state.clone()));
        self.frame = around;

        let after = self.state_of(next);
        let counter = |rounds: &str| vec![(vec![repeated.counter.clone()], rounds.to_owned())];
        let needed = |entries: &[(Vec<String>, String)]| -> Vec<(Vec<String>, String)> {
            entries.iter().filter(|(path, _)| self.is_read(path)).cloned().collect()
        };
        let assign = |entries: Vec<(Vec<String>, String)>| -> Value {
            self.assigned.assignment(entries.iter().map(|(path, text)| (path, text)))
        };
        let ended = assign([counter("0"), needed(&step.sets)].concat());
        let again = assign(counter(&format!("{rounds} + 1")));
        let exhausted = assign([counter("0"), needed(&repeated.exhausted)].concat());

        let mut state = Map::new();
        state.insert("Type".to_owned(), "Choice".into());
        state.insert("Comment".to_owned(), step.comment.as_str().into());
        let until = format!("{} and true", repeated.until);
        let mut rules = vec![json!({"Condition": evaluated(&until), "Assign": ended, "Next": after})];
        rules.extend(self.out_of_time_rule());
        rules.push(json!({
            "Condition": evaluated(&format!("{rounds} + 1 < {}", repeated.max_iterations)),
            "Assign": again,
            "Next": first,
        }));
        state.insert("Choices".to_owned(), rules.into());
        if repeated.goes_on {
            state.insert("Assign".to_owned(), exhausted);
            state.insert("Default".to_owned(), after.into());
        } else {
            self.exhausted(step, repeated, &mut state);
        }
        self.states.insert(step.state.clone(), Value::Object(state));
        self.deadline = limit_around;
    }

    fn exhausted(&mut self, step: &'p Planned, repeated: &Loop, choice: &mut Map<String, Value>) {
        let cause = format!("{} did not come to its end in {} rounds", step.step, repeated.max_iterations);
        let failure = Failure::of(EXHAUSTED, &cause);
        let comment = format!("Ends {} when its rounds are used up", step.step);
        let name = self.free_name(&format!("{}Exhausted", step.state));
        choice.insert("Default".to_owned(), name.as_str().into());
        let state = match (step.on_error, self.is_outermost()) {
            (OnError::Rollback, true) => {
                let next = self.rollback_of(&step.step, EXHAUSTED, &cause);
                choice.insert("Default".to_owned(), self.rollback.as_str().into());
                choice.insert("Assign".to_owned(), next);
                return;
            }
            (OnError::Rollback, false) => self.end_for_rollback(&step.step, &failure, &comment),
            _ => json!({"Type": "Fail", "Comment": comment, "Error": EXHAUSTED, "Cause": cause}),
        };
        self.states.insert(name, state);
    }
}
