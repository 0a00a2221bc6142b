//! The tools of an agent that works on a repository's files: what a model is shown of them, and what it calls for.
//!
//! One tool is one file in `tools/`, registered by one line in [`ALL`].

mod answer;
mod arguments;
mod ask_person;
mod delete_file;
mod edit_file;
mod finish;
mod list_files;
mod load_paths;
mod move_file;
mod read_file;
mod search;
mod update_plan;
mod write_file;

use crate::workspace::Workspace;
use answer::ToolError;
use arguments::Parameter;
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::ModelTool;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use answer::MOST_CHARACTERS;

/// Every tool, by name.
const ALL: [&dyn Tool; 11] = [
    &ask_person::AskPerson,
    &delete_file::DeleteFile,
    &edit_file::EditFile,
    &finish::Finish,
    &list_files::ListFiles,
    &load_paths::LoadPaths,
    &move_file::MoveFile,
    &read_file::ReadFile,
    &search::Search,
    &update_plan::UpdatePlan,
    &write_file::WriteFile,
];

/// One tool.
#[async_trait]
trait Tool: Sync {
    /// What a model is told of it.
    fn spec(&self) -> ToolSpec;

    /// Performs a call whose input fits the parameters.
    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, ToolError>;
}

/// What a model is told of a tool.
#[derive(Debug, Clone, Copy)]
struct ToolSpec {
    name: &'static str,
    description: &'static str,
    parameters: &'static [Parameter],
    needs: Needs,
}

/// What must be there for a tool to be of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// A repository.
    Files,
    /// A repository of which something is not loaded.
    Unloaded,
    /// Offered whatever the agent's definition says: without it, no session could end.
    Always,
}

/// What a session can give a model of a repository's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// The project has no repository.
    None,
    /// All contents are loaded.
    Whole,
    /// Only some contents are loaded; the model loads more.
    Partial,
}

/// The tools that a session offers a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    names: Vec<&'static str>,
}

impl Offered {
    /// The tools of an agent's definition that are of use here; without names, all that are. `finish` is always among them.
    ///
    /// # Errors
    /// `Rejected` naming the first name that is not a tool's, and all that are.
    pub fn new(names: &[String], files: FileAccess) -> Result<Self, ActionError> {
        if let Some(unknown) = names.iter().find(|name| !tool_names().any(|known| known == **name)) {
            let known: Vec<_> = tool_names().map(|name| format!("`{name}`")).collect();
            return Err(ActionError::rejected(format!(
                "tools: there is no tool {}; accepted are {}",
                answer::quoted(unknown),
                known.join(", ")
            )));
        }
        let is_offered = |spec: &ToolSpec| match spec.needs {
            Needs::Always => true,
            _ if !names.is_empty() && !names.iter().any(|name| name == spec.name) => false,
            Needs::Nothing => true,
            Needs::Files => files != FileAccess::None,
            Needs::Unloaded => files == FileAccess::Partial,
        };
        Ok(Self {
            names: ALL.iter().map(|tool| tool.spec()).filter(is_offered).map(|spec| spec.name).collect(),
        })
    }

    /// The names, sorted.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    fn contains(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}

/// The names of all tools, sorted.
pub fn tool_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|tool| tool.spec().name)
}

/// What a model is shown of the tools that it is offered, sorted by name. The same for every provider.
pub fn definitions(offered: &Offered) -> Vec<ModelTool> {
    let specs = ALL.iter().map(|tool| tool.spec()).filter(|spec| offered.contains(spec.name));
    let definition = |spec: ToolSpec| ModelTool {
        name: spec.name.to_owned(),
        description: spec.description.to_owned(),
        input_schema: arguments::schema(spec.parameters),
    };
    specs.map(definition).collect()
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// The model is told this.
    Result {
        /// At most [`MOST_CHARACTERS`].
        text: String,
        /// Whether the call failed, so that nothing changed.
        is_error: bool,
    },
    /// A person is asked; the answer is the call's result. The last call of a turn.
    Ask(Question),
    /// These files are loaded; that they are is the call's result. The last call of a turn.
    Load(Vec<String>),
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

impl Workspace<'_> {
    /// Performs a call. Whatever a model sends, it gets an answer; a call that is not understood or not possible changes nothing,
    /// and its answer says what was wrong, where, and what is accepted.
    ///
    /// # Errors
    /// Only those of reading contents: what the model did wrong is an answer.
    pub async fn run(&mut self, call: &domain::plugins::ToolCall) -> Result<ToolEnd, ActionError> {
        match self.perform(&call.name, &call.input).await {
            Ok(ToolEnd::Result { text, is_error }) => {
                Ok(ToolEnd::Result { text: answer::within_limit(text), is_error })
            }
            Ok(end) => Ok(end),
            Err(ToolError::Refused(text)) => {
                Ok(ToolEnd::Result { text: answer::within_limit(text), is_error: true })
            }
            Err(ToolError::Failed(error)) => Err(error),
        }
    }

    async fn perform(&mut self, name: &str, input: &Value) -> Result<ToolEnd, ToolError> {
        let tool = ALL.iter().find(|tool| tool.spec().name == name && self.offered().contains(name));
        let Some(tool) = tool else {
            let known = if tool_names().any(|known| known == name) {
                "is not offered here"
            } else {
                "does not exist"
            };
            return Err(ToolError::Refused(format!(
                "The tool {} {known}. Tools: {}.",
                answer::quoted(name),
                self.offered().names().join(", ")
            )));
        };
        let input = arguments::check(tool.spec().parameters, input)
            .map_err(|problem| ToolError::Refused(format!("{name}: {problem}.")))?;
        tool.run(self, input).await
    }
}
