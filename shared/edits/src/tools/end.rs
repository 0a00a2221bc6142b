//! What a call of a tool came to.

use serde::{Deserialize, Serialize};

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// The model is told this.
    Result {
        /// At most [`MOST_CHARACTERS`](crate::MOST_CHARACTERS).
        text: String,
        /// Whether the call failed, so that nothing changed.
        is_error: bool,
    },
    /// A person is asked; the answer is the call's result. The last call of a turn.
    Ask(Question),
    /// These files are loaded; that they are is the call's result. The last call of a turn.
    Load(Vec<String>),
    /// The project's checks are run: the command of this name, or all. What they came to is the call's result. The last call of a turn.
    Check(Option<String>),
    /// The work is over.
    Finish(Finish),
}

/// A question for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub text: String,
    /// Answers to choose from; with none, any text is an answer.
    pub options: Vec<String>,
}

/// How an agent's work ended, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// How it ended.
    pub outcome: Outcome,
    /// What was done, or why nothing was, in a few sentences.
    pub summary: String,
    /// The pull request's title; empty unless the outcome is `Done`.
    pub pr_title: String,
    /// The pull request's description in Markdown; empty unless the outcome is `Done`.
    pub pr_description: String,
    /// The commit message; empty unless the outcome is `Done`.
    pub commit_message: String,
    /// What was tested, and how.
    pub tests: String,
    /// What is left to do or to decide.
    pub open_points: Vec<String>,
}

/// How an agent's work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The ticket is implemented.
    Done,
    /// The ticket needs no change.
    NothingToDo,
    /// The agent cannot go on.
    Blocked,
}

impl Outcome {
    /// The words for all of them.
    pub(crate) const NAMES: &'static [&'static str] = &["done", "nothing_to_do", "blocked"];
}
