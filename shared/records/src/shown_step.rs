//! The steps of an execution as people see them: the turns of an agent are one line.

use crate::cost::CostTotal;
use crate::step::{StepRecord, StepStatus};
use crate::view::ExecutionView;
use domain::built_in_actions::{ANSWER_SESSION, LOAD_PATHS, OPEN_SESSION, RUN_CHECKS, RUN_TOOLS, THINK};

/// The actions of an agent's turns, and how their states' names end.
const OF_TURNS: [(&str, &str); 5] = [
    (THINK, "Think"),
    (RUN_TOOLS, "RunTools"),
    (ANSWER_SESSION, "Answer"),
    (LOAD_PATHS, "Load"),
    (RUN_CHECKS, "Check"),
];

/// One line of an execution's progress.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownStep {
    /// The step. For an agent, its state is the step's own, and the rest is its turns' result so far.
    pub step: StepRecord,
    /// Its cost so far.
    pub cost: CostTotal,
    /// For an agent, its turns so far.
    pub turns: Option<usize>,
}

impl ExecutionView {
    /// The steps, in the order in which they were first started, with the turns of each agent as part of its step.
    pub fn shown_steps(&self) -> Vec<ShownStep> {
        let mut shown: Vec<ShownStep> = Vec::new();
        let mut at_work = None;
        for step in &self.steps {
            let agent =
                shown.iter().rposition(|agent| agent.turns.is_some() && is_turn_of(step, &agent.step));
            match agent.and_then(|place| shown.get_mut(place)) {
                Some(known) => {
                    known.cost = known.cost + self.cost_of_step(&step.state);
                    let thought = step.action.as_str() == THINK && step.status == StepStatus::Succeeded;
                    known.turns = known.turns.map(|turns| turns + usize::from(thought));
                    known.step.status = step.status;
                    known.step.ended_at = step.ended_at;
                    known.step.attempts = known.step.attempts.max(step.attempts);
                    known.step.error.clone_from(&step.error);
                    known.step.cause.clone_from(&step.cause);
                    at_work = agent;
                }
                None => {
                    let opens = step.action.as_str() == OPEN_SESSION;
                    at_work = opens.then_some(shown.len());
                    shown.push(ShownStep {
                        step: step.clone(),
                        cost: self.cost_of_step(&step.state),
                        turns: opens.then_some(0),
                    });
                }
            }
        }
        // Between its turns, an agent is at work.
        if let Some(agent) = at_work.and_then(|place| shown.get_mut(place))
            && !self.execution.outcome.is_final()
            && agent.step.status == StepStatus::Succeeded
        {
            agent.step.status = StepStatus::Running;
            agent.step.ended_at = None;
        }
        shown
    }
}

/// Whether a step is part of a turn of the agent whose session `opened` opened: `ImplementThink.1.4` is, of `Implement.1`.
fn is_turn_of(step: &StepRecord, opened: &StepRecord) -> bool {
    let split = |state: &str| match state.split_once('.') {
        Some((name, indexes)) => (name.to_owned(), format!("{indexes}.")),
        None => (state.to_owned(), String::new()),
    };
    let ((name, indexes), (own, around)) = (split(&step.state), split(&opened.state));
    let suffix =
        OF_TURNS.iter().find(|(action, _)| step.action.as_str() == *action).map(|(_, suffix)| *suffix);
    let rest = name.strip_prefix(&own).map(|rest| rest.trim_end_matches('_'));
    suffix.is_some() && rest == suffix && indexes.starts_with(&around)
}

impl std::ops::Add for CostTotal {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            priced: self.priced + other.priced,
            unknown_booked: self.unknown_booked + other.unknown_booked,
            unknown_calls: self.unknown_calls + other.unknown_calls,
        }
    }
}
