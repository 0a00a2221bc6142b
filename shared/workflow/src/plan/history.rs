//! How long an execution's history can become: Step Functions ends an execution with its 25,000th event, and nothing can
//! catch that: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.

use super::planned::{Block, Planned, PlannedKind, Task};
use crate::check::Checker;
use crate::model::{Retry, Step, StepKind, all};
use crate::source::Span;
use std::collections::BTreeMap;

/// The event budget of one loop. The rest is for built-in retries, and for the rollback.
const MOST_EVENTS: u64 = 20_000;
/// Entered, scheduled, started, submitted, succeeded, exited.
const TASK_EVENTS: u64 = 6;
/// Failed, scheduled, started.
const RETRY_EVENTS: u64 = 3;
/// Entered and exited.
const STATE_EVENTS: u64 = 2;
/// Entered, started, succeeded, exited; and the start and the end of every branch or iteration.
const SCOPE_EVENTS: u64 = 4;

/// Reports the innermost loops whose worst case is too long.
pub(super) fn check(steps: &[Step], block: &Block, checker: &mut Checker<'_, '_>) {
    let places: BTreeMap<&str, Span> = all(steps)
        .into_iter()
        .filter_map(|step| match &step.kind {
            StepKind::Loop(repeated) => Some((step.name.value.as_str(), repeated.max_iterations.span)),
            StepKind::Foreach(foreach) => Some((step.name.value.as_str(), foreach.max_items.span)),
            StepKind::Agent(_) => Some((step.name.value.as_str(), step.name.span)),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    count_block(block, false, &mut found);
    for (step, events) in found {
        if let Some(span) = places.get(step.as_str()) {
            checker
                .problems
                .error(
                    *span,
                    format!(
                        "`{step}` may write {events} history events; one execution has room for {MOST_EVENTS}"
                    ),
                )
                .help(
                    "make the body a workflow and run it with a step of type `workflow`, or lower the bound: `max_items`, `max_iterations`, an agent's `max_turns` or a `retry`",
                );
        }
    }
}

/// The events of a block in the worst case. One that is too long is reported once, and counts no further.
/// With a time limit, every pause is followed by a check of the clock.
fn count_block(block: &Block, limited: bool, found: &mut Vec<(String, u64)>) -> u64 {
    let choices = block.groups.iter().filter(|group| group.condition.is_some()).count() as u64;
    let steps: u64 = block.steps().map(|step| count(step, limited, found)).fold(0, u64::saturating_add);
    steps.saturating_add(choices * STATE_EVENTS)
}

fn count(step: &Planned, limited: bool, found: &mut Vec<(String, u64)>) -> u64 {
    let limited = limited || step.time_limit.is_some();
    let events = match &step.kind {
        PlannedKind::Task(task) => task_events(task.retry.as_ref()),
        PlannedKind::Agent(agent) => {
            let call = |task: &Task| task_events(task.retry.as_ref());
            // A turn that asks people is the longest.
            let turn = call(&agent.think) + call(&agent.run_tools) + 2 * call(&agent.answer) + STATE_EVENTS;
            turn.saturating_mul(agent.most_turns).saturating_add(call(&agent.open) + STATE_EVENTS)
        }
        PlannedKind::Approval(approval) => task_events(approval.retry.as_ref()),
        PlannedKind::Event(event) => task_events(event.retry.as_ref()),
        PlannedKind::Workflow(sub) => task_events(sub.retry.as_ref()),
        PlannedKind::Undo { .. } => TASK_EVENTS + SCOPE_EVENTS,
        PlannedKind::Set | PlannedKind::Fail { .. } => STATE_EVENTS,
        PlannedKind::Pause(_) => STATE_EVENTS * (1 + u64::from(limited)),
        PlannedKind::Switch(switch) => {
            let blocks = switch.cases.iter().map(|case| &case.block).chain(&switch.default);
            STATE_EVENTS + blocks.map(|block| count_block(block, limited, found)).max().unwrap_or_default()
        }
        PlannedKind::Parallel { branches, retry } => {
            let inside = branches.iter().map(|branch| count_block(&branch.flow.block, limited, found));
            let inside = inside.fold(SCOPE_EVENTS, u64::saturating_add);
            inside.saturating_mul(tries(retry.as_ref()))
        }
        PlannedKind::Foreach(foreach) => {
            let each = count_block(&foreach.flow.block, limited, found).saturating_add(STATE_EVENTS);
            let all = each.saturating_mul(foreach.most_items).saturating_add(SCOPE_EVENTS);
            all.saturating_mul(tries(foreach.retry.as_ref()))
        }
        PlannedKind::Loop(repeated) => {
            let each = count_block(&repeated.body, limited, found).saturating_add(STATE_EVENTS);
            each.saturating_mul(repeated.max_iterations)
        }
    };
    let repeats = matches!(step.kind, PlannedKind::Agent(_) | PlannedKind::Loop(_) | PlannedKind::Foreach(_));
    if repeats && events > MOST_EVENTS {
        found.push((step.step.clone(), events));
        return 0;
    }
    events.saturating_add(STATE_EVENTS * u64::from(step.time_limit.is_some()))
}

fn task_events(retry: Option<&Retry>) -> u64 {
    TASK_EVENTS + RETRY_EVENTS * (tries(retry) - 1)
}

fn tries(retry: Option<&Retry>) -> u64 {
    retry.map_or(1, |retry| retry.retries + 1)
}
