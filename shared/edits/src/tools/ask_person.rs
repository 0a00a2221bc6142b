//! `ask_person`: a question that a person answers.

use super::answer::{quoted, read};
use super::arguments::{Kind, NOTES, Parameter};
use super::end::{Question, ToolEnd};
use super::tool::{Needs, Tool, ToolSpec};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) struct AskPerson;

#[derive(Deserialize)]
struct Input {
    question: String,
    #[serde(default)]
    options: Vec<String>,
    notes: Option<String>,
}

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
    NOTES,
];

#[async_trait]
impl Tool for AskPerson {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "ask_person",
            description: "Asks a person and waits for the answer, which may take days. Only for what neither the ticket nor the \
                          repository answers and what you must not decide alone. Make it the last call of your turn: calls after \
                          it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Nothing,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { question, options, notes } = read(input)?;
        if question.trim().is_empty() {
            return Err(Refusal::Told("`question` is empty: write what you need to know.".to_owned()));
        }
        let mut different = BTreeSet::new();
        if let Some(wrong) =
            options.iter().find(|option| option.trim().is_empty() || !different.insert(*option))
        {
            return Err(Refusal::Told(format!(
                "`options` has {}, which is empty or there twice; accepted are different answers.",
                quoted(wrong)
            )));
        }
        workspace.note(notes);
        Ok(ToolEnd::Ask(Question { text: question, options }))
    }
}
