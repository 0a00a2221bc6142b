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

/// The same with the workflow that plans.
fn routes_with_planning() -> Routes {
    let mut routes = routes();
    let planning = json!({
        "title": "Planning",
        "inputs": {
            "requirements": {"type": "string", "optional": true},
            "task_id": {"type": "string", "optional": true},
        },
        "triggers": [{"on": "slack.command", "conditions": {"text": "plan {requirements}"}}],
    });
    routes.workflows.insert("planning".into(), serde_json::from_value(planning).unwrap());
    routes
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
fn what_is_no_pull_request_is_not_called_a_ticket() {
    let mut routes = routes();
    let review = json!({
        "title": "Review",
        "inputs": {"pull_request": {"type": "string"}},
        "triggers": [{"on": "slack.command", "conditions": {"text": "review {pull_request}"}}],
    });
    routes.workflows.insert("review".into(), serde_json::from_value(review).unwrap());
    let said = Event {
        kind: COMMAND,
        project: None,
        task_id: None,
        fields: [("text".to_owned(), json!("review the cart"))].into_iter().collect(),
        ..labelled("", "", None)
    };
    let StartDecision::Refuse(refused) = decide(&directory(&["engineering"]), &routes, said) else {
        panic!("it is refused")
    };
    assert!(refused.starts_with("`the cart` is not a pull request; accepted: `owner/name#7`"), "{refused}");
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
    assert!(matches!(&refused, StartDecision::Refuse(reason) if reason.contains("is off")), "{refused:?}");
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
    assert_eq!((request.task_id.as_deref(), request.input.project.as_deref()), (Some("TES-1"), Some("SHOP")));
    let unknown = asked(EventName::API_RUN, "SHOP-1", Some("X")).unwrap_err();
    assert_eq!(unknown, "unknown project `X`; known: SHOP");
}

#[test]
fn a_refusal_has_the_error_of_a_project_that_does_not_exist() {
    let configuration: Configuration = serde_json::from_value(json!({"projects": [
        {"key": "SHOP", "repository": "acme/shop", "may_trigger": []},
        {"key": "WEB", "repository": "acme/web", "may_trigger": []},
    ]}))
    .unwrap();
    let directory = Directory::new(Arc::new(configuration), Arc::default());
    let routes = routes_with_planning();
    let refused = |workflow: &str, inputs: Value, project: Option<&str>| {
        let id = "mallory".to_owned();
        let request = WorkflowRequest {
            workflow: workflow.into(),
            inputs: inputs.as_object().cloned().unwrap(),
            project: project.map(str::to_owned),
            actor: Actor { source: SourceName::API, id, display_name: None, person: None },
            authority: Authority::Roles,
            trigger: EventName::API_REQUEST,
            delivery: "d".into(),
            concurrency: Concurrency::OnePerTask,
        };
        plan(&directory, &routes, request).unwrap_err()
    };
    let asked = |key: &str| {
        let ticket = format!("{key}-1");
        [
            refused("development", json!({"task_id": ticket}), None),
            refused("development", json!({"task_id": "x"}), Some(key)),
            refused("planning", json!({"requirements": ticket}), None),
            refused("planning", json!({"requirements": ticket}), Some(key)),
        ]
    };
    for (hidden, unknown) in asked("WEB").into_iter().zip(asked("NIX")) {
        let PlanError::Denied { reason, project, unknown: hidden } = hidden else { panic!("{hidden:?}") };
        assert!(project == "WEB" && reason.contains("may not start work on WEB"), "{project}: {reason}");
        let PlanError::Directory(unknown) = unknown else { panic!("{unknown:?}") };
        let told = |error: DirectoryError| error.for_whoever_sees(&["SHOP"]).to_string();
        assert_eq!(told(*hidden).replace("WEB", "NIX"), told(unknown));
    }
}

#[test]
fn requirements_that_are_a_ticket_are_about_it_wherever_they_are_asked_for() {
    let directory = directory(&["engineering"]);
    let routes = routes_with_planning();
    let typed = |text: &str| Event {
        kind: COMMAND,
        delivery: "d".into(),
        actor: Some(Actor {
            source: SourceName::from_static("slack"),
            id: "U1".into(),
            display_name: None,
            person: None,
        }),
        project: None,
        task_id: None,
        fields: Map::from_iter([("text".to_owned(), json!(text))]),
    };
    let decided = |text: &str| match decide(&directory, &routes, typed(text)) {
        StartDecision::Start(request) => *request,
        other => panic!("{other:?}"),
    };
    let request = decided("plan shop-7");
    assert_eq!(
        request.task_id.as_deref(),
        Some("SHOP-7"),
        "it claims the ticket, and counts against its limit"
    );
    assert_eq!(request.input.inputs["task_id"], json!("SHOP-7"));
    for said in ["Plan: *SHOP-7*", "plan `shop-7`.", "**plan** \u{201c}SHOP-7\u{201d}"] {
        assert_eq!(decided(said).task_id.as_deref(), Some("SHOP-7"), "{said}");
    }
    let request = decided("plan SHOP-7 with a receipt");
    assert_eq!(
        (request.task_id, request.input.inputs["requirements"].as_str()),
        (None, Some("SHOP-7 with a receipt"))
    );
    let by_hand = WorkflowRequest {
        workflow: "planning".into(),
        inputs: Map::from_iter([("requirements".to_owned(), json!("SHOP-7"))]),
        project: None,
        actor: typed("").actor.unwrap(),
        authority: Authority::Installation,
        trigger: EventName::API_RUN,
        delivery: "d".into(),
        concurrency: Concurrency::OnePerTask,
    };
    assert_eq!(plan(&directory, &routes, by_hand).unwrap().task_id.as_deref(), Some("SHOP-7"));
}

#[test]
fn requirements_that_are_a_ticket_of_no_project_are_refused_and_quoted_ones_are_text() {
    let directory = directory(&["engineering"]);
    let routes = routes_with_planning();
    let typed = |text: &str| Event {
        fields: Map::from_iter([("text".to_owned(), json!(format!("plan {text}")))]),
        actor: Some(Actor {
            source: SourceName::from_static("slack"),
            id: "U1".into(),
            display_name: None,
            person: None,
        }),
        ..Event { kind: COMMAND, project: None, task_id: None, ..labelled("", "", None) }
    };
    let by_hand = |text: &str, project: Option<&str>| WorkflowRequest {
        workflow: "planning".into(),
        inputs: Map::from_iter([("requirements".to_owned(), json!(text))]),
        project: project.map(str::to_owned),
        actor: typed("").actor.unwrap(),
        authority: Authority::Installation,
        trigger: EventName::API_RUN,
        delivery: "d".into(),
        concurrency: Concurrency::OnePerTask,
    };
    let nope = "NOPE-3 does not belong to any configured project; known: SHOP";
    let other = "other/one#2 does not belong to any configured project; known: SHOP";
    let elsewhere = "`https://jira.example/browse/SHOP-7` is not a ticket; accepted: `SHOP-12`";
    for (said, reason) in [
        ("NOPE-3", nope),
        ("*nope-3*.", nope),
        ("`NOPE-3`", nope),
        ("[Limit carts](NOPE-3)", nope),
        ("other/one#2", other),
        ("https://jira.example/browse/SHOP-7", elsewhere),
        ("<https://jira.example/browse/SHOP-7|Limit carts>", elsewhere.split_once(' ').unwrap().1),
    ] {
        let StartDecision::Refuse(refused) = decide(&directory, &routes, typed(said)) else {
            panic!("{said} is planned")
        };
        assert!(refused.contains(reason) && refused.ends_with("put them in quotation marks"), "{refused}");
        for project in [None, Some("SHOP")] {
            let refused = plan(&directory, &routes, by_hand(said, project)).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
    for said in [
        "\"NOPE-3\"",
        "\u{201c}NOPE-3\u{201d}",
        "NOPE-3 with a receipt",
        "[Limit carts](NOPE-3) with a receipt",
        "Gifts",
        "https://wiki.example/pages/gifts",
        "1-1",
    ] {
        let StartDecision::Start(request) = decide(&directory, &routes, typed(said)) else {
            panic!("{said} is not planned")
        };
        assert_eq!((request.task_id, request.input.inputs["requirements"].as_str()), (None, Some(said)));
        assert_eq!(plan(&directory, &routes, by_hand(said, None)).unwrap().task_id, None, "{said}");
    }
}
