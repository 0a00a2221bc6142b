//! Taking effects back: after an error, or because a person asked.

use super::compiler::{Compiler, Next};
use super::frame::run;
use super::policy::caught_cause;
use super::retry::{Hopeless, retriers};
use super::task::{invocation, ordered};
use crate::check::evaluated;
use crate::names::{FAILURE, ROLLBACK_ERROR};
use crate::plan::{Planned, function_placeholder};
use domain::built_in_actions::LIST_EFFECTS;
use serde_json::{Map, Value, json};

/// A state outlives its function by this much.
const TIMEOUT_SECONDS: u64 = 65;
/// Step Functions cuts a cause at 32,768 characters.
const LONGEST_CAUSE: usize = 32_000;

impl<'p> Compiler<'p> {
    /// `Rollback` lists the run's effects, `Undo` takes them back one by one, newest first, `RolledBack` says so with a
    /// receipt. An effect that could not be taken back makes the end another one than `RolledBack`.
    ///
    /// A branch or an iteration ends instead, and has the scope around it do that.
    pub(super) fn rollback(&mut self) {
        if !self.is_outermost() {
            let state = json!({
                "Type": "Fail",
                "Comment": "Has the scope around take back what was done",
                "Error": ROLLBACK_ERROR,
                "Cause": "{% $states.input.cause %}",
            });
            self.states.insert(self.rollback.clone(), state);
            return;
        }
        let failure = format!("${FAILURE}");
        let mut list = invocation(
            &function_placeholder(LIST_EFFECTS).into(),
            self.frame.payload("Rollback", json!({})),
            self.timeout_of(LIST_EFFECTS).into(),
        );
        list.insert(
            "Comment".to_owned(),
            "Closes the run to new effects and lists what it did, newest first".into(),
        );
        list.insert("Retry".to_owned(), retriers(None, Hopeless::Action));
        list.insert(
            "Catch".to_owned(),
            json!([{
                "ErrorEquals": ["States.ALL"],
                "Output": {"error": "{% $states.errorOutput.Error %}", "cause": evaluated(caught_cause())},
                "Next": "RollbackFailed",
            }]),
        );
        list.insert("Assign".to_owned(), json!({"rollback_kept": evaluated(KEPT)}));
        list.insert("Output".to_owned(), "{% $states.result.Payload %}".into());
        list.insert("Next".to_owned(), "Undo".into());
        self.states.insert("Rollback".to_owned(), ordered(list));

        let undo = self.undo_each("UndoEffect", "EffectStays", &run());
        self.states.insert("Undo".to_owned(), with(undo, &[("Next", "RolledBack".into())]));

        let receipt = format!(
            "{{'step': {failure}.step, 'error': {failure}.error, 'cause': {failure}.cause, \
             'undone': [$states.input[undone].action], 'not_undone': [$states.input[$not(undone)]], 'kept': $rollback_kept}}"
        );
        self.states.insert(
            "RolledBack".to_owned(),
            json!({
                "Type": "Fail",
                "Comment": "Ends with the first error and what became of the run's effects",
                "Error": "{% $count($states.input[$not(undone)]) = 0 ? 'RolledBack' : 'RollbackIncomplete' %}",
                "Cause": evaluated(&format!("$substring($string({receipt}), 0, {LONGEST_CAUSE})")),
            }),
        );
        let cause = format!(
            "{{'step': {failure}.step, 'error': {failure}.error, 'cause': {failure}.cause, 'rollback': $states.input}}"
        );
        self.states.insert(
            "RollbackFailed".to_owned(),
            json!({
                "Type": "Fail",
                "Comment": "Ends with the first error; nothing was taken back yet",
                "Error": "RollbackFailed",
                "Cause": evaluated(&format!("$substring($string({cause}), 0, {LONGEST_CAUSE})")),
            }),
        );
    }

    /// A step of type `undo`: the same for another run, and a failure when something could not be taken back.
    pub(super) fn undo(&mut self, step: &'p Planned, run: &str, next: &Next) {
        let run = evaluated(run);
        let each = self.free_name(&format!("{}Each", step.state));
        let outcome = self.free_name(&format!("{}Outcome", step.state));
        let incomplete = self.free_name(&format!("{}Incomplete", step.state));
        let mut sent = self.frame.payload(&step.state, json!({"run": run}));
        self.work_on(&run, &mut sent);
        let mut list = invocation(
            &function_placeholder(LIST_EFFECTS).into(),
            sent,
            self.timeout_of(LIST_EFFECTS).into(),
        );
        list.insert("Comment".to_owned(), step.comment.as_str().into());
        list.insert("Retry".to_owned(), retriers(None, Hopeless::Action));
        if let Some(policy) = self.policy(step, next) {
            list.insert("Catch".to_owned(), json!([policy]));
        }
        list.insert("Output".to_owned(), "{% $states.result.Payload %}".into());
        list.insert("Next".to_owned(), each.as_str().into());
        self.states.insert(step.state.clone(), ordered(list));

        let names = (
            self.free_name(&format!("{}Effect", step.state)),
            self.free_name(&format!("{}EffectStays", step.state)),
        );
        let undo = self.undo_each(&names.0, &names.1, &run);
        self.states.insert(each, with(undo, &[("Next", outcome.as_str().into())]));
        let done = match next {
            Next::State(name) => name.clone(),
            Next::End => self.free_name(&format!("{}Done", step.state)),
        };
        self.states.insert(
            outcome,
            json!({
                "Type": "Choice",
                "Choices": [{"Condition": "{% $count($states.input[$not(undone)]) = 0 %}", "Next": done}],
                "Default": incomplete,
            }),
        );
        self.states.insert(
            incomplete,
            json!({
                "Type": "Fail",
                "Comment": "Some effects could not be taken back",
                "Error": "UndoIncomplete",
                "Cause": evaluated(&format!("$substring($string([$states.input[$not(undone)]]), 0, {LONGEST_CAUSE})")),
            }),
        );
        if matches!(next, Next::End) {
            self.states
                .insert(done, json!({"Type": "Succeed", "Output": self.given(&self.flow.last_outputs)}));
        }
    }

    /// A Map over the effects in its input, one at a time. Each item becomes `{key, action, undone, error, cause}`.
    fn undo_each(&self, effect: &str, stays: &str, run: &Value) -> Value {
        let functions: Vec<String> = self
            .document
            .plan
            .inverses
            .iter()
            .map(|action| format!("'{action}': '{}'", function_placeholder(action)))
            .collect();
        let function =
            evaluated(&format!("$lookup({{{}}}, $states.input.inverse.action)", functions.join(", ")));
        let mut sent = self.frame.payload("", "{% $states.input.inverse.input %}".into());
        self.work_on(run, &mut sent);
        sent.insert("key".to_owned(), "{% $states.input.key & '/undo' %}".into());
        let mut task = invocation(&function, sent, self.longest_inverse().into());
        task.insert(
            "Comment".to_owned(),
            "Calls the effect's inverse; what is gone already counts as taken back".into(),
        );
        task.insert("Retry".to_owned(), retriers(None, Hopeless::Action));
        let item = |undone: bool, error: &str, cause: &str| {
            json!({
                "key": "{% $states.input.key %}",
                "action": "{% $states.input.action %}",
                "undone": undone,
                "error": error,
                "cause": cause,
            })
        };
        task.insert(
            "Catch".to_owned(),
            json!([{
                "ErrorEquals": ["States.ALL"],
                "Output": item(false, "{% $states.errorOutput.Error %}", &format!("{{% {} %}}", caught_cause())),
                "Next": stays,
            }]),
        );
        let mut undone = item(true, "", "");
        if let Some(fields) = undone.as_object_mut() {
            fields.retain(|name, _| !matches!(name.as_str(), "error" | "cause"));
        }
        task.insert("Output".to_owned(), undone);
        task.insert("End".to_owned(), true.into());
        json!({
            "Type": "Map",
            "Comment": "Takes effects back, newest first",
            "Items": "{% [$states.input.effects[inverse != null]] %}",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": effect,
                "States": {effect: ordered(task), stays: {"Type": "Succeed"}},
            },
        })
    }

    /// Makes a payload work on another run, with the own run's admission.
    fn work_on(&self, other: &Value, sent: &mut Map<String, Value>) {
        if let Some(own) = sent.insert("run".to_owned(), other.clone()).filter(|own| own != other) {
            sent.insert("admitted_as".to_owned(), own);
        }
    }

    pub(super) fn timeout_of(&self, action: &str) -> u64 {
        self.document.catalog.find(action).map_or(TIMEOUT_SECONDS, |action| action.timeout_seconds + 5)
    }

    fn longest_inverse(&self) -> u64 {
        self.document
            .plan
            .inverses
            .iter()
            .map(|action| self.timeout_of(action))
            .max()
            .unwrap_or(TIMEOUT_SECONDS)
    }
}

/// The actions whose effects have no inverse.
const KEPT: &str = "[$states.result.Payload.effects[$not(inverse != null)].action]";

fn with(mut state: Value, fields: &[(&str, Value)]) -> Value {
    if let Some(known) = state.as_object_mut() {
        known.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    state
}
