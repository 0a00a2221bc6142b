//! The parts of a plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The structure of a project, its epics and its tasks. [`ProjectPlan::problems`] says whether it can become tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectPlan {
    /// The project's name, in one line.
    pub title: String,
    /// The goal and the reason, in a few sentences.
    pub summary: String,
    /// The folders and files that the project gets or that its tasks change.
    #[serde(default)]
    pub structure: Vec<PlannedPath>,
    /// The epics. Tasks without one belong to the epic that is planned, if there is one.
    #[serde(default)]
    pub epics: Vec<PlannedEpic>,
    /// The tasks.
    pub tasks: Vec<PlannedTask>,
}

/// A place in the repository, and its purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedPath {
    /// The path from the repository's root.
    pub path: String,
    /// Its content, in one line.
    pub purpose: String,
}

/// A part of the project that people follow as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedEpic {
    /// Its key, which identifies it among the plan's items, now and when the project is planned again: `checkout`.
    pub key: String,
    /// The title.
    pub title: String,
    /// The description in Markdown.
    #[serde(default)]
    pub description: String,
}

/// Work for one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedTask {
    /// Its key, which identifies it among the plan's items, now and when the project is planned again: `discount-codes`.
    pub key: String,
    /// The title.
    pub title: String,
    /// The description in Markdown.
    #[serde(default)]
    pub description: String,
    /// Acceptance criteria; each can be checked.
    pub acceptance_criteria: Vec<String>,
    /// The key of its epic.
    #[serde(default)]
    pub epic: Option<String>,
    /// The keys of the tasks that must be done before it.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// How much work it is.
    pub size: TaskSize,
}

/// How much work a task is for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskSize {
    /// One place and its tests.
    Small,
    /// A few files.
    Medium,
    /// As much as one pull request should have.
    Large,
}

impl TaskSize {
    /// The words for all of them.
    pub const NAMES: &'static [&'static str] = &["small", "medium", "large"];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// The story points that trackers are given.
    pub fn story_points(self) -> f64 {
        match self {
            Self::Small => 1.0,
            Self::Medium => 3.0,
            Self::Large => 8.0,
        }
    }

    /// About how many turns an agent takes for it.
    pub fn turns(self) -> u32 {
        match self {
            Self::Small => 12,
            Self::Medium => 25,
            Self::Large => 50,
        }
    }
}

/// One ticket that a plan becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlanItem<'p> {
    /// An epic.
    Epic(&'p PlannedEpic),
    /// A task.
    Task(&'p PlannedTask),
}

impl<'p> PlanItem<'p> {
    /// Its key.
    pub fn key(self) -> &'p str {
        match self {
            Self::Epic(epic) => &epic.key,
            Self::Task(task) => &task.key,
        }
    }

    /// Its title.
    pub fn title(self) -> &'p str {
        match self {
            Self::Epic(epic) => &epic.title,
            Self::Task(task) => &task.title,
        }
    }
}

impl ProjectPlan {
    /// The plan's identity: 16 hex digits of the SHA-256 of its whole content.
    pub fn digest(&self) -> String {
        // A value of texts and lists always is JSON.
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut digest = hex::encode(Sha256::digest(json));
        digest.truncate(16);
        digest
    }

    /// The items in the order in which they are created: epics first, then each task after its dependencies. What takes part
    /// in a cycle, which [`ProjectPlan::problems`] refuses, comes last.
    pub fn in_order(&self) -> Vec<PlanItem<'_>> {
        let mut items: Vec<PlanItem<'_>> = self.epics.iter().map(PlanItem::Epic).collect();
        let mut placed: BTreeSet<&str> = BTreeSet::new();
        let mut left: Vec<&PlannedTask> = self.tasks.iter().collect();
        let known: BTreeSet<&str> = self.tasks.iter().map(|task| task.key.as_str()).collect();
        loop {
            let is_ready = |task: &&PlannedTask| {
                let mut before = task.depends_on.iter().map(String::as_str);
                before.all(|key| placed.contains(key) || !known.contains(key))
            };
            // The first that can be: otherwise the plan's own order stays.
            let Some(at) = left.iter().position(is_ready) else { break };
            let task = left.remove(at);
            placed.insert(&task.key);
            items.push(PlanItem::Task(task));
        }
        items.extend(left.into_iter().map(PlanItem::Task));
        items
    }

    /// The item of this key.
    pub fn item(&self, key: &str) -> Option<PlanItem<'_>> {
        let epic = self.epics.iter().find(|epic| epic.key == key).map(PlanItem::Epic);
        epic.or_else(|| self.tasks.iter().find(|task| task.key == key).map(PlanItem::Task))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn task(key: &str, depends_on: &[&str]) -> PlannedTask {
        PlannedTask {
            key: key.into(),
            title: format!("Do {key}"),
            description: String::new(),
            acceptance_criteria: vec!["It is done.".into()],
            epic: None,
            depends_on: depends_on.iter().map(|&key| key.to_owned()).collect(),
            size: TaskSize::Small,
        }
    }

    pub(crate) fn plan(tasks: Vec<PlannedTask>) -> ProjectPlan {
        ProjectPlan { title: "Codes".into(), summary: "Codes.".into(), tasks, ..ProjectPlan::default() }
    }

    #[test]
    fn what_others_depend_on_comes_first_and_else_the_order_stays() {
        let mut plan = plan(vec![task("c", &["a", "b"]), task("d", &[]), task("b", &["a"]), task("a", &[])]);
        plan.epics.push(PlannedEpic { key: "e".into(), title: "E".into(), description: String::new() });
        let order: Vec<&str> = plan.in_order().into_iter().map(PlanItem::key).collect();
        assert_eq!(order, ["e", "d", "a", "b", "c"]);
        assert_eq!(plan.item("b").map(PlanItem::title), Some("Do b"));
        assert_eq!(plan.item("x"), None);
    }

    #[test]
    fn every_word_of_a_plan_counts_for_its_digest() {
        let one = plan(vec![task("a", &[])]);
        let mut other = one.clone();
        other.tasks[0].acceptance_criteria.push("And tested.".into());
        assert_ne!(one.digest(), other.digest());
        assert_eq!(one.digest(), one.clone().digest());
        assert_eq!(one.digest().len(), 16);
    }
}
