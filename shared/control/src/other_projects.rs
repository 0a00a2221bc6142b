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

/// The field in which actions read a channel, and in which an event says where it was heard.
const CHANNEL: &str = "channel";

/// The length of the ID of a page that ends its address.
const PAGE_ID: usize = 32;

/// Checks that the person may start work wherever an input leads: to tickets, pull requests, repositories and projects, also in lists and nested
/// objects. A ticket of no configured project counts as one of the named project. The channel of the event itself, which is among the fields
/// that it gave, is anybody's to answer in.
///
/// # Errors
/// A message for the person: which input leads elsewhere, and why it is refused.
pub(crate) fn check_inputs(
    directory: &Directory,
    project: &Project,
    inputs: &Map<String, Value>,
    given: &Map<String, Value>,
    actor: &Actor,
    authority: &Authority,
) -> Result<(), String> {
    for (field, typed) in texts(inputs) {
        if is_heard_in(given, field, typed) {
            continue;
        }
        for others in other_projects(directory, project, field, typed) {
            let decide = |other: &Project| {
                let start = Operation::Start { project: other };
                authorize_with(directory.configuration(), &start, Some(actor), authority)
            };
            let decided: Vec<Authorization> = others.into_iter().map(decide).collect();
            if decided.contains(&Authorization::Allowed) {
                continue;
            }
            // The code host is asked about only one project: the one in which the work starts.
            let why = match decided.contains(&Authorization::AskProvider) {
                true => "ask for this in a channel of that project, or name that project",
                false => "you may not start work there",
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
pub(crate) fn texts(inputs: &Map<String, Value>) -> Vec<(&str, &str)> {
    texts_of(inputs.iter().map(|(field, value)| (field.as_str(), value)))
}

/// Every text in these fields, as [`texts`] gives it.
pub(crate) fn texts_of<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> Vec<(&'a str, &'a str)> {
    let mut left: Vec<(&str, &Value)> = fields.into_iter().collect();
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
/// `project`, also the name of a project, and in one for a channel or a space, the project's. Actions and providers read a text as a ticket or
/// as a repository, in every form of a [`RepositoryName`], also before a number. One link can be both, so each reading counts, and takes the
/// right in one of its projects: several can share a repository, a channel or a space, and what `project` shares is no other's.
pub(crate) fn other_projects<'a>(
    directory: &'a Directory,
    project: &Project,
    field: &str,
    typed: &str,
) -> Vec<Vec<&'a Project>> {
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
    let sharing = |known: &Project| {
        configuration.projects.iter().filter(|other| share_repository(known, other)).collect::<Vec<_>>()
    };
    let by_repository = repositories.into_iter().flatten().map(sharing);
    let is_in_tracker = |ticket: &&Project| of_ticket.is_none_or(|known| !share_repository(known, ticket));
    let ticket = directory.ticket(&canonical).ok().map(|ticket| ticket.project()).filter(is_in_tracker);
    let query = ProjectQuery { named: Some(typed), ..ProjectQuery::default() };
    let named = (field == PROJECT).then(|| directory.project(&query).ok()).flatten();
    let by_key = [ticket, named].into_iter().flatten().map(|other| vec![other]);
    let by_place = projects_of_place(directory, field, typed);
    let readings = by_repository.chain(by_key).chain([by_place]);
    let is_elsewhere = |other: &&Project| other.key != project.key;
    readings.filter(|projects| !projects.is_empty() && projects.iter().all(is_elsewhere)).collect()
}

/// Whether both have the same repository, whose name code hosts compare ignoring case.
fn share_repository(one: &Project, other: &Project) -> bool {
    one.repository.as_str().eq_ignore_ascii_case(other.repository.as_str())
}

/// The projects whose channel or space, as the configuration names it, is in a field for one.
fn projects_of_place<'a>(directory: &'a Directory, field: &str, typed: &str) -> Vec<&'a Project> {
    let place_of = |project: &'a Project| match field {
        CHANNEL => project.channel.as_deref(),
        // In some wikis, the space is a page.
        "space" | "page_id" | "parent" => project.space.as_deref(),
        _ => None,
    };
    let is_there = |project: &&'a Project| place_of(project).is_some_and(|place| is_same_place(place, typed));
    directory.configuration().projects.iter().filter(is_there).collect()
}

/// Whether both name one channel, space or page: `#shop-dev` and `shop-dev`, a page's ID with and without dashes, and its address. Of any length:
/// chats drop every `#` before a name.
fn is_same_place(place: &str, typed: &str) -> bool {
    let letters = |text: &str| -> Vec<char> {
        let letters = text.chars().filter(|one| one.is_alphanumeric() || *one == '_');
        letters.flat_map(char::to_lowercase).collect()
    };
    let named = |text: &str| letters(&page_id(text).unwrap_or_else(|| text.to_owned()));
    named(place) == named(typed)
}

/// The ID at the end of a page's address, after the words of its title, or of a text that is only such an ID. In both, dashes may stand anywhere.
fn page_id(text: &str) -> Option<String> {
    let path = text.trim().split(['?', '#']).next()?.trim_end_matches('/');
    let last: Vec<char> = path.rsplit('/').next()?.chars().filter(|one| *one != '-').collect();
    let id = last.get(last.len().checked_sub(PAGE_ID)?..)?;
    let is_whole = last.len() == PAGE_ID || text.contains('/');
    (is_whole && id.iter().all(char::is_ascii_hexdigit)).then(|| id.iter().collect())
}

/// Whether a text is the channel in which an event was heard, by its ID. People choose its name, which could be that of another channel.
pub(crate) fn is_heard_in(given: &Map<String, Value>, field: &str, typed: &str) -> bool {
    let heard = given.get(CHANNEL).and_then(Value::as_str);
    field == CHANNEL && heard == Some(typed)
}

#[cfg(test)]
mod tests;
