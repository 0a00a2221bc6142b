//! `ticketsmith.yaml` on disk.

mod example;
#[cfg(test)]
mod reference;
mod sections;
mod shape;

pub(crate) use example::example;

use crate::exit::{Exit, Outcome};
use crate::server::source_file::{refusal, source_at};
use domain::configuration::{Configuration, NO_PROVIDERS, Problem, unknown_key};
use edits::protected_path_problems;
use schemars::schema_for;
use sections::{check_sections, read_texts_of_sections};
use serde_json::Value;
use shape::{Shape, inside};
use std::path::{Path, PathBuf};
use workflow::Document;

/// A configuration and the folder that its relative paths are resolved against.
#[derive(Debug, Clone)]
pub(crate) struct ConfigurationFile {
    /// The checked configuration, with every provider's defaults filled in.
    pub(crate) configuration: Configuration,
    /// The folder that contains the file.
    pub(crate) folder: PathBuf,
}

/// The advice to those who have no file yet.
const EXAMPLE: &str = "`ticketsmith config example` prints a complete one";

/// How many values that cannot be read are reported; each is found by reading the file again without the last one.
const REPORTED: usize = 50;

impl ConfigurationFile {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// Usage errors that name the file; every problem is reported on its own line, with its position and what is accepted.
    pub(crate) fn load(path: &Path) -> Outcome<Self> {
        let shown = path.display();
        let source = source_at(path).map_err(|refused| refused.and(EXAMPLE))?;
        if source.text.trim().is_empty() {
            return Err(Exit::usage(format!("{shown}: the file is empty; {EXAMPLE}")));
        }
        let document = Document::read(&source).map_err(|mistakes| refusal(&mistakes))?;
        let (configuration, problems) = read(&document);
        match configuration {
            Some(mut configuration) if problems.is_empty() => {
                providers::fill(&mut configuration);
                let folder = match path.parent() {
                    Some(folder) if folder != Path::new("") => folder.to_owned(),
                    _ => PathBuf::from("."),
                };
                Ok(Self { configuration, folder })
            }
            _ => Err(Exit::usage(lines(path, &document, &problems).join("\n"))),
        }
    }
}

/// A line for each problem of the file that was found after it was read, with its position.
///
/// # Errors
/// Usage errors if the file cannot be read anymore.
pub(crate) fn lines_in(path: &Path, problems: &[Problem]) -> Outcome<Vec<String>> {
    let source = source_at(path)?;
    let document = Document::read(&source).map_err(|mistakes| refusal(&mistakes))?;
    Ok(lines(path, &document, problems))
}

fn lines(path: &Path, document: &Document<'_>, problems: &[Problem]) -> Vec<String> {
    let mut placed: Vec<_> =
        problems.iter().map(|problem| (document.position(&problem.pointer), problem)).collect();
    placed.sort();
    let shown = path.display();
    placed.iter().map(|((line, column), problem)| format!("{shown}:{line}:{column}: {problem}")).collect()
}

/// The contents of a file, and all its problems. Unreadable parts are left out, and the rest is checked.
fn read(document: &Document<'_>) -> (Option<Configuration>, Vec<Problem>) {
    let mut value = document.value();
    let schema = schema_for!(Configuration).to_value();
    let shape = Shape::new(&schema);
    shape.read_texts(&mut value, document, "");
    read_texts_of_sections(&mut value, document);
    let mut problems = Vec::new();
    shape.check(&mut value, document, "", &mut problems);
    check_sections(&mut value, document, &mut problems);
    problems.extend(edits::secret_problems(&value, ""));
    let configuration = read_values(value, &mut problems);
    if let Some(configuration) = &configuration {
        let is_told = |found: &Problem, told: &[Problem]| {
            told.iter()
                .any(|problem| format!("{}/", found.pointer).starts_with(&format!("{}/", problem.pointer)))
        };
        // A required key whose value was wrong is missing only here.
        let is_taken_out = |found: &Problem, told: &[Problem]| {
            let key = found.message.strip_prefix('`').and_then(|rest| rest.strip_suffix("` is missing"));
            key.is_some_and(|key| told.iter().any(|problem| problem.pointer == inside(&found.pointer, key)))
        };
        let told = problems.clone();
        let found = providers::check(configuration).into_iter().chain(lacks(configuration));
        let found = found.filter(|problem| !is_told(problem, &told) && !is_taken_out(problem, &told));
        problems.extend(found);
    }
    (configuration, problems)
}

/// Reads the values with a special form, such as names of repositories. Unreadable ones are reported and removed.
fn read_values(mut value: Value, problems: &mut Vec<Problem>) -> Option<Configuration> {
    for _ in 0..REPORTED {
        let error = match serde_path_to_error::deserialize::<_, Configuration>(&value) {
            Ok(configuration) => return Some(configuration),
            Err(error) => error,
        };
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => pointer = inside(&pointer, key),
                _ => {}
            }
        }
        let message = error.inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let repaired = match missing {
            // It is reported already.
            Some(field) => put(&mut value, &pointer, field),
            None => {
                let (pointer, message) = in_our_words(&pointer, message);
                // Wrong types are already reported.
                let is_told =
                    |problem: &Problem| format!("{pointer}/").starts_with(&format!("{}/", problem.pointer));
                if !problems.iter().any(is_told) {
                    problems.push(Problem { pointer: pointer.clone(), message });
                }
                let parent = pointer.rsplit_once('/').unwrap_or_default();
                value.pointer_mut(parent.0).and_then(Value::as_object_mut).is_some_and(|entries| {
                    entries.remove(&parent.1.replace("~1", "/").replace("~0", "~")).is_some()
                })
            }
        };
        if !repaired {
            break;
        }
    }
    None
}

/// Where the keys of a map are names from a list, serde reports a wrong one without its place.
fn in_our_words(pointer: &str, message: String) -> (String, String) {
    let Some(rest) = message.strip_prefix("unknown variant `") else { return (pointer.to_owned(), message) };
    let given = rest.split('`').next().unwrap_or_default();
    let accepted = rest.split('`').skip(2).step_by(2);
    (inside(pointer, given), unknown_key(given, accepted))
}

/// Substitutes a missing value, so that the rest can be read.
fn put(value: &mut Value, pointer: &str, field: &str) -> bool {
    let filler = if field == "projects" {
        Value::Array(Vec::new())
    } else {
        format!("missing/in{}", pointer.replace('/', "-")).into()
    };
    let Some(entries) = value.pointer_mut(pointer).and_then(Value::as_object_mut) else { return false };
    entries.insert(field.to_owned(), filler).is_none()
}

/// Missing parts without which a configuration does nothing.
fn lacks(configuration: &Configuration) -> Vec<Problem> {
    let mut problems = Vec::new();
    if configuration.projects.is_empty() {
        problems.push(Problem::new(["projects"], "there is no project; add one under `projects`"));
    }
    for (index, project) in configuration.projects.iter().enumerate() {
        let index = index.to_string();
        if project.providers.is_empty() {
            problems.push(Problem::new(["projects", &index, "providers"], NO_PROVIDERS));
        }
        let paths = protected_path_problems(project).into_iter();
        problems.extend(paths.map(|problem| problem.below(["projects", &index])));
    }
    problems
}

#[cfg(test)]
mod tests;
