//! Inputs that lead to other projects. Our credentials reach every project, so naming one's own project must not give access to another.

use crate::authority::Authority;
use crate::authorize::{Authorization, Operation, authorize_with};
use crate::directory::{Directory, ProjectQuery, SHOWN};
use domain::configuration::Project;
use domain::text::cut_line;
use domain::{Actor, RepositoryName};
use serde_json::{Map, Value};

/// The field in which actions read a project's key.
const PROJECT: &str = "project";

/// Checks that the person may start work wherever an input leads: to tickets, pull requests, repositories and projects, also in lists and nested
/// objects. A ticket of no configured project counts as one of the named project.
///
/// # Errors
/// A message for the person: which input leads elsewhere, and why it is refused.
pub(crate) fn check_inputs(
    directory: &Directory,
    project: &Project,
    inputs: &Map<String, Value>,
    actor: &Actor,
    authority: &Authority,
) -> Result<(), String> {
    for (field, typed) in texts(inputs) {
        for other in other_projects(directory, project, field, typed) {
            let start = Operation::Start { project: other };
            let why = match authorize_with(directory.configuration(), &start, Some(actor), authority) {
                Authorization::Allowed => continue,
                // The code host is asked about only one project: the one in which the work starts.
                Authorization::AskProvider => {
                    "ask for this in a channel of that project, or name that project"
                }
                Authorization::Denied(_) => "you may not start work there",
            };
            let typed = cut_line(typed, SHOWN);
            return Err(format!(
                "`{typed}` does not belong to {}, where this would start; {why}",
                project.key
            ));
        }
    }
    Ok(())
}

/// Every text in the inputs, with the name of its field. A workflow can also read the names in an object.
fn texts(inputs: &Map<String, Value>) -> Vec<(&str, &str)> {
    let mut left: Vec<(&str, &Value)> = inputs.iter().map(|(field, value)| (field.as_str(), value)).collect();
    let mut texts = Vec::new();
    while let Some((field, value)) = left.pop() {
        match value {
            Value::String(text) => texts.push((field, text.as_str())),
            Value::Array(items) => left.extend(items.iter().map(|item| (field, item))),
            Value::Object(fields) => {
                texts.extend(fields.keys().map(|name| (field, name.as_str())));
                left.extend(fields.iter().map(|(name, value)| (name.as_str(), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    texts
}

/// The other projects to which a text leads, if all of it is the name of a ticket, a pull request or a repository, or a link to one; in a field
/// `project`, also the name of a project. Actions and providers read a text as a ticket or as a repository, in every form of a
/// [`RepositoryName`], also before a number. One link can be both, so each reading counts.
fn other_projects<'a>(
    directory: &'a Directory,
    project: &Project,
    field: &str,
    typed: &str,
) -> impl Iterator<Item = &'a Project> {
    let configuration = directory.configuration();
    let repository = |name: &str| {
        let repository: RepositoryName = name.parse().ok()?;
        configuration.project_of_repository(repository.as_str())
    };
    let numbered = |name: &str| repository(name.rsplit_once(['#', '!'])?.0);
    let canonical = directory.canonical(typed);
    let of_ticket = numbered(&canonical);
    let repositories = [repository(typed), repository(&canonical), numbered(typed), of_ticket];
    // Projects that share a repository share its tickets, but not those in their trackers.
    let by_repository = repositories.into_iter().flatten();
    let by_repository = by_repository.filter(move |other| other.repository != project.repository);
    let is_in_tracker =
        |ticket: &&Project| of_ticket.is_none_or(|known| known.repository != ticket.repository);
    let ticket = directory.ticket(&canonical).ok().map(|ticket| ticket.project()).filter(is_in_tracker);
    let query = ProjectQuery { named: Some(typed), ..ProjectQuery::default() };
    let named = (field == PROJECT).then(|| directory.project(&query).ok()).flatten();
    let by_key = [ticket, named].into_iter().flatten().filter(move |other| other.key != project.key);
    by_repository.chain(by_key)
}

#[cfg(test)]
mod tests;
