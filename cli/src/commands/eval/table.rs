//! What came of each task, for people and for programs.

use super::hidden::Verdict;
use domain::MicroUsd;
use domain::text::printable;
use serde_json::{Value, json};

/// One task.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) task: String,
    /// The agent's outcome, its failure, or why it was not run.
    pub(super) outcome: String,
    pub(super) verdict: Verdict,
    /// How often the model replied.
    pub(super) turns: Option<u32>,
    pub(super) cost: MicroUsd,
    /// Whether the cost is the booked amount, rather than the maximum.
    pub(super) is_known: bool,
    /// How long the agent worked.
    pub(super) minutes: Option<f64>,
}

impl Row {
    /// A task that was not begun.
    pub(super) fn not_run(task: &str, reason: &str) -> Self {
        Self { outcome: format!("not run: {reason}"), ..Self::unfinished(task, "", MicroUsd::ZERO) }
    }

    /// A task that was begun and did not end: it may have cost its bound.
    pub(super) fn unfinished(task: &str, reason: &str, bound: MicroUsd) -> Self {
        Self {
            task: task.to_owned(),
            outcome: reason.to_owned(),
            verdict: Verdict::NotRun(reason.to_owned()),
            turns: None,
            cost: bound,
            is_known: bound == MicroUsd::ZERO,
            minutes: None,
        }
    }

    fn hidden_tests(&self) -> &'static str {
        match self.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::NotRun(_) => "not run",
        }
    }

    fn dollars(&self) -> String {
        match (self.cost, self.is_known) {
            (MicroUsd::ZERO, _) if self.turns.is_none() => "–".to_owned(),
            (cost, true) => cost.to_string(),
            (cost, false) => format!("at most {cost}"),
        }
    }

    /// One line, once it is known.
    pub(super) fn to_line(&self) -> String {
        let said = match &self.verdict {
            Verdict::Failed(said) => format!(" ({said})"),
            _ => String::new(),
        };
        let (task, outcome) = (&self.task, &self.outcome);
        format!("{task}: {outcome}, hidden tests {}{said}, {}", self.hidden_tests(), self.dollars())
    }

    fn to_markdown(&self) -> String {
        let turns = self.turns.map_or_else(|| "–".to_owned(), |turns| turns.to_string());
        let minutes = self.minutes.map_or_else(|| "–".to_owned(), |minutes| format!("{minutes:.1}"));
        let cells = [
            self.task.clone(),
            self.outcome.clone(),
            self.hidden_tests().to_owned(),
            turns,
            self.dollars(),
            minutes,
        ];
        // A line end or a bar would begin another row or cell.
        let cells = cells.map(|cell| printable(&cell).replace(['\n', '\r'], " ").replace('|', r"\|"));
        format!("| {} |", cells.join(" | "))
    }

    fn to_json(&self) -> Value {
        let said = match &self.verdict {
            Verdict::Passed => None,
            Verdict::Failed(said) | Verdict::NotRun(said) => {
                Some(said.as_str()).filter(|said| !said.is_empty())
            }
        };
        json!({
            "task": self.task,
            "outcome": self.outcome,
            "hidden_tests": self.hidden_tests().replace(' ', "_"),
            "said": said,
            "turns": self.turns,
            "usd": self.cost.as_usd(),
            "usd_is_known": self.is_known,
            "minutes": self.minutes,
        })
    }
}

/// All tasks, and the budget.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    provider: &'static str,
    model: Option<String>,
    budget: MicroUsd,
    bound: MicroUsd,
}

impl Table {
    /// Without a row.
    pub(super) fn new(
        provider: &'static str,
        model: Option<String>,
        budget: MicroUsd,
        bound: MicroUsd,
    ) -> Self {
        Self { rows: Vec::new(), provider, model, budget, bound }
    }

    /// The most that one task may cost.
    pub(super) fn bound(&self) -> MicroUsd {
        self.bound
    }

    fn spent(&self) -> MicroUsd {
        self.rows.iter().map(|row| row.cost).sum()
    }

    /// The remaining budget.
    pub(super) fn left(&self) -> MicroUsd {
        self.budget.saturating_sub(self.spent())
    }

    /// Whether another task can cost its bound without going over the budget.
    pub(super) fn leaves_enough(&self) -> bool {
        self.left() >= self.bound
    }

    /// Whether every task was run and its hidden tests passed.
    pub(super) fn is_solved(&self) -> bool {
        self.rows.iter().all(|row| row.verdict == Verdict::Passed)
    }

    fn solved(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict == Verdict::Passed).count()
    }

    pub(super) fn to_markdown(&self) -> String {
        let mut lines = vec![
            "| task | outcome | hidden tests | turns | dollars | minutes |".to_owned(),
            "|---|---|---|---|---|---|".to_owned(),
        ];
        lines.extend(self.rows.iter().map(Row::to_markdown));
        let model = self.model.as_deref().unwrap_or("its own model");
        let (solved, all) = (self.solved(), self.rows.len());
        let (spent, budget) = (self.spent(), self.budget);
        lines.push(String::new());
        lines.push(printable(&format!(
            "{}, {model}: {solved} of {all} tasks solved, for {spent} of {budget}.",
            self.provider
        )));
        lines.join("\n")
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "provider": self.provider,
            "model": self.model,
            "budget_usd": self.budget.as_usd(),
            "max_usd": self.bound.as_usd(),
            "spent_usd": self.spent().as_usd(),
            "solved": self.solved(),
            "tasks": self.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(amount: f64) -> MicroUsd {
        MicroUsd::from_usd_rounded_up(amount)
    }

    fn row(cost: f64, verdict: Verdict) -> Row {
        Row {
            task: "a".into(),
            outcome: "done".into(),
            verdict,
            turns: Some(3),
            cost: usd(cost),
            is_known: true,
            minutes: Some(1.26),
        }
    }

    #[test]
    fn a_task_begins_only_while_the_budget_covers_all_that_it_may_cost() {
        let mut table = Table::new("p", Some("m".into()), usd(1.0), usd(0.4));
        for cost in [0.2, 0.4] {
            assert!(table.leaves_enough());
            table.rows.push(row(cost, Verdict::Passed));
        }
        assert_eq!((table.leaves_enough(), table.left()), (true, usd(0.4)), "to the last dollar");
        table.rows.push(row(0.1, Verdict::Passed));
        assert_eq!((table.leaves_enough(), table.left()), (false, usd(0.3)));
        // One that did not end may have cost all that it could.
        let mut table = Table::new("p", None, usd(1.0), usd(0.6));
        table.rows.push(Row::unfinished("a", "interrupted", usd(0.6)));
        assert!(!table.leaves_enough());
    }

    #[test]
    fn a_table_has_a_row_for_each_task() {
        let mut table = Table::new("p", Some("m".into()), usd(1.0), usd(0.4));
        table.rows.push(row(0.25, Verdict::Passed));
        table.rows.push(row(0.1, Verdict::Failed("a | b\nc".into())));
        table.rows.push(Row { outcome: "x|y\nz".into(), ..Row::unfinished("b", "", usd(0.4)) });
        table.rows.push(Row::not_run("c", "interrupted"));
        let text = table.to_markdown();
        assert_eq!(text.lines().filter(|line| line.starts_with("| ")).count(), 5, "{text}");
        for line in [
            "| a | done | passed | 3 | $0.2500 | 1.3 |",
            r"| b | x\|y z | not run | – | at most $0.4000 | – |",
            "| c | not run: interrupted | not run | – | – | – |",
            "p, m: 1 of 4 tasks solved, for $0.7500 of $1.0000.",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        let document = table.to_json();
        assert_eq!(document["spent_usd"], 0.75);
        assert_eq!(document["tasks"][1]["said"], "a | b\nc");
        assert_eq!(document["tasks"][3]["hidden_tests"], "not_run");
        assert!(!table.is_solved());
    }
}
