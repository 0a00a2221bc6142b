//! `propose_plan`: the plan of a project, as people are asked about it.

use super::answer::{read, told};
use super::arguments::{Kind, NOTES, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::ProjectPlan;
use domain::project_plan::{PlannedEpic, PlannedPath, PlannedTask, TaskSize};
use serde::Deserialize;
use serde_json::Value;

/// The tool's name.
pub const NAME: &str = "propose_plan";

pub(super) struct ProposePlan;

#[derive(Deserialize)]
struct Input {
    title: String,
    summary: String,
    #[serde(default)]
    structure: Vec<PlannedPath>,
    #[serde(default)]
    epics: Vec<PlannedEpic>,
    tasks: Vec<PlannedTask>,
    notes: Option<String>,
}

/// Lengths are checked by [`ProjectPlan::problems`], which names every mistake at once; these bounds only keep a call small.
const TEXT: Kind = Kind::Text(60_000);

const PARAMETERS: [Parameter; 6] = [
    Parameter::required("title", TEXT, "What the project is called, in one line."),
    Parameter::required("summary", TEXT, "What is built and why, in a few sentences for people."),
    Parameter::optional(
        "structure",
        Kind::Objects { most: 200, fields: &PLACE },
        "The folders and files that the project gets or that the tasks change.",
    ),
    Parameter::optional(
        "epics",
        Kind::Objects { most: 200, fields: &EPIC },
        "The parts of the project. Leave it out if the requirements are one epic already.",
    ),
    Parameter::required("tasks", Kind::Objects { most: 300, fields: &TASK }, "Every task."),
    NOTES,
];

const PLACE: [Parameter; 2] = [
    Parameter::required("path", TEXT, "The path from the repository's root."),
    Parameter::required("purpose", TEXT, "What is there, in one line."),
];

const KEY: Parameter = Parameter::required(
    "key",
    TEXT,
    "What tells it from the others: up to 40 lowercase letters, digits and hyphens. What was planned before keeps its key.",
);
const TITLE: Parameter = Parameter::required("title", TEXT, "The ticket's title, at most 200 characters.");
const DESCRIPTION: Parameter =
    Parameter::optional("description", TEXT, "The ticket's description in Markdown: what and why.");

const EPIC: [Parameter; 3] = [KEY, TITLE, DESCRIPTION];

const TASK: [Parameter; 7] = [
    KEY,
    TITLE,
    DESCRIPTION,
    Parameter::required(
        "acceptance_criteria",
        Kind::Texts { most: 50, bytes: 60_000 },
        "What must be true when it is done, each in one sentence that can be checked.",
    ),
    Parameter::optional("epic", TEXT, "The key of its epic."),
    Parameter::optional(
        "depends_on",
        Kind::Texts { most: 100, bytes: 1_000 },
        "The keys of the tasks that must be done before it.",
    ),
    Parameter::required(
        "size",
        Kind::Choice(TaskSize::NAMES),
        "How much work it is: small is one place and its tests, large as much as one pull request should have.",
    ),
];

#[async_trait]
impl Tool for ProposePlan {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: NAME,
            description: "Proposes the plan of the project, in place of what you proposed before. Its mistakes are told, and then \
                          nothing is kept. People see the plan once you finish, and its epics and tasks become tickets if they \
                          approve it.",
            parameters: &PARAMETERS,
            needs: Needs::Named,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { title, summary, structure, epics, tasks, notes } = read(input)?;
        let plan = ProjectPlan { title, summary, structure, epics, tasks };
        let problems = plan.problems();
        if !problems.is_empty() {
            let lines: Vec<String> = problems.iter().map(|problem| format!("- {problem}")).collect();
            return Err(Refusal::Told(format!(
                "The plan cannot become tickets; nothing of it was kept. Correct this and propose it again:\n{}",
                lines.join("\n")
            )));
        }
        workspace.note(notes);
        let (epics, tasks) = (plan.epics.len(), plan.tasks.len());
        workspace.state.proposal = Some(plan);
        told(format!("Kept: {epics} epics and {tasks} tasks. Call finish when it is as you want it."))
    }
}
