//! `timeout` of a step that contains others. Step Functions limits the time of a Task, but not that of a Parallel, of a Map or
//! of states that go in a circle. Such a step notes first when its time is over, and whatever inside takes time, or goes on
//! after something failed, looks at that: <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>.

use super::compiler::{Compiler, Next};
use super::deadline::Deadline;
use super::policy::{Failure, caught_cause, expression_of};
use crate::check::evaluated;
use crate::expression::string_literal;
use crate::model::OnError;
use crate::names::FAILURE;
use crate::plan::{Pause, Planned};
use serde_json::{Map, Value, json};

pub(super) const TIMEOUT: &str = "States.Timeout";
/// The error of a Task that would begin too late: its `TimeoutSeconds` cannot be evaluated.
const TOO_LATE: &str = "States.QueryEvaluationError";

impl Compiler<'_> {
    /// The state in which a step with a limit begins.
    pub(super) fn limited_entry(&self, step: &Planned) -> String {
        self.free_name(&format!("{}Deadline", step.state))
    }

    /// Notes the deadline of a step that has one: it holds for what is compiled from here on. Gives the deadline around the
    /// step, which is restored after it.
    pub(super) fn enter(&mut self, step: &Planned) -> Option<Deadline> {
        let around = self.deadline.clone();
        let Some(limit) = &step.time_limit else { return around };
        let own = format!("$millis() + {}", limit.seconds * 1000);
        let moment = match &around {
            Some(around) => format!("$min([${}, {own}])", around.variable),
            None => own,
        };
        self.states.insert(
            self.limited_entry(step),
            json!({
                "Type": "Pass",
                "Comment": format!("Notes when the time of {} is over", step.step),
                "Assign": {&limit.variable: evaluated(&moment)},
                "Next": self.first_state(step),
            }),
        );
        self.deadline = Some(Deadline {
            variable: limit.variable.clone(),
            step: step.step.clone(),
            timed_out: self.free_name(&format!("{}TimedOut", step.state)),
            on_error: step.on_error,
        });
        around
    }

    /// The deadline inside a scope whose first state is `first`: late arrivals end the scope.
    pub(super) fn deadline_within(&self, first: &str) -> Option<Deadline> {
        let deadline = self.deadline.clone()?;
        let timed_out = self.free_name(&format!("{first}ScopeTimedOut"));
        Some(Deadline { timed_out, on_error: OnError::Fail, ..deadline })
    }

    /// `TimeoutSeconds` of a Task: no more than what is left. When nothing is, the Task does not begin, be it for the first
    /// time or again.
    pub(super) fn time_limit(&self, own: u64) -> Value {
        let Some(deadline) = &self.deadline else { return own.into() };
        evaluated(&format!(
            "($left := {}; $assert($left > 0, {}); $min([$left, {own}]))",
            deadline.seconds_left(),
            deadline.cause()
        ))
    }

    /// The field of a `Wait` state and its value: it does not outlast the deadline.
    pub(super) fn wait_within_limit(&self, pause: &Pause) -> (&'static str, Value) {
        match (pause, &self.deadline) {
            (Pause::Seconds(value), None) => ("Seconds", value.clone()),
            (Pause::Timestamp(value), None) => ("Timestamp", value.clone()),
            (Pause::Seconds(value), Some(deadline)) => {
                let own = expression_of(value);
                let left = deadline.seconds_left();
                ("Seconds", evaluated(&format!("$max([0, $min([{own}, {left}])])")))
            }
            (Pause::Timestamp(value), Some(Deadline { variable, .. })) => {
                let own = expression_of(value);
                let earlier =
                    format!("$toMillis($moment) < ${variable} ? $moment : $fromMillis(${variable})");
                ("Timestamp", evaluated(&format!("($moment := {own}; {earlier})")))
            }
        }
    }

    /// Where something goes on that may have come too late: to `next` by way of a look at the clock.
    pub(super) fn in_time(&mut self, step: &Planned, next: String) -> String {
        let Some(deadline) = self.deadline.clone() else { return next };
        let name = self.free_name(&format!("{}InTime", step.state));
        let state = json!({
            "Type": "Choice",
            "Comment": format!("Goes on while {} has time left", deadline.step),
            "Choices": [{"Condition": evaluated(&format!("$not({})", deadline.is_over())), "Next": next}],
            "Output": {},
            "Default": self.timed_out(deadline),
        });
        self.states.insert(name.clone(), state);
        name
    }

    /// The rule of a loop that keeps it from going round when its time is over.
    pub(super) fn out_of_time_rule(&mut self) -> Option<Value> {
        let deadline = self.deadline.clone()?;
        let condition = evaluated(&deadline.is_over());
        Some(json!({"Condition": condition, "Output": {}, "Next": self.timed_out(deadline)}))
    }

    /// The `Catch` of a call without its own policy: a call that could not begin in time ends as a timeout.
    pub(super) fn too_late(&mut self) -> Option<Value> {
        let deadline = self.deadline.clone()?;
        Some(json!({
            "ErrorEquals": [TOO_LATE],
            "Output": {"error": "{% $states.errorOutput.Error %}", "cause": evaluated(caught_cause())},
            "Next": self.timed_out(deadline),
        }))
    }

    /// How a step failed. A call that could not begin in time, or was cut short, is reported as a timeout.
    pub(super) fn told_in_time(&self, failure: Failure, caught: &str) -> Failure {
        let Some(deadline) = &self.deadline else { return failure };
        let Failure { error, cause } = failure;
        let is_late = match caught {
            TIMEOUT => deadline.is_over(),
            _ => format!("($states.errorOutput.Error = '{TOO_LATE}' and {})", deadline.is_over()),
        };
        Failure {
            error: format!("({is_late} ? '{TIMEOUT}' : {error})"),
            cause: format!("({is_late} ? {} : {cause})", deadline.cause()),
        }
    }

    /// The state for late arrivals, which is written once something leads there.
    fn timed_out(&mut self, deadline: Deadline) -> String {
        let name = deadline.timed_out.clone();
        self.timed_out.insert(name.clone(), deadline);
        name
    }

    /// The states to which goes what came too late. What fails in time, in the making of a call, keeps its own error.
    pub(super) fn time_outs(&mut self) {
        for (name, deadline) in std::mem::take(&mut self.timed_out) {
            let comment = format!("Ends {}, whose time is over", deadline.step);
            let or_own = |field: &str, late: String| {
                let own = format!("$states.input.{field}");
                format!("($exists({own}) and $not({}) ? {own} : {late})", deadline.is_over())
            };
            let failure = Failure {
                error: or_own("error", string_literal(TIMEOUT)),
                cause: or_own("cause", deadline.cause()),
            };
            let (error, cause) = (evaluated(&failure.error), evaluated(&failure.cause));
            let state = match (deadline.on_error, self.is_outermost()) {
                (OnError::Rollback, true) => {
                    self.needs_rollback = true;
                    json!({
                        "Type": "Pass",
                        "Comment": comment,
                        "Assign": {FAILURE: {"step": deadline.step, "error": error, "cause": cause}},
                        "Next": self.rollback,
                    })
                }
                (OnError::Rollback, false) => self.end_for_rollback(&deadline.step, &failure, &comment),
                _ => json!({"Type": "Fail", "Comment": comment, "Error": error, "Cause": cause}),
            };
            self.states.insert(name, state);
        }
    }

    /// Continues after a state that takes time and cannot fail.
    pub(super) fn go_in_time(&mut self, step: &Planned, state: &mut Map<String, Value>, next: &Next) {
        if self.deadline.is_none() {
            return self.go(state, next);
        }
        let next = self.state_of(next);
        let next = Next::State(self.in_time(step, next));
        self.go(state, &next);
    }
}
