//! What keeps a plan from becoming tickets.

use super::types::{PlannedTask, ProjectPlan};
use crate::folded;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How long a title is, in characters: trackers cut longer ones.
const LONGEST_TITLE: usize = 200;
/// How long a description is, in characters.
const LONGEST_DESCRIPTION: usize = 10_000;
/// How long a key is, in characters.
const LONGEST_KEY: usize = 40;
/// How many epics and tasks a plan has.
const MOST_ITEMS: usize = 100;
/// How many mistakes are reported at once.
const MOST_TOLD: usize = 20;
/// How much of a text a mistake repeats, in characters.
const SHOWN: usize = 60;

/// One mistake in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanProblem {
    /// There is no task.
    NoTasks,
    /// There are too many items.
    TooMany(usize),
    /// A key is not written as keys are.
    Key(String),
    /// Two items have this key.
    DuplicateKey(String),
    /// Two items have this title: the keys of both.
    DuplicateTitle(String, String),
    /// A text is empty: whose, and which.
    Empty(String, &'static str),
    /// A text has more than one line: whose, and which.
    Lines(String, &'static str),
    /// A text is too long: whose, which, how long it is and may be, in characters.
    TooLong(String, &'static str, usize, usize),
    /// A task names an epic that the plan does not have.
    UnknownEpic(String, String),
    /// A task depends on a task that the plan does not have.
    UnknownDependency(String, String),
    /// A task names another one twice among those that it depends on.
    DuplicateDependency(String, String),
    /// No task belongs to this epic.
    EpicWithoutTasks(String),
    /// Tasks wait for each other: their keys, the first again at the end.
    Cycle(Vec<String>),
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTasks => write!(f, "the plan has no task"),
            Self::TooMany(count) => {
                write!(f, "the plan has {count} epics and tasks; accepted: at most {MOST_ITEMS}")
            }
            Self::Key(key) => write!(
                f,
                "`{}` is not a key; accepted: up to {LONGEST_KEY} lowercase letters, digits and hyphens, such as `discount-codes`",
                shown(key)
            ),
            Self::DuplicateKey(key) => write!(f, "the key `{}` is given to two items", shown(key)),
            Self::DuplicateTitle(one, other) => {
                write!(f, "`{}` and `{}` have the same title", shown(one), shown(other))
            }
            Self::Empty(whose, what) => write!(f, "{what} of `{}` is empty", shown(whose)),
            Self::Lines(whose, what) => write!(
                f,
                "{what} of `{}` has a line break or another control character; accepted: one line",
                shown(whose)
            ),
            Self::TooLong(whose, what, length, most) => {
                write!(f, "{what} of `{}` has {length} characters; accepted: at most {most}", shown(whose))
            }
            Self::UnknownEpic(task, epic) => {
                write!(
                    f,
                    "`{}` belongs to the epic `{}`, which the plan does not have",
                    shown(task),
                    shown(epic)
                )
            }
            Self::UnknownDependency(task, other) => {
                write!(f, "`{}` depends on `{}`, which is not a task of the plan", shown(task), shown(other))
            }
            Self::DuplicateDependency(task, other) => {
                write!(f, "`{}` depends on `{}` twice", shown(task), shown(other))
            }
            Self::EpicWithoutTasks(epic) => write!(f, "no task belongs to the epic `{}`", shown(epic)),
            Self::Cycle(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{}`", shown(key))).collect();
                write!(f, "these tasks wait for each other: {}", keys.join(" → "))
            }
        }
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl ProjectPlan {
    /// Every mistake that keeps the plan from becoming tickets, up to twenty; none for a plan that can.
    pub fn problems(&self) -> Vec<PlanProblem> {
        let mut problems = Vec::new();
        let count = self.epics.len() + self.tasks.len();
        if self.tasks.is_empty() {
            problems.push(PlanProblem::NoTasks);
        }
        if count > MOST_ITEMS {
            problems.push(PlanProblem::TooMany(count));
        }
        check_line("the plan", "the title", &self.title, &mut problems);
        check_text("the plan", "the summary", &self.summary, LONGEST_DESCRIPTION, true, &mut problems);
        for place in &self.structure {
            check_line(&place.path, "the path", &place.path, &mut problems);
            check_line(&place.path, "the purpose", &place.purpose, &mut problems);
        }
        let (mut keys, mut titles) = (BTreeSet::new(), BTreeMap::new());
        let items = self.epics.iter().map(|epic| (&epic.key, &epic.title, &epic.description));
        let items = items.chain(self.tasks.iter().map(|task| (&task.key, &task.title, &task.description)));
        for (key, title, description) in items {
            if !is_key(key) {
                problems.push(PlanProblem::Key(key.clone()));
            }
            if !keys.insert(key) {
                problems.push(PlanProblem::DuplicateKey(key.clone()));
            }
            let same = folded(&title.split_whitespace().collect::<Vec<_>>().join(" "));
            if let Some(other) = titles.insert(same, key) {
                problems.push(PlanProblem::DuplicateTitle(other.clone(), key.clone()));
            }
            check_line(key, "the title", title, &mut problems);
            check_text(key, "the description", description, LONGEST_DESCRIPTION, false, &mut problems);
        }
        self.check_tasks(&mut problems);
        problems.extend(self.cycle());
        problems.truncate(MOST_TOLD);
        problems
    }

    fn check_tasks(&self, problems: &mut Vec<PlanProblem>) {
        let tasks: BTreeSet<&str> = self.tasks.iter().map(|task| task.key.as_str()).collect();
        let epics: BTreeSet<&str> = self.epics.iter().map(|epic| epic.key.as_str()).collect();
        for task in &self.tasks {
            if task.acceptance_criteria.is_empty() {
                problems.push(PlanProblem::Empty(task.key.clone(), "the list of acceptance criteria"));
            }
            for criterion in &task.acceptance_criteria {
                check_text(&task.key, "an acceptance criterion", criterion, 1_000, true, problems);
            }
            if let Some(epic) = task.epic.as_ref().filter(|epic| !epics.contains(epic.as_str())) {
                problems.push(PlanProblem::UnknownEpic(task.key.clone(), epic.clone()));
            }
            for other in task.depends_on.iter().filter(|other| !tasks.contains(other.as_str())) {
                problems.push(PlanProblem::UnknownDependency(task.key.clone(), other.clone()));
            }
            let mut named = BTreeSet::new();
            for other in &task.depends_on {
                if !named.insert(other) {
                    problems.push(PlanProblem::DuplicateDependency(task.key.clone(), other.clone()));
                }
            }
        }
        let used: BTreeSet<&str> = self.tasks.iter().filter_map(|task| task.epic.as_deref()).collect();
        let unused = self.epics.iter().filter(|epic| !used.contains(epic.key.as_str()));
        problems.extend(unused.map(|epic| PlanProblem::EpicWithoutTasks(epic.key.clone())));
    }

    /// Tasks that wait for each other, if there are such.
    fn cycle(&self) -> Option<PlanProblem> {
        let tasks: BTreeMap<&str, &PlannedTask> =
            self.tasks.iter().map(|task| (task.key.as_str(), task)).collect();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for start in &self.tasks {
            // The way from `start` to where we are, each with how many of its dependencies were followed.
            let mut way: Vec<(&PlannedTask, usize)> = vec![(start, 0)];
            while let Some((task, followed)) = way.pop() {
                if done.contains(task.key.as_str()) {
                    continue;
                }
                let Some(next) = task.depends_on.get(followed) else {
                    done.insert(&task.key);
                    continue;
                };
                way.push((task, followed + 1));
                if let Some(at) = way.iter().position(|(on, _)| on.key == *next) {
                    let mut keys: Vec<String> = way.iter().skip(at).map(|(on, _)| on.key.clone()).collect();
                    keys.push(next.clone());
                    return Some(PlanProblem::Cycle(keys));
                }
                if let Some(next) = tasks.get(next.as_str()) {
                    way.push((next, 0));
                }
            }
        }
        None
    }
}

/// Checks a text that people read in one line, such as a title in a list.
fn check_line(whose: &str, what: &'static str, text: &str, problems: &mut Vec<PlanProblem>) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.chars().any(breaks) {
        problems.push(PlanProblem::Lines(whose.to_owned(), what));
    }
    check_text(whose, what, text, LONGEST_TITLE, true, problems);
}

fn check_text(
    whose: &str,
    what: &'static str,
    text: &str,
    most: usize,
    is_required: bool,
    problems: &mut Vec<PlanProblem>,
) {
    let length = text.chars().count();
    if is_required && text.trim().is_empty() {
        problems.push(PlanProblem::Empty(whose.to_owned(), what));
    } else if length > most {
        problems.push(PlanProblem::TooLong(whose.to_owned(), what, length, most));
    }
}

fn is_key(key: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LONGEST_KEY).contains(&key.len()) && key.chars().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::super::types::PlannedEpic;
    use super::super::types::tests::{plan, task};
    use super::*;

    fn problems(plan: &ProjectPlan) -> Vec<String> {
        plan.problems().iter().map(PlanProblem::to_string).collect()
    }

    fn sixty() -> ProjectPlan {
        let name = |number: usize| format!("t{number}");
        let before = |number: usize| number.checked_sub(1).map(name);
        let tasks = (0..60).map(|number| {
            let before = before(number);
            task(&name(number), &before.as_deref().into_iter().collect::<Vec<_>>())
        });
        plan(tasks.collect())
    }

    #[test]
    fn sixty_tasks_in_a_row_are_a_plan() {
        assert_eq!(problems(&sixty()), Vec::<String>::new());
        assert_eq!(sixty().in_order().len(), 60);
    }

    #[test]
    fn every_mistake_in_a_plan_of_sixty_tasks_is_named() {
        let mut plan = sixty();
        plan.tasks[0].depends_on = vec!["t59".into()];
        let told = problems(&plan).join("\n");
        assert!(told.starts_with("these tasks wait for each other: `t0` → `t59` → `t58`"), "{told}");
        assert!(told.ends_with("`t1` → `t0`"), "{told}");

        let mut plan = sixty();
        plan.tasks[7].key = "t3".into();
        plan.tasks[8].title = "do  T9".into();
        plan.tasks[9].depends_on = vec!["t99".into()];
        plan.tasks[10].epic = Some("nowhere".into());
        plan.tasks[11].title = "x".repeat(10_000);
        plan.tasks[12].acceptance_criteria.clear();
        plan.tasks[13].key = "T 13".into();
        plan.tasks[20].depends_on.push("t19".into());
        plan.tasks[21].title = "Do t21\n- and more".into();
        plan.epics.push(PlannedEpic { key: "idle".into(), title: "Idle".into(), description: String::new() });
        let told = problems(&plan);
        for expected in [
            "the key `t3` is given to two items",
            "`t8` and `t9` have the same title",
            "`t8` depends on `t7`, which is not a task of the plan",
            "`t9` depends on `t99`, which is not a task of the plan",
            "`t10` belongs to the epic `nowhere`, which the plan does not have",
            "the title of `t11` has 10000 characters; accepted: at most 200",
            "the list of acceptance criteria of `t12` is empty",
            "`t20` depends on `t19` twice",
            "no task belongs to the epic `idle`",
            "the title of `t21` has a line break or another control character; accepted: one line",
        ] {
            assert!(told.iter().any(|line| line == expected), "{expected}\n{told:#?}");
        }
        assert!(told.iter().any(|line| line.starts_with("`T 13` is not a key; accepted: ")), "{told:#?}");
    }

    #[test]
    fn a_task_that_waits_for_itself_is_a_cycle() {
        let told = problems(&plan(vec![task("a", &["a"])]));
        assert_eq!(told, ["these tasks wait for each other: `a` → `a`"]);
        assert_eq!(
            problems(&plan(vec![task("a", &["b", "c"]), task("b", &["c"]), task("c", &[])])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_empty_plan_and_a_huge_one_are_refused() {
        assert_eq!(problems(&plan(Vec::new())), ["the plan has no task"]);
        let many = plan((0..101).map(|number| task(&format!("t{number}"), &[])).collect());
        assert_eq!(problems(&many), ["the plan has 101 epics and tasks; accepted: at most 100"]);
        let long = plan(vec![task(&"k".repeat(10_000), &[])]);
        assert!(problems(&long).iter().all(|line| line.len() < 300), "{:?}", problems(&long));
    }
}
