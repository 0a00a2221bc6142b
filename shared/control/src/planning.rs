//! Planning: requirements become a plan, and once people approve it, tickets. Every entrance that takes requirements asks for the same
//! workflow by [`planning`].

use crate::authority::Authority;
use crate::plan::WorkflowRequest;
use crate::requirements::PLANNING;
use domain::routes::Concurrency;
use domain::{Actor, EventName};
use serde_json::{Map, Value};

/// What is to be planned. One of them is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirements {
    /// In words; or nothing but a ticket.
    pub text: Option<String>,
    /// The ticket, most often an epic, that says it.
    pub task_id: Option<String>,
    /// The wiki's id of the page that says it.
    pub page_id: Option<String>,
    /// Whether the plan's structure also becomes a pull request.
    pub scaffold: bool,
}

/// The person who asks for a plan, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Requester {
    /// The person, with the configured one filled in.
    pub actor: Actor,
    /// What their credentials say in addition to their identity.
    pub authority: Authority,
    /// How they asked.
    pub trigger: EventName,
    /// The ID of this request; an ID starts at most one execution.
    pub delivery: String,
}

/// The request that plans requirements in a project: for [`plan`](crate::plan()), whose result
/// [`Control::start`](crate::Control::start) starts. Inputs that a team's own workflow does not have are refused there, by name.
pub fn planning(
    requirements: Requirements,
    project: Option<String>,
    requester: Requester,
) -> WorkflowRequest {
    let Requirements { text, task_id, page_id, scaffold } = requirements;
    let mut inputs = Map::new();
    let given = [("requirements", text), ("task_id", task_id), ("page_id", page_id)];
    inputs.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    if scaffold {
        inputs.insert("scaffold".to_owned(), Value::Bool(true));
    }
    let Requester { actor, authority, trigger, delivery } = requester;
    WorkflowRequest {
        workflow: PLANNING.to_owned(),
        inputs,
        project,
        actor,
        authority,
        trigger,
        delivery,
        concurrency: Concurrency::OnePerTask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SourceName;
    use serde_json::json;

    #[test]
    fn only_what_is_given_is_an_input() {
        let requester = Requester {
            actor: Actor { source: SourceName::API, id: "ada".into(), display_name: None, person: None },
            authority: Authority::Roles,
            trigger: EventName::API_RUN,
            delivery: "d".into(),
        };
        let wanted = Requirements { text: Some("Carts can be gifts".into()), ..Requirements::default() };
        let request = planning(wanted.clone(), Some("SHOP".into()), requester.clone());
        assert_eq!((request.workflow.as_str(), request.project.as_deref()), ("planning", Some("SHOP")));
        assert_eq!(Value::Object(request.inputs), json!({"requirements": "Carts can be gifts"}));
        let request = planning(Requirements { scaffold: true, ..wanted }, None, requester);
        assert_eq!(request.inputs["scaffold"], json!(true));
    }
}
