//! What is done about an event: decided here, from the configuration and the routes alone; acted upon elsewhere.

use domain::configuration::{Configuration, Permission, Project};
use domain::execution::ExecutionInput;
use domain::routes::{Concurrency, Routes};
use domain::{Event, EventKind};

/// What is done about an event.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// A workflow is started.
    Start(Box<Planned>),
    /// No workflow wants it, with the reason.
    Ignore(String),
    /// A workflow would be started, but not by this person or not with these words; the reason is for them.
    Refuse(String),
}

/// An execution that is to be started.
#[derive(Debug, PartialEq)]
pub(crate) struct Planned {
    pub(crate) workflow: String,
    pub(crate) kind: EventKind,
    pub(crate) delivery: String,
    pub(crate) task_id: Option<String>,
    pub(crate) concurrency: Concurrency,
    pub(crate) input: ExecutionInput,
}

/// Matches an event with the routes, finds its project and checks that its actor may trigger. Where only the code host can
/// tell whether the actor may, the workflow's first state asks it.
pub(crate) fn decide(configuration: &Configuration, routes: &Routes, event: Event) -> Decision {
    let start = match routes.start_for(&event) {
        Ok(Some(start)) => start,
        Ok(None) => return Decision::Ignore(format!("no workflow has a trigger for {}", describe(&event))),
        Err(invalid) => return Decision::Refuse(invalid.to_string()),
    };
    let Some(project) = project_of(configuration, &event, start.task_id.as_deref()) else {
        let named = start.task_id.as_deref().or(event.project.as_deref()).unwrap_or("it");
        return Decision::Refuse(format!(
            "no project in the configuration holds {named}; known: {}",
            configuration.projects.iter().map(|project| project.key.as_str()).collect::<Vec<_>>().join(", ")
        ));
    };
    let task_id = match start.task_id.as_deref().map(|task_id| canonical(project, task_id)) {
        Some(Ok(task_id)) => Some(task_id),
        Some(Err(reason)) => return Decision::Refuse(reason),
        None => None,
    };
    let (mut inputs, mut fields) = (start.inputs, start.event);
    for map in [&mut inputs, &mut fields] {
        if let (Some(named), Some(task_id)) = (map.get_mut("task_id"), &task_id) {
            *named = task_id.clone().into();
        }
    }
    let Event { kind, delivery, actor, .. } = event;
    let actor = actor.map(|actor| configuration.identify(actor));
    match &actor {
        Some(actor) => {
            if let Permission::Denied(reason) = configuration.may_trigger(project, actor) {
                return Decision::Refuse(reason);
            }
        }
        // Checks are reported by machines about commits that somebody could push.
        None if kind == EventKind::GithubChecksCompleted => {}
        None => {
            return Decision::Refuse("nobody is named as having done it, so nobody can be admitted".into());
        }
    }
    Decision::Start(Box::new(Planned {
        workflow: start.workflow,
        kind,
        delivery,
        task_id,
        concurrency: start.concurrency,
        input: ExecutionInput {
            inputs,
            event: fields,
            project: Some(project.key.clone()),
            actor,
            parent: None,
        },
    }))
}

/// The project of the ticket, else of the tracker's project or repository, else the only one there is.
fn project_of<'a>(
    configuration: &'a Configuration,
    event: &Event,
    task_id: Option<&str>,
) -> Option<&'a Project> {
    match (task_id, &event.project) {
        (None, Some(project)) => {
            configuration.project(project).or_else(|| configuration.project_of_repository(project))
        }
        _ => configuration.project_of(task_id),
    }
}

/// The ticket as its tracker writes it, so that `shop-7` typed by a person and `SHOP-7` are one ticket and one claim.
pub(crate) fn canonical(project: &Project, task_id: &str) -> Result<String, String> {
    let (separator, name) = match task_id.contains('#') {
        true => ('#', project.repository.as_str()),
        false => ('-', project.key.as_str()),
    };
    task_id
        .rsplit_once(separator)
        .map(|(_, number)| number)
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()) && (1..=18).contains(&number.len()))
        .map(|number| format!("{name}{separator}{number}"))
        .ok_or_else(|| format!("`{task_id}` is not a ticket; accepted: `{name}{separator}12`"))
}

/// The event with what its triggers' conditions compare, for the person who wonders why nothing happened.
fn describe(event: &Event) -> String {
    let compared: Vec<_> = event
        .kind
        .conditions()
        .iter()
        .filter_map(|name| Some(format!("{name} `{}`", event.fields.get(*name)?.as_str()?)))
        .collect();
    match compared.is_empty() {
        true => event.kind.to_string(),
        false => format!("{} with {}", event.kind, compared.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Actor, Source};
    use serde_json::{Value, json};

    fn configuration(may_trigger: &[&str]) -> Configuration {
        serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop", "may_trigger": may_trigger}],
            "groups": {"engineering": ["ada"]},
            "users": [{"name": "ada", "jira": "5b10", "slack": "U1"}],
        }))
        .unwrap()
    }

    fn routes() -> Routes {
        serde_json::from_value(json!({"workflows": {"development": {
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
            kind: EventKind::JiraLabelled,
            delivery: "d".into(),
            actor: account.map(|id| Actor {
                source: Source::Jira,
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

    fn check(may_trigger: &[&str], event: Event) -> Result<Planned, String> {
        match decide(&configuration(may_trigger), &routes(), event) {
            Decision::Start(planned) => Ok(*planned),
            Decision::Ignore(reason) | Decision::Refuse(reason) => Err(reason),
        }
    }

    #[test]
    fn a_group_is_admitted_and_named() {
        let planned = check(&["engineering"], labelled("agent", "SHOP-1", Some("5b10"))).unwrap();
        assert_eq!(planned.workflow, "development");
        assert_eq!(planned.input.actor.unwrap().person.as_deref(), Some("ada"));
        assert_eq!(planned.input.project.as_deref(), Some("SHOP"));
    }

    #[test]
    fn a_stranger_is_refused_or_left_to_the_code_host() {
        let refused = check(&["engineering"], labelled("agent", "SHOP-1", Some("mallory"))).unwrap_err();
        assert_eq!(refused, "mallory may not start work on SHOP; members of engineering may");
        assert!(check(&["repository-writers"], labelled("agent", "SHOP-1", Some("mallory"))).is_ok());
        assert!(check(&["repository-writers"], labelled("agent", "SHOP-1", None)).is_err());
    }

    #[test]
    fn a_ticket_has_one_name_however_people_type_it() {
        let said = |text: &str| Event {
            kind: EventKind::SlackCommand,
            actor: Some(Actor { source: Source::Slack, id: "U1".into(), display_name: None, person: None }),
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
    fn what_no_workflow_or_project_wants_is_said() {
        let other = check(&["engineering"], labelled("bug", "SHOP-1", Some("5b10"))).unwrap_err();
        assert_eq!(other, "no workflow has a trigger for jira.labelled with label `bug`");
        let elsewhere = check(&["engineering"], labelled("agent", "TES-1", Some("5b10"))).unwrap_err();
        assert_eq!(elsewhere, "no project in the configuration holds TES-1; known: SHOP");
    }
}
