//! The first state of every state machine: it admits the run or ends it, so that authorization depends on no step of an author.

use super::compiler::Compiler;
use super::retry::{Hopeless, retriers};
use super::task::{invocation, ordered};
use crate::check::evaluated;
use crate::plan::function_placeholder;
use crate::scope::EXECUTION_INPUT;
use domain::Grant;
use domain::built_in_actions::ADMIT;
use serde_json::{Value, json};

/// The state's name if no step has it.
const STATE: &str = "Admit";

/// The state that admits runs, by its name in a definition that this compiler wrote; `None` in one of before there were admissions.
pub fn admission_state(definition: &Value) -> Option<&str> {
    let first = definition["StartAt"].as_str()?;
    let function = definition["States"][first]["Arguments"]["FunctionName"].as_str()?;
    (function == function_placeholder(ADMIT)).then_some(first)
}

impl Compiler<'_> {
    /// Writes the state, which goes on at `next`, and gives its name. A child of a run is admitted with it. One whose parent was
    /// compiled before there were admissions says so, because its run has none.
    pub(super) fn admission(&mut self, next: &str) -> String {
        let name = self.free_name(STATE);
        let (parent, grant) = (format!("{EXECUTION_INPUT}.parent"), format!("{EXECUTION_INPUT}.grant"));
        let earlier = Grant::Earlier;
        let grant = evaluated(&format!(
            "{parent} != null ? ($exists({parent}.v) ? null : '{earlier}') : ($exists({grant}) ? {grant} : null)"
        ));
        let mut state = invocation(
            &function_placeholder(ADMIT).into(),
            self.frame.payload(&name, json!({"grant": grant})),
            self.timeout_of(ADMIT).into(),
        );
        state.insert(
            "Comment".to_owned(),
            "Admits the run, or ends it if its starter may not start work".into(),
        );
        state.insert("Retry".to_owned(), retriers(None, Hopeless::Action));
        state.insert("Output".to_owned(), json!({}));
        state.insert("Next".to_owned(), next.into());
        self.states.insert(name.clone(), ordered(state));
        name
    }
}
