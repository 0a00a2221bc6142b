//! The result of a tool call.

use serde::{Deserialize, Serialize};

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// An answer for the model.
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
    /// The call needs the contents of these files, which were not imported. It changed nothing, and is to be performed again once they are there.
    Lacks(Vec<String>),
    /// The project's checks are run: the command with this name, or all. Their results are the call's result. The last call of a turn.
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
    /// A summary, or why nothing was done, in a few sentences.
    pub summary: String,
    /// The pull request's title; empty unless the outcome is `Done`.
    pub pr_title: String,
    /// The pull request's description in Markdown; empty unless the outcome is `Done`.
    pub pr_description: String,
    /// The commit message; empty unless the outcome is `Done`.
    pub commit_message: String,
    /// What was tested, and how.
    pub tests: String,
    /// Open points.
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
    /// The agent cannot continue.
    Blocked,
}

impl Outcome {
    /// The words for all of them.
    pub(crate) const NAMES: &'static [&'static str] = &["done", "nothing_to_do", "blocked"];
}
