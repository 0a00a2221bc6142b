//! Whether a model goes round in circles: the same call that fails again and again, or that gives the same result again and again.

use domain::plugins::ToolCall;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The same call fails this often before it is noticed.
const FAILURES: u32 = 3;
/// The same call gives the same result this often before it is noticed.
const SAME_RESULTS: u32 = 4;
/// This many different calls are remembered, the newest ones.
const REMEMBERED: usize = 64;

/// A warning for the model, once.
const WARNING: &str = "You are repeating yourself: this call has given you the same before, and will again. Look at what it says, and do \
something else. If you cannot go on, ask a person or finish with the outcome `blocked`.";

/// The calls that a session remembers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Repetition {
    calls: Vec<Known>,
    warned: bool,
    /// The calls of this turn.
    #[serde(skip)]
    of_turn: BTreeSet<String>,
    /// Whether the model knew the warning when it made them.
    #[serde(skip)]
    was_warned: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    call: String,
    result: String,
    failures: u32,
    same: u32,
}

/// How to react to a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Noticed {
    /// The model sees this with the call's result.
    Warn(&'static str),
    /// It was warned before: people are asked.
    Park,
}

impl Repetition {
    /// Begins a turn: the model made its calls before it saw the result of any of them.
    pub(super) fn begin_turn(&mut self) {
        self.of_turn.clear();
        self.was_warned = self.warned;
    }

    /// Remembers a call with its result. The same call counts once a turn, and the warning for nothing in the turn that it is given in.
    pub(super) fn notice(&mut self, call: &ToolCall, text: &str, is_error: bool) -> Option<Noticed> {
        let asked = digest(&[&call.name, &call.input.to_string()]);
        if !self.of_turn.insert(asked.clone()) {
            return None;
        }
        let result = digest(&[text]);
        let at = self.calls.iter().position(|known| known.call == asked);
        let mut known = match at {
            Some(at) => self.calls.remove(at),
            None => Known { call: asked, result: String::new(), failures: 0, same: 0 },
        };
        known.same = if known.result == result { known.same + 1 } else { 1 };
        known.failures = if is_error { known.failures + 1 } else { 0 };
        known.result = result;
        let repeats = known.failures >= FAILURES || known.same >= SAME_RESULTS;
        if repeats {
            (known.failures, known.same) = (0, 0);
        }
        self.calls.push(known);
        let forgotten = self.calls.len().saturating_sub(REMEMBERED);
        self.calls.drain(..forgotten);
        match (repeats, self.was_warned) {
            (false, _) => None,
            (true, false) => {
                self.warned = true;
                Some(Noticed::Warn(WARNING))
            }
            (true, true) => Some(Noticed::Park),
        }
    }

    /// Forgets everything: a person has helped.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex::encode(&digest.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(path: &str) -> ToolCall {
        ToolCall { id: "toolu_1".into(), name: "read_file".into(), input: json!({ "path": path }) }
    }

    /// The only call of a turn.
    fn turn(repetition: &mut Repetition, path: &str, text: &str, is_error: bool) -> Option<Noticed> {
        repetition.begin_turn();
        repetition.notice(&call(path), text, is_error)
    }

    #[test]
    fn the_third_failure_is_told_once_and_then_parks() {
        let mut repetition = Repetition::default();
        let noticed: Vec<_> = (0..6).map(|_| turn(&mut repetition, "a", "no such file", true)).collect();
        let warned = Some(Noticed::Warn(WARNING));
        assert_eq!(noticed, [None, None, warned, None, None, Some(Noticed::Park)]);
    }

    #[test]
    fn the_fourth_equal_result_is_noticed_and_a_changing_one_is_not() {
        let mut repetition = Repetition::default();
        for turn in 0..10 {
            repetition.begin_turn();
            assert_eq!(repetition.notice(&call("log"), &format!("line {turn}"), false), None);
            assert_eq!(repetition.notice(&call(&turn.to_string()), "same", false), None);
        }
        let noticed: Vec<_> = (0..4).map(|_| turn(&mut repetition, "b", "text", false)).collect();
        assert_eq!(noticed, [None, None, None, Some(Noticed::Warn(WARNING))]);
        let long: Vec<_> = (0..1_000).map(|n| turn(&mut repetition, &n.to_string(), "x", false)).collect();
        assert!(long.len() == 1_000 && repetition.calls.len() == REMEMBERED);
    }

    #[test]
    fn what_is_asked_for_at_once_is_asked_for_once_and_a_warning_comes_before_people_are_asked() {
        let mut repetition = Repetition::default();
        repetition.begin_turn();
        let at_once: Vec<_> = (0..16).map(|_| repetition.notice(&call("a"), "text", false)).collect();
        assert_eq!(at_once, vec![None; 16]);
        let mut both = || {
            repetition.begin_turn();
            ["a", "b"].map(|path| repetition.notice(&call(path), "text", false))
        };
        let warned = Some(Noticed::Warn(WARNING));
        assert_eq!([both(), both()], [[None, None], [None, None]]);
        assert_eq!(both(), [warned.clone(), None]);
        assert_eq!(both(), [None, Some(Noticed::Park)]);
    }

    #[test]
    fn two_calls_that_repeat_in_one_turn_are_both_warned_about() {
        let mut repetition = Repetition::default();
        let noticed: Vec<_> = (0..4)
            .map(|_| {
                repetition.begin_turn();
                ["a", "b"].map(|path| repetition.notice(&call(path), "text", false))
            })
            .collect();
        let warned = Some(Noticed::Warn(WARNING));
        assert_eq!(noticed.last(), Some(&[warned.clone(), warned]));
    }
}
