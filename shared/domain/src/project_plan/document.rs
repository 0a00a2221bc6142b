//! A plan as people read it.

use super::types::{PlanItem, PlannedTask, ProjectPlan};
use crate::text::{closed, literal};
use std::fmt::Write as _;

/// The plan in Markdown: the structure, and the epics with their tasks, each with its dependencies and acceptance criteria. `price` is the
/// estimated cost of a task, if known.
pub fn outline(plan: &ProjectPlan, price: impl Fn(&PlannedTask) -> Option<String>) -> String {
    let mut text = String::new();
    if !plan.structure.is_empty() {
        text.push_str("**Structure**\n\n");
        for place in &plan.structure {
            let _ = writeln!(text, "- `{}`: {}", place.path.replace('`', "'"), literal(&place.purpose));
        }
    }
    let mut numbered = std::collections::BTreeMap::new();
    for item in plan.in_order() {
        if let PlanItem::Task(task) = item {
            numbered.insert(task.key.as_str(), numbered.len() + 1);
        }
    }
    let groups = plan.epics.iter().map(|epic| (Some(epic.key.as_str()), literal(&epic.title)));
    let loose = plan.tasks.iter().any(|task| task.epic.is_none());
    let loose = loose.then(|| (None, "Tasks".to_owned()));
    for (epic, title) in groups.chain(loose) {
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{gap}**{title}**\n\n");
        for item in plan.in_order() {
            let PlanItem::Task(task) = item else { continue };
            if task.epic.as_deref() != epic {
                continue;
            }
            let number = numbered.get(task.key.as_str()).copied().unwrap_or_default();
            let _ = write!(text, "- {number}: {} ({}", literal(&task.title), task.size.as_str());
            if let Some(price) = price(task) {
                let _ = write!(text, ", {price}");
            }
            let before: Vec<String> = task
                .depends_on
                .iter()
                .filter_map(|key| numbered.get(key.as_str()).map(usize::to_string))
                .collect();
            if !before.is_empty() {
                let _ = write!(text, ", after {}", before.join(", "));
            }
            text.push_str(")\n");
            for criterion in &task.acceptance_criteria {
                let _ = writeln!(text, "  - {}", literal(criterion.trim()));
            }
        }
    }
    text
}

/// The description of a task's ticket in Markdown. `before` holds the tickets that must be done before it.
pub fn ticket_text(task: &PlannedTask, before: &[String]) -> String {
    let mut text = closed(task.description.trim());
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str("**Acceptance criteria**\n\n");
    for criterion in &task.acceptance_criteria {
        let _ = writeln!(text, "- {}", criterion.trim().replace('\n', " "));
    }
    if !before.is_empty() {
        let _ = write!(text, "\n**Depends on** {}\n", before.join(", "));
    }
    let _ = write!(text, "\nSize: {}", task.size.as_str());
    text
}

#[cfg(test)]
mod tests {
    use super::super::types::PlannedEpic;
    use super::super::types::tests::{plan, task};
    use super::*;

    #[test]
    fn tasks_are_shown_by_epic_with_what_they_wait_for() {
        let mut plan = plan(vec![task("b", &["a"]), task("a", &[])]);
        plan.epics.push(PlannedEpic { key: "e".into(), title: "Cart".into(), description: String::new() });
        plan.tasks[1].epic = Some("e".into());
        let text = outline(&plan, |_| Some("about $1.00".into()));
        let expected = "**Cart**\n\n- 1: Do a (small, about $1.00)\n  - It is done.\n\n**Tasks**\n\n- 2: Do b (small, about $1.00, after 1)\n  - It is done.\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_ticket_says_when_it_is_done_and_what_comes_before() {
        let text = ticket_text(&task("b", &["a"]), &["SHOP-3".to_owned()]);
        assert_eq!(text, "**Acceptance criteria**\n\n- It is done.\n\n**Depends on** SHOP-3\n\nSize: small");
        let example = PlannedTask { description: "As here:\n\n```\nopen()\n".into(), ..task("b", &[]) };
        let text = ticket_text(&example, &[]);
        assert!(
            text.starts_with("As here:\n\n```\nopen()\n```\n\n**Acceptance criteria**"),
            "no code: {text}"
        );
    }
}
