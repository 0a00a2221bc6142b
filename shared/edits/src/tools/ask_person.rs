//! `ask_person`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct AskPerson;

const PARAMETERS: [Parameter; 3] = [
    Parameter::required(
        "question",
        Kind::Text(4_000),
        "The question, in a few sentences, with what a person needs to answer it.",
    ),
    Parameter::optional(
        "options",
        Kind::Texts { most: 10, bytes: 200 },
        "Answers to choose from. Without them, the answer is any text.",
    ),
    Parameter::optional(
        "notes",
        Kind::Text(8_000),
        "What you must remember if this conversation is continued in a new one: findings and decisions. Replaces earlier notes.",
    ),
];

#[async_trait]
impl Tool for AskPerson {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "ask_person",
            description: "Asks a person and waits for the answer, which may take days. Only for what neither the ticket nor the repository answers and what you must not decide alone. Make it the last call of your turn: calls after it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Nothing,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
