//! Approvals: a question is sent, and the state waits until somebody hands back its task token.

use super::compiler::{Compiler, Next};
use super::limits::TIMEOUT;
use super::policy::Failure;
use super::retry::{Hopeless, retriers};
use crate::model::OnTimeout;
use crate::plan::{Approval, Planned};
use domain::built_in_actions::REQUEST_APPROVAL;
use serde_json::{Value, json};

/// The error of a question that was answered with no.
const DECLINED: &str = "Declined";

impl<'p> Compiler<'p> {
    pub(super) fn approval(&mut self, step: &'p Planned, approval: &'p Approval, next: &Next) {
        let retry = retriers(approval.retry.as_ref(), Hopeless::Approval);
        let mut catchers = Vec::new();
        match approval.on_timeout {
            OnTimeout::Fail => {}
            OnTimeout::Approve => catchers.push(self.approved(step, approval, next)),
            OnTimeout::Decline => catchers.push(self.declined(step, next)),
        }
        catchers.extend(self.policy_of_call(step, next));
        self.parked(step, REQUEST_APPROVAL, &approval.input, approval.timeout_seconds, retry, catchers, next);
    }

    /// Nobody answered in time, which counts as a yes.
    fn approved(&mut self, step: &'p Planned, approval: &Approval, next: &Next) -> Value {
        let mut entries: Vec<(Vec<String>, String)> =
            approval.approved_by_timeout.iter().filter(|(path, _)| self.is_read(path)).cloned().collect();
        entries.extend(self.error_variable(step).map(|path| (path, "null".to_owned())));
        let mut catcher = json!({"ErrorEquals": [TIMEOUT]});
        if !entries.is_empty() {
            catcher["Assign"] = self.assigned.assignment(entries.iter().map(|(path, text)| (path, text)));
        }
        catcher["Output"] = self.frame.passed_on();
        let next = self.state_of(next);
        catcher["Next"] = self.in_time(step, next).into();
        catcher
    }

    /// Nobody answered in time, which counts as a no.
    fn declined(&mut self, step: &'p Planned, next: &Next) -> Value {
        let cause = "nobody answered in time";
        if let Some(catcher) = self.catcher(step, next, TIMEOUT, Failure::of(DECLINED, cause)) {
            return catcher;
        }
        let name = self.free_name(&format!("{}Declined", step.state));
        let state = json!({
            "Type": "Fail",
            "Comment": format!("Ends {} as if somebody had said no", step.step),
            "Error": DECLINED,
            "Cause": cause,
        });
        self.states.insert(name.clone(), state);
        let next = self.in_time(step, name);
        json!({"ErrorEquals": [TIMEOUT], "Output": {}, "Next": next})
    }
}
