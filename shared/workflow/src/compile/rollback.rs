//! Taking effects back: after an error, or because a person asked.

use super::compiler::{Compiler, Next};
use super::policy::caught_cause;
use super::retry::{Hopeless, patient_retriers, retriers, with_looks};
use super::task::{invocation, ordered};
use crate::check::evaluated;
use crate::names::{FAILURE, ROLLBACK_ERROR, ROLLBACK_RECEIPT, UNDO_RECEIPT};
use crate::plan::{Planned, function_placeholder};
use domain::built_in_actions::LIST_EFFECTS;
use serde_json::{Value, json};

/// A state outlives its function by this much.
const TIMEOUT_SECONDS: u64 = 65;
/// Step Functions cuts a cause at 32,768 characters.
const LONGEST_CAUSE: usize = 32_000;
/// How many effects that stay are reported with their reasons, and how long a reason may be, in characters: a receipt fits in a cause.
const MOST_TOLD: usize = 20;
const LONGEST_REASON: usize = 1_000;

impl<'p> Compiler<'p> {
    /// `Rollback` lists the run's effects, `Undo` takes them back one by one, newest first, `RolledBack` says so with a
    /// receipt. An effect that could not be taken back makes the end another one than `RolledBack`.
    ///
    /// A branch or an iteration ends instead, and has the scope around it do that.
    pub(super) fn rollback(&mut self) {
        if !self.is_outermost() {
            let state = json!({
                "Type": "Fail",
                "Comment": "Lets the enclosing scope take back its effects",
                "Error": ROLLBACK_ERROR,
                "Cause": "{% $states.input.cause %}",
            });
            self.states.insert(self.rollback.clone(), state);
            return;
        }
        let failure = format!("${FAILURE}");
        let mut list = invocation(
            &function_placeholder(LIST_EFFECTS).into(),
            self.frame.payload("Rollback", json!({"page": evaluated(&page(ROLLBACK_RECEIPT))})),
            self.timeout_of(LIST_EFFECTS).into(),
        );
        list.insert(
            "Comment".to_owned(),
            "Closes the run to new effects and lists its effects, newest first, page by page".into(),
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
        list.insert("Assign".to_owned(), json!({ROLLBACK_RECEIPT: evaluated(&listed(ROLLBACK_RECEIPT))}));
        list.insert("Output".to_owned(), "{% $states.result.Payload %}".into());
        list.insert("Next".to_owned(), "Undo".into());
        self.states.insert("Rollback".to_owned(), ordered(list));

        let undo = self.undo_each("UndoEffect", "EffectStays", ROLLBACK_RECEIPT);
        self.states.insert("Undo".to_owned(), with(undo, &[("Next", "UndoMore".into())]));
        self.states.insert("UndoMore".to_owned(), more(ROLLBACK_RECEIPT, "Rollback", "RolledBack"));

        let told = format!("'step': {failure}.step, 'error': {failure}.error, 'cause': {failure}.cause, ");
        self.states.insert(
            "RolledBack".to_owned(),
            json!({
                "Type": "Fail",
                "Comment": "Ends with the first error and what became of the run's effects",
                "Error": format!("{{% ${ROLLBACK_RECEIPT}.failures = 0 ? 'RolledBack' : 'RollbackIncomplete' %}}"),
                "Cause": evaluated(&format!(
                    "$substring($string({}), 0, {LONGEST_CAUSE})",
                    receipt(ROLLBACK_RECEIPT, &told)
                )),
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
        let more_effects = self.free_name(&format!("{}More", step.state));
        let each = self.free_name(&format!("{}Each", step.state));
        let outcome = self.free_name(&format!("{}Outcome", step.state));
        let incomplete = self.free_name(&format!("{}Incomplete", step.state));
        let asked = json!({"run": run, "page": evaluated(&page(UNDO_RECEIPT))});
        let mut list = invocation(
            &function_placeholder(LIST_EFFECTS).into(),
            self.frame.payload(&step.state, asked),
            self.timeout_of(LIST_EFFECTS).into(),
        );
        list.insert("Comment".to_owned(), step.comment.as_str().into());
        list.insert("Retry".to_owned(), retriers(None, Hopeless::Action));
        if let Some(policy) = self.policy(step, next) {
            list.insert("Catch".to_owned(), json!([policy]));
        }
        list.insert("Assign".to_owned(), json!({UNDO_RECEIPT: evaluated(&listed(UNDO_RECEIPT))}));
        list.insert("Output".to_owned(), "{% $states.result.Payload %}".into());
        list.insert("Next".to_owned(), each.as_str().into());
        self.states.insert(step.state.clone(), ordered(list));

        let names = (
            self.free_name(&format!("{}Effect", step.state)),
            self.free_name(&format!("{}EffectStays", step.state)),
        );
        let undo = self.undo_each(&names.0, &names.1, UNDO_RECEIPT);
        self.states.insert(each, with(undo, &[("Next", more_effects.as_str().into())]));
        self.states.insert(more_effects, more(UNDO_RECEIPT, &step.state, &outcome));
        let done = match next {
            Next::State(name) => name.clone(),
            Next::End => self.free_name(&format!("{}Done", step.state)),
        };
        self.states.insert(
            outcome,
            json!({
                "Type": "Choice",
                "Choices": [{"Condition": format!("{{% ${UNDO_RECEIPT}.failures = 0 %}}"), "Next": done}],
                "Default": incomplete,
            }),
        );
        self.states.insert(
            incomplete,
            json!({
                "Type": "Fail",
                "Comment": "Some effects could not be taken back",
                "Error": "UndoIncomplete",
                "Cause": evaluated(&format!(
                    "$substring($string({}), 0, {LONGEST_CAUSE})",
                    receipt(UNDO_RECEIPT, "")
                )),
            }),
        );
        if matches!(next, Next::End) {
            // A workflow without its own output returns what was taken back.
            let output = match &self.flow.last_outputs {
                Value::Object(fields) if fields.is_empty() => evaluated(&receipt(UNDO_RECEIPT, "")),
                outputs => self.given(outputs),
            };
            self.states.insert(done, json!({"Type": "Succeed", "Output": output}));
        }
    }

    /// A Map over the effects in its input, one at a time. Each item becomes `{action, undone, seek, gone, instead}` or `{action, undone, seek, error, cause}`, and the receipt
    /// has it.
    fn undo_each(&self, effect: &str, stays: &str, receipt: &str) -> Value {
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
        sent.insert("key".to_owned(), "{% $states.input.key & '/undo' %}".into());
        let mut task = invocation(&function, sent, self.longest_inverse().into());
        task.insert(
            "Comment".to_owned(),
            "Calls the effect's inverse, or looks for an effect whose response was lost; effects that are already gone count as taken back"
                .into(),
        );
        task.insert("Retry".to_owned(), with_looks(patient_retriers()));
        let item = |undone: bool, error: &str, cause: &str| {
            json!({
                "action": "{% $states.input.action %}",
                "seek": "{% $states.input.seek = true %}",
                "undone": undone,
                "error": error,
                "cause": cause,
            })
        };
        task.insert(
            "Catch".to_owned(),
            json!([{
                "ErrorEquals": ["States.ALL"],
                "Output": item(false, "{% $states.errorOutput.Error %}", &format!("{{% $substring({}, 0, {LONGEST_REASON}) %}}", caught_cause())),
                "Next": stays,
            }]),
        );
        let mut undone = item(true, "", "");
        if let Some(fields) = undone.as_object_mut() {
            fields.retain(|name, _| !matches!(name.as_str(), "error" | "cause"));
            // An inverse's own report: that it found nothing to do, or what it did instead of taking the effect back.
            let gone = "{% $exists($states.result.Payload.gone) and $states.result.Payload.gone = true %}";
            let instead = "$states.result.Payload.instead";
            fields.insert("gone".to_owned(), gone.into());
            let instead = format!("{{% $exists({instead}) and {instead} != null ? {instead} : '' %}}");
            fields.insert("instead".to_owned(), instead.into());
        }
        task.insert("Output".to_owned(), undone);
        task.insert("End".to_owned(), true.into());
        json!({
            "Type": "Map",
            "Comment": "Takes effects back, newest first",
            "Items": "{% [$states.input.effects[inverse != null]] %}",
            "MaxConcurrency": 1,
            "Assign": {receipt: evaluated(&taken_back(receipt))},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": effect,
                "States": {effect: ordered(task), stays: {"Type": "Succeed"}},
            },
        })
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

/// Which page of effects is listed next, as JSONata: zero for the first one.
fn page(variable: &str) -> String {
    format!("($exists(${variable}) and ${variable}.next != null ? ${variable}.next : 0)")
}

/// A receipt after another page was listed. The first page starts a new one.
fn listed(variable: &str) -> String {
    let kept = "$states.result.Payload.effects[$not(inverse != null)].action";
    let next = "$states.result.Payload.next";
    format!(
        "{} = 0 ? {{'next': {next}, 'kept': [{kept}], 'undone': [], 'gone': [], 'instead': [], 'not_undone': [], 'failures': 0}} \
         : {{'next': {next}, 'kept': [${variable}.kept, {kept}], 'undone': [${variable}.undone], \
         'gone': [${variable}.gone], 'instead': [${variable}.instead], 'not_undone': [${variable}.not_undone], 'failures': ${variable}.failures}}",
        page(variable)
    )
}

/// A receipt after the effects of a page were taken back. Of many that stay, only the first are listed in full.
fn taken_back(variable: &str) -> String {
    format!(
        "{{'next': ${variable}.next, 'kept': [${variable}.kept], \
         'undone': [${variable}.undone, $states.result[undone and $not(seek) and $not(gone) and instead = ''].action], \
         'gone': [${variable}.gone, $states.result[undone and gone].action], \
         'instead': [$filter([${variable}.instead, $states.result[undone and instead != ''].{{'action': action, 'done': instead}}], \
         function($item, $at) {{ $at < {MOST_TOLD} }})], \
         'not_undone': [$filter([${variable}.not_undone, $states.result[$not(undone)]], function($item, $at) {{ $at < {MOST_TOLD} }})], \
         'failures': ${variable}.failures + $count($states.result[$not(undone)])}}"
    )
}

/// Goes on with the next page, if there is one.
fn more(variable: &str, list: &str, done: &str) -> Value {
    json!({
        "Type": "Choice",
        "Choices": [{"Condition": evaluated(&format!("{} != 0", page(variable))), "Next": list}],
        "Default": done,
    })
}

/// The message to people, after `told`: each action once, with its count.
fn receipt(variable: &str, told: &str) -> String {
    let counted = |field: &str| {
        format!(
            "[$map($distinct([${variable}.{field}]), function($action) {{($times := $count([${variable}.{field}][$ = $action]); \
             $times > 1 ? $action & ' × ' & $string($times) : $action)}})]"
        )
    };
    format!(
        "{{{told}'undone': {}, 'already_gone': {}, 'instead': [${variable}.instead], \
         'not_undone': [${variable}.not_undone], 'kept': {}, \
         'others': $max([0, ${variable}.failures - {MOST_TOLD}])}}",
        counted("undone"),
        counted("gone"),
        counted("kept")
    )
}

fn with(mut state: Value, fields: &[(&str, Value)]) -> Value {
    if let Some(known) = state.as_object_mut() {
        known.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    state
}
