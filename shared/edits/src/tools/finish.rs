//! `finish`: TODO.

use super::Outcome;
use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct Finish;

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
    Parameter::optional(
        "notes",
        Kind::Text(8_000),
        "What you must remember if this conversation is continued in a new one: findings and decisions. Replaces earlier notes.",
    ),
];

#[async_trait]
impl Tool for Finish {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "finish",
            description: "Ends your work. Call it when everything is done and checked, when nothing needs to be done, or when you cannot go on. An outcome of done needs pr_title, pr_description and commit_message. Items of the plan that are still open, and a done without any change, must be explained in open_points. Calls after it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Always,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
