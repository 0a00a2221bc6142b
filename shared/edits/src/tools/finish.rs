//! `finish`: the end of the work.

use super::answer::{quoted, read};
use super::arguments::{Kind, NOTES, Parameter};
use super::end::{Finish as End, Outcome, ToolEnd};
use super::propose_plan::NAME as PROPOSE_PLAN;
use super::tool::{Needs, Tool, ToolSpec};
use crate::added_secrets::{added_secrets, suspicious};
use crate::file_edit::FileEdit;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::text::closed;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct Finish;

#[derive(Deserialize)]
struct Input {
    outcome: Outcome,
    summary: String,
    #[serde(default)]
    pr_title: String,
    #[serde(default)]
    pr_description: String,
    #[serde(default)]
    commit_message: String,
    #[serde(default)]
    tests: String,
    #[serde(default)]
    open_points: Vec<String>,
    notes: Option<String>,
}

const PARAMETERS: [Parameter; 8] = [
    Parameter::required(
        "outcome",
        Kind::Choice(Outcome::NAMES),
        "done: the ticket is implemented. nothing_to_do: it needs no change. blocked: you cannot go on; summary says why.",
    ),
    Parameter::required(
        "summary",
        Kind::Text(8_000),
        "What was done, or why nothing was, in a few sentences for the people on the ticket.",
    ),
    Parameter::optional("pr_title", Kind::Text(300), "A title for the pull request, at most 72 characters."),
    Parameter::optional(
        "pr_description",
        Kind::Text(30_000),
        "A description for the pull request in Markdown: what changes, why, how it was tested.",
    ),
    Parameter::optional(
        "commit_message",
        Kind::Text(8_000),
        "A subject line in the imperative, an empty line, the reasons.",
    ),
    Parameter::optional("tests", Kind::Text(8_000), "Which tests you wrote or changed, and what they show."),
    Parameter::optional(
        "open_points",
        Kind::Texts { most: 20, bytes: 1_000 },
        "What is left to do or to decide.",
    ),
    NOTES,
];

#[async_trait]
impl Tool for Finish {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "finish",
            description: "Ends your work. Call it when everything is done and checked, when nothing needs to be done, or when you \
                          cannot go on. The outcome done needs pr_title, pr_description and commit_message. What your plan still \
                          has open, and a done without any change, must be explained in open_points. Make it the last call of \
                          your turn: calls after it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Always,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let input: Input = read(input)?;
        check(workspace, &input)?;
        if input.outcome == Outcome::Done {
            check_secrets(workspace).await?;
        }
        let Input { outcome, summary, pr_title, pr_description, commit_message, tests, open_points, notes } =
            input;
        workspace.note(notes);
        // Workflows write on behind these.
        Ok(ToolEnd::Finish(End {
            outcome,
            summary: closed(&summary),
            pr_title,
            pr_description: closed(&pr_description),
            commit_message,
            tests: closed(&tests),
            open_points,
        }))
    }
}

/// Committed text is widely visible.
async fn check_secrets(workspace: &Workspace<'_>) -> Result<(), Refusal> {
    let files: Vec<FileEdit> = workspace.files().collect();
    let former = workspace.former(&suspicious(&files)).await?;
    match added_secrets(&files, &former) {
        None => Ok(()),
        Some(places) => Err(Refusal::Told(format!(
            "What looks like a secret must not be committed: {places}. Take it out of the file; read it from the environment or from \
             where the project keeps its secrets. A test makes its values up when it runs."
        ))),
    }
}

fn check(workspace: &Workspace<'_>, input: &Input) -> Result<(), Refusal> {
    let refused = |text: String| Err(Refusal::Told(text));
    if input.summary.trim().is_empty() {
        return refused("`summary` is empty: write what was done, or why nothing was.".to_owned());
    }
    let is_explained = input.open_points.iter().any(|point| !point.trim().is_empty());
    let changes = workspace.state.changes.len();
    // An agent that cannot change anything finishes with words only.
    let can_change = ["delete_file", "edit_file", "move_file", "write_file"]
        .iter()
        .any(|name| workspace.offered().contains(name));
    match input.outcome {
        Outcome::Done => {
            let texts = [
                ("pr_title", &input.pr_title),
                ("pr_description", &input.pr_description),
                ("commit_message", &input.commit_message),
            ];
            if let Some((name, _)) = texts.iter().find(|(_, text)| can_change && text.trim().is_empty()) {
                return refused(format!("`{name}` is missing or empty: the outcome done needs it."));
            }
            if workspace.offered().contains(PROPOSE_PLAN) && workspace.state.proposal.is_none() {
                return refused(format!(
                    "You have proposed no plan. Call {PROPOSE_PLAN} first, or finish with the outcome blocked."
                ));
            }
            let open: Vec<_> = workspace.plan().iter().filter(|item| !item.status.is_settled()).collect();
            if !open.is_empty() && !is_explained {
                let names: Vec<_> = open.iter().take(10).map(|item| quoted(&item.text)).collect();
                return refused(format!(
                    "{} of the plan's {} items are not done: {}. Do them, set their status with update_plan to done or \
                     dropped, or explain them in open_points.",
                    open.len(),
                    workspace.plan().len(),
                    names.join(", ")
                ));
            }
            if can_change && changes == 0 && !is_explained {
                return refused(
                    "Nothing has changed. Make the change, finish with the outcome nothing_to_do or blocked, or explain in \
                     open_points."
                        .to_owned(),
                );
            }
        }
        Outcome::NothingToDo if changes > 0 && !is_explained => {
            let paths: Vec<_> = workspace.state.changes.keys().take(10).map(|path| quoted(path)).collect();
            return refused(format!(
                "You have changed files, which nothing_to_do would throw away: {}. Finish with the outcome done, or explain \
                 in open_points.",
                paths.join(", ")
            ));
        }
        Outcome::NothingToDo | Outcome::Blocked => {}
    }
    Ok(())
}
