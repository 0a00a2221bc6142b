//! How a case starts: the input of its execution, made where every execution's is made.

use crate::file::{Case, TestActor, TestFile};
use domain::execution::ExecutionInput;
use domain::routes::Routes;
use domain::{Actor, Event, EventName, SourceName};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use workflow::{Catalog, Compilation};

/// The input of a case's execution, or why none starts.
pub(crate) fn input(
    file: &TestFile,
    case: &Case,
    compilation: &Compilation,
    catalog: &Catalog,
) -> Result<ExecutionInput, String> {
    let routes = Routes {
        workflows: BTreeMap::from([(compilation.name.clone(), compilation.route.clone())]),
        events: catalog.events().clone(),
    };
    let trigger = case.trigger.as_ref().and_then(|trigger| trigger.iter().next());
    let source = trigger.map_or(SourceName::API, |(kind, _)| kind.source());
    let given = case.actor.as_ref().or(file.actor.as_ref());
    let actor = given.map(|actor| person(actor, source));
    let project = case.project.clone().or_else(|| file.project.clone());
    let (inputs, event) = match trigger {
        None => {
            let inputs = case.inputs.clone().unwrap_or_default();
            let inputs = routes.check_inputs(&compilation.name, &inputs, &Map::new());
            (inputs.map_err(|invalid| invalid.to_string())?, Map::new())
        }
        // A schedule gives the inputs of its `with`; those of the case take precedence.
        Some((kind, fields)) if *kind == EventName::SCHEDULE => {
            let schedule = routes.schedules().next();
            let (schedule, _) = schedule.ok_or_else(|| no_trigger(compilation))?;
            let mut given = schedule.with;
            given.extend(fields.clone());
            let inputs = routes.check_inputs(&compilation.name, &given, &Map::new());
            (inputs.map_err(|invalid| invalid.to_string())?, Map::new())
        }
        Some((kind, fields)) => {
            let event = Event {
                kind: kind.clone(),
                delivery: "test".to_owned(),
                actor: actor.clone(),
                project: project.clone(),
                task_id: fields.get("task_id").and_then(Value::as_str).map(str::to_owned),
                fields: fields.clone(),
            };
            let start = routes.start_for(&event).map_err(|invalid| invalid.to_string())?;
            let start = start.ok_or_else(|| no_trigger(compilation))?;
            (start.inputs, start.event)
        }
    };
    Ok(ExecutionInput { inputs, event, project, actor, parent: None, grant: None, token: None })
}

fn no_trigger(compilation: &Compilation) -> String {
    format!("the event matches no trigger of `{}`", compilation.name)
}

fn person(actor: &TestActor, source: SourceName) -> Actor {
    Actor {
        source: actor.source.clone().unwrap_or(source),
        id: actor.id.clone(),
        display_name: actor.display_name.clone(),
        person: actor.person.clone(),
    }
}
