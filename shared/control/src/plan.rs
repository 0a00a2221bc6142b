//! Decides whether and how an event, a schedule or a person starts a workflow, from only the configuration and the routes.

use crate::authority::Authority;
use crate::authorize::{Authorization, Operation, authorize_with};
use crate::channel::project_of_channel;
use crate::directory::{Directory, DirectoryError, ProjectQuery};
use crate::other_projects::check_inputs;
use crate::requirements::{AS_TEXT, about_named_ticket};
use domain::configuration::{Configuration, Project};
use domain::event::EventSpec;
use domain::execution::ExecutionInput;
use domain::routes::{Concurrency, InvalidInputs, Routes};
use domain::{Actor, Event, EventName, Grant, SourceName};
use serde_json::{Map, Value};

/// An execution to start.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRequest {
    /// The workflow's name, the file's stem.
    pub workflow: String,
    /// The event.
    pub trigger: EventName,
    /// The ID of the delivery that reported it; a delivery starts at most one execution.
    pub delivery: String,
    /// The canonical name of the ticket it is about.
    pub task_id: Option<String>,
    /// How many executions the ticket may have at once.
    pub concurrency: Concurrency,
    /// The execution's input, complete and checked.
    pub input: ExecutionInput,
}

/// What to do about an event.
#[derive(Debug, PartialEq)]
pub enum StartDecision {
    /// A workflow is started.
    Start(Box<StartRequest>),
    /// No workflow matches; contains the reason.
    Ignore(String),
    /// A workflow matches, but not for this person or these inputs; the reason is for them.
    Refuse(String),
}

/// A request for a workflow by name, with inputs: from the command line or a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowRequest {
    /// The workflow's name.
    pub workflow: String,
    /// The given inputs.
    pub inputs: Map<String, Value>,
    /// The project's key or repository, if it was named.
    pub project: Option<String>,
    /// The requester, with the configured person filled in.
    pub actor: Actor,
    /// What their credentials say in addition to their identity.
    pub authority: Authority,
    /// How they asked.
    pub trigger: EventName,
    /// The ID of this request; an ID starts at most one execution.
    pub delivery: String,
    /// How many executions the ticket may have at once.
    pub concurrency: Concurrency,
}

/// Why a requested workflow cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The workflow does not exist or does not accept these inputs.
    #[error(transparent)]
    Inputs(#[from] InvalidInputs),
    /// The project or ticket could not be determined.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The person may not.
    #[error("{reason}")]
    Denied {
        /// Why, for the person.
        reason: String,
        /// The key of the project in which the workflow would start.
        project: String,
        /// The error if that project did not exist: for people who may not know that it does.
        unknown: Box<DirectoryError>,
    },
}

/// Decides what an event starts: matches it against the routes, finds its project and ticket, and checks that its actor may start
/// work. If only the code host knows whether the actor may, the execution's first state asks it. Nothing is started or recorded;
/// [`Control::start`](crate::Control::start) does that.
pub fn decide(directory: &Directory, routes: &Routes, event: Event) -> StartDecision {
    let spec = routes.events.find(event.kind.as_str());
    let mut off = Vec::new();
    let (start, project, task_id) = loop {
        let mut start = match routes.start_without(&event, &off) {
            Ok(Some(start)) => start,
            Ok(None) => return not_started(&event, spec, &off),
            Err(invalid) => return StartDecision::Refuse(invalid.to_string()),
        };
        if start.task_id.is_none() {
            start.task_id = match about_named_ticket(directory, &start.workflow, &mut start.inputs) {
                Ok(named) => named,
                Err(error) => return StartDecision::Refuse(format!("{error}; {AS_TEXT}")),
            };
        }
        // A revision is for the project whose run opened the pull request, whichever project the ticket's key names.
        let named = event.project.as_deref().filter(|_| event.kind == EventName::REVISION_REQUESTED);
        let here = project_of_channel(directory.configuration(), &event.fields);
        let place = event.project.as_deref().or(here);
        let query = ProjectQuery { named, ticket: start.task_id.as_deref(), place };
        match self::place(directory, &query) {
            Ok((project, _)) if !is_on(routes, &start.workflow, project) => off.push(start.workflow),
            Ok((project, task_id)) => break (start, project, task_id),
            Err(DirectoryError::NotATicket { typed, .. })
                if start.inputs.get("pull_request").is_some_and(Value::is_string) =>
            {
                let called = directory.pull_request_name_at(event.kind.source().as_str());
                return StartDecision::Refuse(format!(
                    "`{typed}` is not a {called}; accepted: `owner/name#7`, `group/project!7`, or a link to one"
                ));
            }
            Err(error) => return StartDecision::Refuse(error.to_string()),
        }
    };
    let Event { kind, delivery, ref actor, .. } = event;
    let configuration = directory.configuration();
    let actor = actor.clone().map(|actor| configuration.identify(actor));
    let operation = match actor.is_none() && spec.is_some_and(EventSpec::is_by_machine) {
        true => Operation::StartByMachine,
        false => Operation::Start { project },
    };
    let grant = match grant(configuration, &operation, actor.as_ref(), &Authority::Roles) {
        Ok(grant) => grant,
        Err(reason) => return StartDecision::Refuse(reason),
    };
    // What a revision works on was chosen by whoever started the work.
    if kind != EventName::REVISION_REQUESTED
        && let Some(actor) = &actor
    {
        // As `context.x`, a workflow also reads what its trigger captured, and the whole message.
        let said = start.event.get("text").map(|text| ("text".to_owned(), text.clone()));
        for chosen in [&start.inputs, &start.captured, &said.into_iter().collect()] {
            let checked = check_inputs(directory, project, chosen, &event.fields, actor, &Authority::Roles);
            if let Err(reason) = checked {
                return StartDecision::Refuse(reason);
            }
        }
    }
    let input = ExecutionInput {
        inputs: with_ticket(start.inputs, task_id.as_deref()),
        event: with_ticket(start.event, task_id.as_deref()),
        project: Some(project.key.clone()),
        actor,
        parent: None,
        grant,
        token: None,
    };
    StartDecision::Start(Box::new(StartRequest {
        workflow: start.workflow,
        trigger: kind,
        delivery,
        task_id,
        concurrency: start.concurrency,
        input,
    }))
}

/// Whether events start a workflow in a project: a workflow with `opt_in: true` only if the project names it.
fn is_on(routes: &Routes, workflow: &str, project: &Project) -> bool {
    let is_opt_in = routes.workflows.get(workflow).is_some_and(|route| route.opt_in);
    !is_opt_in || project.workflows.iter().any(|name| name == workflow)
}

/// Why an event starts nothing. People who asked with a command are told that a workflow is off; labels and merges are ignored.
fn not_started(event: &Event, spec: Option<&EventSpec>, off: &[String]) -> StartDecision {
    let is_said = event.fields.get("text").is_some_and(|text| !text.is_null());
    match off.first() {
        None => StartDecision::Ignore(format!("no workflow has a trigger for {}", describe(event, spec))),
        Some(workflow) => {
            let reason = format!(
                "the workflow `{workflow}` is off in this project; `workflows: [{workflow}]` in the project's section turns it on"
            );
            if is_said { StartDecision::Refuse(reason) } else { StartDecision::Ignore(reason) }
        }
    }
}

/// Checks a workflow's inputs, finds its project and ticket, and checks that the actor may start work. The result is for
/// [`Control::start`](crate::Control::start).
///
/// # Errors
/// [`PlanError`] says what is wrong and what is accepted.
pub fn plan(
    directory: &Directory,
    routes: &Routes,
    request: WorkflowRequest,
) -> Result<StartRequest, PlanError> {
    let mut inputs = routes.check_inputs(&request.workflow, &request.inputs, &Map::new())?;
    let named = request.project.as_deref();
    if named.is_some() {
        // Whoever may not know of a project gets the error of one that does not exist, whatever else is wrong.
        directory.project(&ProjectQuery { named, ..ProjectQuery::default() })?;
    }
    about_named_ticket(directory, &request.workflow, &mut inputs)?;
    let query = ProjectQuery { named, ticket: inputs.get("task_id").and_then(Value::as_str), place: None };
    let (project, task_id) = place(directory, &query)?;
    let denied = |reason: String| {
        let unknown = Box::new(DirectoryError::hidden(directory, &query));
        PlanError::Denied { reason, project: project.key.clone(), unknown }
    };
    let operation = match request.authority {
        Authority::Installation => Operation::StartByHand,
        Authority::Roles | Authority::Scoped(_) => Operation::Start { project },
    };
    let grant = grant(directory.configuration(), &operation, Some(&request.actor), &request.authority)
        .map_err(denied)?;
    if request.authority != Authority::Installation {
        let checked =
            check_inputs(directory, project, &inputs, &Map::new(), &request.actor, &request.authority);
        checked.map_err(denied)?;
    }
    let inputs = with_ticket(inputs, task_id.as_deref());
    Ok(StartRequest {
        workflow: request.workflow,
        trigger: request.trigger,
        delivery: request.delivery,
        task_id,
        concurrency: request.concurrency,
        input: ExecutionInput {
            grant,
            token: request.authority.token().cloned(),
            ..ExecutionInput::new(inputs, Some(project.key.clone()), Some(request.actor))
        },
    })
}

/// Why the execution may run; `None` where its first state must ask the code host about its starter.
///
/// # Errors
/// Why it may not, for the person.
pub(crate) fn grant(
    configuration: &Configuration,
    operation: &Operation<'_>,
    actor: Option<&Actor>,
    authority: &Authority,
) -> Result<Option<Grant>, String> {
    match authorize_with(configuration, operation, actor, authority) {
        Authorization::Denied(reason) => Err(reason),
        Authorization::AskProvider => Ok(None),
        Authorization::Allowed => Ok(Some(match operation {
            Operation::StartByHand => Grant::ByHand,
            Operation::StartByMachine => Grant::Machine,
            _ if actor.is_some_and(|actor| actor.source == SourceName::SCHEDULE) => Grant::Schedule,
            _ => Grant::Configuration,
        })),
    }
}

/// The project and the ticket's canonical name. A project that was named explicitly may work on any ticket.
fn place<'a>(
    directory: &'a Directory,
    query: &ProjectQuery<'_>,
) -> Result<(&'a Project, Option<String>), DirectoryError> {
    if let Some(typed) = query.ticket {
        directory.check_length(typed)?;
    }
    let project = directory.project(query)?;
    Ok((project, query.ticket.map(|typed| directory.canonical(typed))))
}

/// Replaces the ticket's name with its canonical name.
fn with_ticket(mut fields: Map<String, Value>, task_id: Option<&str>) -> Map<String, Value> {
    if let (Some(named), Some(task_id)) = (fields.get_mut("task_id"), task_id) {
        *named = task_id.into();
    }
    fields
}

/// The event and the fields that trigger conditions compare, to explain why nothing happened.
fn describe(event: &Event, spec: Option<&EventSpec>) -> String {
    let names = spec.into_iter().flat_map(|spec| &spec.conditions).map(|condition| &condition.name);
    let compared: Vec<_> =
        names.filter_map(|name| Some(format!("{name} `{}`", event.fields.get(name)?.as_str()?))).collect();
    match compared.is_empty() {
        true => event.kind.to_string(),
        false => format!("{} with {}", event.kind, compared.join(", ")),
    }
}

#[cfg(test)]
mod tests;
