//! Whether a step may act on what its input names in another project. [`check_inputs`](crate::other_projects::check_inputs) knows what
//! somebody chose at the start; by the time that a step is performed, expressions, renamed inputs and models have made something else of it.

use crate::authority::Authority;
use crate::authorize::{Authorization, Operation, decide};
use crate::directory::{Directory, SHOWN};
use crate::other_projects::{is_heard_in, other_projects, texts, texts_of};
use domain::configuration::Project;
use domain::text::cut_line;
use domain::{Actor, Grant, SourceName};
use records::{ExecutionRecord, ReachReading};
use serde_json::Value;

/// The field with a ticket as an action read it. All but its ID describes the ticket, such as an epic in another project.
const TASK: &str = "task";

/// The field with the ID of a ticket.
const TASK_ID: &str = "task_id";

/// The fields of actions' inputs whose whole text is only passed on: a person who answers `OPS-7` has nothing done there. No action reads a
/// ticket, a repository or anything else that can be found from one of these.
pub const PROSE: [&str; 17] = [
    "answer",
    "by",
    "comment",
    "content",
    "context",
    "description",
    "details",
    "failures",
    "instructions",
    "message",
    "note",
    "otherwise",
    "prompt",
    "question",
    "reason",
    "summary",
    "title",
];

/// Something of another project that a step's input names.
#[derive(Debug, Clone)]
pub struct Reach<'a> {
    field: &'a str,
    typed: &'a str,
    /// The other projects that share it, at least one: the right in one of them is enough.
    pub projects: Vec<&'a Project>,
}

/// What a step's input names of other projects than the execution's, anywhere in it but in [`PROSE`]. Reads nothing.
pub fn reached<'a>(directory: &'a Directory, project: &Project, input: &'a Value) -> Vec<Reach<'a>> {
    let fields = input.as_object().into_iter().flatten();
    let acted_on = fields.filter(|(field, value)| !(value.is_string() && PROSE.contains(&field.as_str())));
    let fields = acted_on.map(|(field, value)| match value.get(TASK_ID) {
        Some(task_id) if field == TASK => (TASK_ID, task_id),
        _ => (field.as_str(), value),
    });
    let reached = texts_of(fields).into_iter().flat_map(|(field, typed)| {
        let readings = other_projects(directory, project, field, typed).into_iter();
        readings.map(move |projects| Reach { field, typed, projects })
    });
    reached.collect()
}

/// Checks that an execution in `project` may reach something of other projects: because the person who started it, the actor, may start work
/// in one of them, because it is the execution's own ticket or the channel in which it was asked for, or because the schedule that started it names
/// it. The actor must have been identified; `reading` is of the execution.
///
/// # Errors
/// A message for people: what leads where, and whose right to start work there is missing.
pub fn check_reach(
    directory: &Directory,
    project: &Project,
    actor: Option<&Actor>,
    reached: &Reach<'_>,
    reading: &ReachReading,
) -> Result<(), String> {
    let execution = reading.execution.as_ref();
    if execution.is_some_and(|execution| is_given(execution, actor, reached)) {
        return Ok(());
    }
    let mut missing = Vec::new();
    for other in &reached.projects {
        let Some(why) = missing_right(directory, other, actor, reading) else { return Ok(()) };
        missing.push(why);
    }
    let typed = cut_line(reached.typed, SHOWN);
    let keys: Vec<&str> = reached.projects.iter().map(|other| other.key.as_str()).collect();
    let (owners, why) = (keys.join(" and "), missing.join("; "));
    Err(format!("`{typed}` belongs to {owners}, and this execution works on {}: {why}", project.key))
}

/// Why an actor may not start work in another project; `None` if they may.
fn missing_right(
    directory: &Directory,
    other: &Project,
    actor: Option<&Actor>,
    reading: &ReachReading,
) -> Option<String> {
    Some(match actor {
        Some(actor) if actor.source == SourceName::SCHEDULE => format!(
            "a schedule has no right to start work on {}; it reaches what its `with` names there",
            other.key
        ),
        Some(actor) => {
            let token = reading.execution.as_ref().and_then(|execution| execution.input.token.clone());
            let authority = token.map_or(Authority::Roles, Authority::Scoped);
            let start = Operation::Start { project: other };
            let is_writer = start.counts_writers() && reading.writer_of.contains(&other.key);
            match decide(directory.configuration(), &start, Some(actor), &authority, is_writer) {
                Authorization::Allowed => return None,
                Authorization::Denied(reason) => reason,
                Authorization::AskProvider => format!(
                    "{} may start work on {} only if they may push to {repository}, which the code host has not confirmed in the last \
                     week; add a step `check_actor` with `repository: {repository}` before this step",
                    actor.display_name.as_ref().or(actor.person.as_ref()).unwrap_or(&actor.id),
                    other.key,
                    repository = other.repository
                ),
            }
        }
        None => format!("nobody started it, so nobody has the right to start work on {} for it", other.key),
    })
}

/// Whether an execution was given this, by somebody who may, when it started.
fn is_given(execution: &ExecutionRecord, actor: Option<&Actor>, reached: &Reach<'_>) -> bool {
    let Reach { field, typed, .. } = *reached;
    let input = &execution.input;
    // The start checked it. Only by its canonical name: some links to a ticket can also be read as another repository.
    let is_own_ticket = execution.task_id.as_deref() == Some(typed);
    // The inputs of a schedule are in the workflow's file.
    let is_schedule = actor.is_some_and(|actor| actor.source == SourceName::SCHEDULE);
    let is_named = is_schedule && texts(&input.inputs).iter().any(|(_, named)| *named == typed);
    input.grant == Some(Grant::ByHand) || is_own_ticket || is_named || is_heard_in(&input.event, field, typed)
}

#[cfg(test)]
mod tests;
