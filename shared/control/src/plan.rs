//! Decides whether and how an event, a schedule or a person starts a workflow, from only the configuration and the routes.

use crate::authority::Authority;
use crate::authorize::{Authorization, Operation, authorize_with};
use crate::channel::project_of_channel;
use crate::directory::{Directory, DirectoryError, ProjectQuery};
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
    /// What happened.
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
    /// Who asks, with the configured person filled in.
    pub actor: Actor,
    /// What their credentials say beyond who they are.
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
    /// The person may not; the reason is for them.
    #[error("{0}")]
    Denied(String),
}

/// Decides what an event starts: matches it against the routes, finds its project and ticket, and checks that its actor may start
/// work. If only the code host knows whether the actor may, the execution's first state asks it. Nothing is started or recorded;
/// [`Control::start`](crate::Control::start) does that.
pub fn decide(directory: &Directory, routes: &Routes, event: Event) -> StartDecision {
    let spec = routes.events.find(event.kind.as_str());
    let mut off = Vec::new();
    let (start, project, task_id) = loop {
        let start = match routes.start_without(&event, &off) {
            Ok(Some(start)) => start,
            Ok(None) => return not_started(&event, spec, &off),
            Err(invalid) => return StartDecision::Refuse(invalid.to_string()),
        };
        // A revision is for the project whose run opened the pull request, whichever project the ticket's key names.
        let named = event.project.as_deref().filter(|_| event.kind == EventName::REVISION_REQUESTED);
        let here = project_of_channel(directory.configuration(), &event.fields);
        let place = event.project.as_deref().or(here);
        let query = ProjectQuery { named, ticket: start.task_id.as_deref(), place };
        match self::place(directory, &query) {
            Ok((project, _)) if !is_on(routes, &start.workflow, project) => off.push(start.workflow),
            Ok((project, task_id)) => break (start, project, task_id),
            Err(error) => return StartDecision::Refuse(error.to_string()),
        }
    };
    let Event { kind, delivery, actor, .. } = event;
    let configuration = directory.configuration();
    let actor = actor.map(|actor| configuration.identify(actor));
    let operation = match actor.is_none() && spec.is_some_and(EventSpec::is_by_machine) {
        true => Operation::StartByMachine,
        false => Operation::Start { project },
    };
    let grant = match grant(configuration, &operation, actor.as_ref(), &Authority::Roles) {
        Ok(grant) => grant,
        Err(reason) => return StartDecision::Refuse(reason),
    };
    let input = ExecutionInput {
        inputs: with_ticket(start.inputs, task_id.as_deref()),
        event: with_ticket(start.event, task_id.as_deref()),
        project: Some(project.key.clone()),
        actor,
        parent: None,
        grant,
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

/// Whether events start a workflow in a project: one with `opt_in: true` only where the project names it.
fn is_on(routes: &Routes, workflow: &str, project: &Project) -> bool {
    let is_opt_in = routes.workflows.get(workflow).is_some_and(|route| route.opt_in);
    !is_opt_in || project.workflows.iter().any(|name| name == workflow)
}

/// Why an event starts nothing. Who asked for it in words is told that a workflow is off; a label or a merge goes on without one.
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
    let inputs = routes.check_inputs(&request.workflow, &request.inputs, &Map::new())?;
    let query = ProjectQuery {
        named: request.project.as_deref(),
        ticket: inputs.get("task_id").and_then(Value::as_str),
        place: None,
    };
    let (project, task_id) = place(directory, &query)?;
    let operation = match request.authority {
        Authority::Installation => Operation::StartByHand,
        Authority::Roles | Authority::Scoped(_) => Operation::Start { project },
    };
    let grant = grant(directory.configuration(), &operation, Some(&request.actor), &request.authority)
        .map_err(PlanError::Denied)?;
    let inputs = with_ticket(inputs, task_id.as_deref());
    Ok(StartRequest {
        workflow: request.workflow,
        trigger: request.trigger,
        delivery: request.delivery,
        task_id,
        concurrency: request.concurrency,
        input: ExecutionInput {
            grant,
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
mod tests {
    use super::*;
    use domain::event::{Condition, EventSpecs, Matching};
    use domain::routes::InputType;
    use serde_json::json;
    use std::sync::Arc;

    const LABELLED: EventName = EventName::from_static("jira.labelled");
    const COMMAND: EventName = EventName::from_static("slack.command");

    fn events() -> EventSpecs {
        let actor = [("actor", InputType::Any)];
        EventSpecs::new([
            EventSpec::new(LABELLED, "A label was added.")
                .fields(actor)
                .condition(Condition::new("label", "The label.")),
            EventSpec::new(COMMAND, "Somebody typed a command.")
                .fields(actor)
                .condition(Condition::new("text", "The words.").compared(Matching::Captures, "text")),
        ])
    }

    fn directory(may_trigger: &[&str]) -> Directory {
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop", "may_trigger": may_trigger}],
            "groups": {"engineering": ["ada"]},
            "users": [{"name": "ada", "jira": "5b10", "slack": "U1"}],
        }))
        .unwrap();
        Directory::new(Arc::new(configuration), Arc::default())
    }

    fn routes() -> Routes {
        serde_json::from_value(json!({"events": events(), "workflows": {"development": {
            "title": "Development",
            "inputs": {"task_id": {"type": "string"}},
            "triggers": [
                {"on": "jira.labelled", "conditions": {"label": "agent"}},
                {"on": "slack.command", "conditions": {"text": "run {task_id}"}},
            ],
        }}}))
        .unwrap()
    }

    fn labelled(label: &str, task_id: &str, account: Option<&str>) -> Event {
        let fields = json!({"task_id": task_id, "label": label});
        Event {
            kind: LABELLED,
            delivery: "d".into(),
            actor: account.map(|id| Actor {
                source: SourceName::from_static("jira"),
                id: id.into(),
                display_name: None,
                person: None,
            }),
            project: task_id.rsplit_once('-').map(|(project, _)| project.into()),
            task_id: Some(task_id.into()),
            fields: match fields {
                Value::Object(fields) => fields,
                _ => unreachable!(),
            },
        }
    }

    fn check(may_trigger: &[&str], event: Event) -> Result<StartRequest, String> {
        match decide(&directory(may_trigger), &routes(), event) {
            StartDecision::Start(request) => Ok(*request),
            StartDecision::Ignore(reason) | StartDecision::Refuse(reason) => Err(reason),
        }
    }

    #[test]
    fn a_group_is_admitted_and_named() {
        let planned = check(&["engineering"], labelled("agent", "SHOP-1", Some("5b10"))).unwrap();
        assert_eq!(planned.workflow, "development");
        assert_eq!(planned.input.actor.unwrap().person.as_deref(), Some("ada"));
        assert_eq!(planned.input.project.as_deref(), Some("SHOP"));
        assert_eq!(planned.input.grant, Some(Grant::Configuration));
    }

    #[test]
    fn a_stranger_is_refused_or_left_to_the_code_host() {
        let refused = check(&["engineering"], labelled("agent", "SHOP-1", Some("mallory"))).unwrap_err();
        assert_eq!(
            refused,
            "mallory may not start work on SHOP; members of engineering may, and people with the role developer or admin"
        );
        let asked = check(&["repository-writers"], labelled("agent", "SHOP-1", Some("mallory"))).unwrap();
        assert_eq!(asked.input.grant, None);
        assert!(check(&["repository-writers"], labelled("agent", "SHOP-1", None)).is_err());
    }

    #[test]
    fn a_ticket_has_one_name_however_people_type_it() {
        let said = |text: &str| Event {
            kind: COMMAND,
            actor: Some(Actor {
                source: SourceName::from_static("slack"),
                id: "U1".into(),
                display_name: None,
                person: None,
            }),
            project: None,
            task_id: None,
            fields: [("text".to_owned(), json!(text))].into_iter().collect(),
            ..labelled("", "", None)
        };
        let planned = check(&["engineering"], said("run shop-7")).unwrap();
        assert_eq!(planned.task_id.as_deref(), Some("SHOP-7"));
        assert_eq!(planned.input.inputs["task_id"], "SHOP-7");
        for text in ["run SHOP-7 now", "run SHOP-7/../x", "run SHOP-", "run SHOP-x"] {
            let refused = check(&["engineering"], said(text)).unwrap_err();
            assert!(refused.contains("accepted: `SHOP-12`"), "{refused}");
        }
    }

    #[test]
    fn an_opt_in_workflow_starts_only_where_the_project_names_it() {
        let mut routes = routes();
        routes.workflows.get_mut("development").unwrap().opt_in = true;
        let started = |configuration: serde_json::Value, event: Event| {
            let configuration: Configuration = serde_json::from_value(configuration).unwrap();
            decide(&Directory::new(Arc::new(configuration), Arc::default()), &routes, event)
        };
        let project = |workflows: &[&str]| {
            json!({
                "projects": [{"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"], "workflows": workflows}],
                "groups": {"engineering": ["ada"]}, "users": [{"name": "ada", "jira": "5b10"}],
            })
        };
        let labelled = || labelled("agent", "SHOP-1", Some("5b10"));
        let on = started(project(&["development"]), labelled());
        assert!(matches!(on, StartDecision::Start(_)), "{on:?}");
        let off = started(project(&[]), labelled());
        assert!(
            matches!(&off, StartDecision::Ignore(reason) if reason.contains("`workflows: [development]`")),
            "{off:?}"
        );
        let mut said = labelled();
        said.fields.insert("text".into(), json!("run SHOP-1"));
        let refused = started(project(&[]), said);
        assert!(
            matches!(&refused, StartDecision::Refuse(reason) if reason.contains("is off")),
            "{refused:?}"
        );
    }

    #[test]
    fn what_no_workflow_or_project_wants_is_said() {
        let other = check(&["engineering"], labelled("bug", "SHOP-1", Some("5b10"))).unwrap_err();
        assert_eq!(other, "no workflow has a trigger for jira.labelled with label `bug`");
        let elsewhere = check(&["engineering"], labelled("agent", "TES-1", Some("5b10"))).unwrap_err();
        assert_eq!(elsewhere, "TES-1 does not belong to any configured project; known: SHOP");
    }

    fn asked(trigger: EventName, task_id: &str, project: Option<&str>) -> Result<StartRequest, String> {
        let (directory, source) = (directory(&["engineering"]), trigger.source());
        let id = if source == SourceName::API { "mallory" } else { "development" }.to_owned();
        let request = WorkflowRequest {
            workflow: "development".into(),
            inputs: [("task_id".to_owned(), json!(task_id))].into_iter().collect(),
            project: project.map(str::to_owned),
            actor: directory.configuration().identify(Actor { source, id, display_name: None, person: None }),
            authority: match trigger == EventName::API_RUN {
                true => Authority::Installation,
                false => Authority::Roles,
            },
            trigger,
            delivery: "d".into(),
            concurrency: Concurrency::OnePerTask,
        };
        plan(&directory, &routes(), request).map_err(|error| error.to_string())
    }

    #[test]
    fn a_ticket_has_one_name_by_hand_and_on_schedule() {
        for trigger in [EventName::API_RUN, EventName::SCHEDULE] {
            for (typed, expected) in
                [("shop-1", "SHOP-1"), ("SHOP-1", "SHOP-1"), ("ACME/shop#007", "acme/shop#7")]
            {
                let request = asked(trigger.clone(), typed, None).unwrap();
                assert_eq!(request.task_id.as_deref(), Some(expected), "{typed}");
                assert_eq!(request.input.inputs["task_id"], expected, "{typed}");
                assert_eq!(request.input.project.as_deref(), Some("SHOP"));
                let grant = if trigger == EventName::API_RUN { Grant::ByHand } else { Grant::Schedule };
                assert_eq!(request.input.grant, Some(grant));
            }
            let refused = asked(trigger.clone(), "SHOP-1/../x", None).unwrap_err();
            assert_eq!(
                refused,
                "`SHOP-1/../x` is not a ticket; accepted: `SHOP-12`, `acme/shop#12`, a link to a ticket"
            );
        }
    }

    #[test]
    fn a_named_project_may_work_on_a_ticket_of_none() {
        let outside = asked(EventName::API_RUN, "TES-1", None).unwrap_err();
        assert_eq!(outside, "TES-1 does not belong to any configured project; known: SHOP");
        let request = asked(EventName::API_RUN, "TES-1", Some("shop")).unwrap();
        assert_eq!(
            (request.task_id.as_deref(), request.input.project.as_deref()),
            (Some("TES-1"), Some("SHOP"))
        );
        let unknown = asked(EventName::API_RUN, "SHOP-1", Some("X")).unwrap_err();
        assert_eq!(unknown, "unknown project `X`; known: SHOP");
    }
}
