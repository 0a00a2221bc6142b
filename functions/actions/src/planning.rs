//! Shared code of the planning actions: the question to people about a plan, and a plan's cost.
//!
//! The question names the plan by its digest, and [`create_planned_task`](crate::actions::create_planned_task) creates a ticket only after
//! a yes to this very question: another plan is another question.

use crate::agent::price::Prices;
use crate::context::Context;
use crate::gate::yeses_to;
use domain::plugins::Usage;
use domain::project_plan::{PlannedTask, TaskSize};
use domain::{ActionError, MicroUsd, ProjectPlan};
use jiff::Timestamp;
use providers::Model;

/// The average usage of an agent's turn: most of its input is read from the cache.
const TURN: Usage = Usage {
    input_tokens: 0,
    cache_read_tokens: 24_000,
    cache_write_5m_tokens: 2_000,
    cache_write_1h_tokens: 0,
    output_tokens: 700,
};

/// The question to people about a plan. It identifies the plan and the destination of its tickets.
pub fn question(plan: &ProjectPlan, project: &str, epic: Option<&str>) -> String {
    let tickets = match (plan.epics.len(), plan.tasks.len()) {
        (0, tasks) => counted(tasks, "task"),
        (epics, tasks) => format!("{} and {}", counted(epics, "epic"), counted(tasks, "task")),
    };
    let place = epic.map_or_else(|| project.to_owned(), |epic| format!("the epic {epic}"));
    format!("May this plan become tickets in {place}: {tickets}, {}?", plan.digest())
}

/// Makes sure that people approved this plan in this run.
///
/// # Errors
/// `Rejected` if nobody said yes to this plan; the errors of the table.
pub async fn approved(
    context: &Context<'_>,
    plan: &ProjectPlan,
    epic: Option<&str>,
) -> Result<(), ActionError> {
    let question = question(plan, &context.scope().project.key, epic);
    // A yes to exactly this plan approves it, even if `events` was killed before it could record that the step was told.
    if !yeses_to(context, &question).await?.is_empty() {
        return Ok(());
    }
    Err(ActionError::rejected(format!(
        "no ticket is created, because nobody approved this plan ({}); a yes to another plan does not apply. The step review_plan asks \
         what an approval step must ask before create_planned_task",
        plan.digest()
    )))
}

/// The approximate cost of an agent's work on a task of this size; `None` if the model has no known price.
pub fn estimate(model: &Model, size: TaskSize, at: Timestamp) -> Option<MicroUsd> {
    let turns = u64::from(size.turns());
    let usage = Usage {
        input_tokens: TURN.input_tokens * turns,
        cache_read_tokens: TURN.cache_read_tokens * turns,
        cache_write_5m_tokens: TURN.cache_write_5m_tokens * turns,
        cache_write_1h_tokens: TURN.cache_write_1h_tokens * turns,
        output_tokens: TURN.output_tokens * turns,
    };
    Prices::of(&*model.provider).price(&model.name, &usage, at)
}

/// The cost of all tasks together; `None` if the model has no known price.
pub fn estimate_all(model: &Model, tasks: &[PlannedTask], at: Timestamp) -> Option<MicroUsd> {
    tasks.iter().try_fold(MicroUsd::ZERO, |sum, task| {
        Some(MicroUsd(sum.0.saturating_add(estimate(model, task.size, at)?.0)))
    })
}

/// `1 task`, `2 tasks`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_plan_or_another_place_is_another_question() {
        let task = serde_json::json!({
            "key": "a", "title": "A", "acceptance_criteria": ["It works."], "size": "small",
        });
        let plan = serde_json::json!({"title": "P", "summary": "S", "tasks": [task]});
        let plan: ProjectPlan = serde_json::from_value(plan).unwrap();
        let asked = question(&plan, "SHOP", None);
        assert_eq!(asked, format!("May this plan become tickets in SHOP: 1 task, {}?", plan.digest()));
        assert_ne!(asked, question(&plan, "SHOP", Some("SHOP-4")));
        let mut other = plan.clone();
        other.tasks[0].description = "More.".into();
        assert_ne!(asked, question(&other, "SHOP", None));
    }
}
