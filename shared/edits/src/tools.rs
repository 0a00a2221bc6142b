//! The tools of an agent that works on a repository's files: their descriptions for the model, and their calls.
//!
//! One tool is one file in `tools/`, registered by one line in [`ALL`].

mod answer;
mod answer_thread;
mod arguments;
mod ask_person;
mod closest;
mod comment_on_line;
mod delete_file;
mod edit_file;
mod end;
mod finish;
mod leftovers;
mod list_files;
mod load_paths;
mod move_file;
mod numbered;
mod pattern;
mod propose_plan;
mod read_file;
mod run_checks;
mod search;
mod selection;
mod show_diff;
mod syntax;
mod tool;
mod update_plan;
mod write_file;

use crate::review::ReviewSubject;
use crate::tool_set::{FileAccess, ToolSet};
use crate::workspace::{Refusal, Workspace};
use domain::ActionError;
use domain::plugins::{ModelTool, ToolCall};
use serde_json::Value;
use tool::{Needs, Tool, ToolSpec};

pub use answer::MOST_CHARACTERS;
pub use end::{Finish, Outcome, Question, ToolEnd};
pub use propose_plan::NAME as PROPOSE_PLAN;
pub use run_checks::NAME as RUN_CHECKS;

/// Every tool, by name.
const ALL: [&dyn Tool; 16] = [
    &answer_thread::AnswerThread,
    &ask_person::AskPerson,
    &comment_on_line::CommentOnLine,
    &delete_file::DeleteFile,
    &edit_file::EditFile,
    &finish::Finish,
    &list_files::ListFiles,
    &load_paths::LoadPaths,
    &move_file::MoveFile,
    &propose_plan::ProposePlan,
    &read_file::ReadFile,
    &run_checks::RunChecks,
    &search::Search,
    &show_diff::ShowDiff,
    &update_plan::UpdatePlan,
    &write_file::WriteFile,
];

impl ToolSet {
    /// The useful tools of an agent's definition; without names, all general ones. `finish` is always included. `checks` says
    /// whether the project's own checks can be run.
    ///
    /// # Errors
    /// `Rejected` naming the first unknown name, and all known ones.
    pub fn new(names: &[String], files: FileAccess, checks: bool) -> Result<Self, ActionError> {
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
            Needs::Named => !names.is_empty(),
            Needs::Nothing => true,
            Needs::Files => files != FileAccess::None,
            Needs::Unloaded => files == FileAccess::Partial,
            Needs::Checks => files != FileAccess::None && checks,
            // Only a session with a pull request has them.
            Needs::Diff | Needs::Threads => false,
        };
        Ok(Self {
            names: ALL.iter().map(|tool| tool.spec()).filter(is_offered).map(|spec| spec.name).collect(),
        })
    }

    /// The same with the tools for a pull request: its lines, and its threads. `names` are those of the agent's definition.
    #[must_use]
    pub fn with_review(mut self, names: &[String], subject: &ReviewSubject) -> Self {
        let is_offered = |spec: &ToolSpec| {
            let is_of_use = match spec.needs {
                Needs::Diff => !subject.files.is_empty(),
                Needs::Threads => !subject.threads.is_empty(),
                _ => false,
            };
            is_of_use && (names.is_empty() || names.iter().any(|name| name == spec.name))
        };
        self.names.extend(ALL.iter().map(|tool| tool.spec()).filter(is_offered).map(|spec| spec.name));
        self.names.sort_unstable();
        self
    }
}

/// The names of all tools, sorted.
pub fn tool_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|tool| tool.spec().name)
}

/// The descriptions of the offered tools for a model, sorted by name. The same for every provider.
pub fn definitions(offered: &ToolSet) -> Vec<ModelTool> {
    let specs = ALL.iter().map(|tool| tool.spec()).filter(|spec| offered.contains(spec.name));
    let definition = |spec: ToolSpec| ModelTool {
        name: spec.name.to_owned(),
        description: spec.description.to_owned(),
        input_schema: arguments::schema(spec.parameters),
    };
    specs.map(definition).collect()
}

impl Workspace<'_> {
    /// Performs a call. Every input gets an answer; a call that is invalid or impossible changes nothing,
    /// and its answer says what was wrong, where, and what is accepted.
    ///
    /// # Errors
    /// Only those of reading contents: the model's mistakes are answers.
    pub async fn run(&mut self, call: &ToolCall) -> Result<ToolEnd, ActionError> {
        match self.perform(&call.name, &call.input).await {
            Ok(ToolEnd::Result { text, is_error }) => {
                Ok(ToolEnd::Result { text: answer::within_limit(text), is_error })
            }
            Ok(end) => Ok(end),
            Err(Refusal::Told(text)) => {
                Ok(ToolEnd::Result { text: answer::within_limit(text), is_error: true })
            }
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    async fn perform(&mut self, name: &str, input: &Value) -> Result<ToolEnd, Refusal> {
        let tool = ALL.iter().find(|tool| tool.spec().name == name && self.offered().contains(name));
        let Some(tool) = tool else {
            let known = if tool_names().any(|known| known == name) {
                "is not offered here"
            } else {
                "does not exist"
            };
            return Err(Refusal::Told(format!(
                "The tool {} {known}. Tools: {}.",
                answer::quoted(name),
                self.offered().names().join(", ")
            )));
        };
        let input = arguments::check(tool.spec().parameters, input)
            .map_err(|problem| format!("{name}: {problem}"))?;
        tool.run(self, input).await
    }
}

#[cfg(test)]
mod tests;
