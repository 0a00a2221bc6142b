use crate::authority::Authority;
use crate::directory::Directory;
use crate::plan::{StartDecision, WorkflowRequest, decide, plan};
use domain::configuration::Configuration;
use domain::event::{Condition, EventSpec, EventSpecs, Matching};
use domain::reference::{ProjectReference, References, TrackerReferences};
use domain::routes::{Concurrency, Routes};
use domain::{Actor, Event, EventName, SourceName};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const COMMAND: EventName = EventName::from_static("slack.command");
const MENTIONED: EventName = EventName::from_static("slack.mentioned");

/// `dev` may start work in SHOP, `giver` also in GIFT, which shares the repository of WEB; `lead` in every project.
fn several_projects() -> Directory {
    let configuration: Configuration = serde_json::from_value(json!({
        "projects": [
            {"key": "SHOP", "repository": "acme/shop", "may_trigger": []},
            {"key": "WEB", "repository": "acme/web", "may_trigger": []},
            {"key": "GIFT", "repository": "acme/Web", "may_trigger": []},
            {"key": "OPEN", "repository": "acme/open"},
        ],
        "users": [
            {"name": "dev", "slack": "U1", "roles": {"SHOP": ["developer"]}},
            {"name": "giver", "slack": "U3", "roles": {"SHOP": ["developer"], "GIFT": ["developer"]}},
            {"name": "lead", "slack": "U2", "roles": ["developer"]},
        ],
    }))
    .unwrap();
    let tracker = |instance: &str, site: &str, patterns: &[&str]| TrackerReferences {
        instance: instance.parse().unwrap(),
        patterns: patterns
            .iter()
            .map(|pattern| pattern.parse::<domain::reference::Pattern>().unwrap().at(site))
            .collect(),
    };
    let references = References {
        trackers: vec![
            tracker(
                "jira",
                "https://acme.atlassian.net",
                &[
                    "{PROJECT}-{number}",
                    "{site}/browse/{PROJECT}-{number}",
                    "{site}/{any}?{any}selectedIssue={PROJECT}-{number}",
                ],
            ),
            tracker(
                "github",
                "https://github.com",
                &["{owner}/{name}#{number}", "{site}/{owner}/{name}/pull/{number}"],
            ),
        ],
        projects: configuration.projects.iter().map(ProjectReference::from).collect(),
        providers: Vec::new(),
    };
    Directory::new(Arc::new(configuration), Arc::new(references))
}

/// Whether somebody may start work in a project with these inputs, by naming the project.
fn start(person: &str, authority: Authority, project: &str, inputs: Value) -> Result<(), String> {
    let directory = several_projects();
    let routes: Routes = serde_json::from_value(json!({"workflows": {"change": {
        "title": "Change", "triggers": [],
        "inputs": {
            "ticket": {"type": "string", "optional": true},
            "project": {"type": "string", "optional": true},
            "task_id": {"type": "string", "optional": true},
            "tickets": {"type": "array", "optional": true},
            "more": {"type": "object", "optional": true},
        },
    }}}))
    .unwrap();
    let actor = Actor { source: SourceName::API, id: person.into(), display_name: None, person: None };
    let request = WorkflowRequest {
        workflow: "change".into(),
        inputs: inputs.as_object().cloned().unwrap(),
        project: Some(project.into()),
        actor: directory.configuration().identify(actor),
        authority,
        trigger: EventName::API_REQUEST,
        delivery: "d".into(),
        concurrency: Concurrency::OnePerTask,
    };
    plan(&directory, &routes, request).map(drop).map_err(|error| error.to_string())
}

fn dev(project: &str, inputs: Value) -> Result<(), String> {
    start("dev", Authority::Roles, project, inputs)
}

#[test]
fn a_named_project_gives_no_right_to_what_belongs_to_another() {
    for inputs in [
        json!({"ticket": "SHOP-1"}),
        json!({"ticket": "NIX-1"}),
        json!({"ticket": "see WEB-1"}),
        json!({"ticket": "https://acme.atlassian.net/browse/SHOP-1"}),
        json!({"ticket": "web"}),
        json!({"project": "shop"}),
    ] {
        assert_eq!(dev("SHOP", inputs.clone()), Ok(()), "{inputs}");
    }
    let long = format!("?focused={}", "1".repeat(600));
    for inputs in [
        json!({"ticket": "WEB-1"}),
        json!({"ticket": "web-1"}),
        json!({"ticket": " WEB-001. "}),
        json!({"ticket": "<https://acme.atlassian.net/browse/WEB-1|WEB-1>"}),
        json!({"ticket": format!("https://acme.atlassian.net/browse/WEB-1{long}")}),
        json!({"ticket": "acme/web#1"}),
        json!({"ticket": "SHOP-1", "task_id": "WEB-1"}),
        json!({"ticket": "ACME/web"}),
        json!({"ticket": "acme/web!7"}),
        json!({"ticket": "https://github.com/ACME/WEB/pull/7/files"}),
        // Actions and providers read a repository in each of these forms, also before a number.
        json!({"ticket": "https://github.com/acme/web"}),
        json!({"ticket": "git@github.com:acme/web.git"}),
        json!({"ticket": "git@github.com:acme/web.git#12"}),
        json!({"ticket": "https://git#hub/acme/web"}),
        json!({"ticket": "acme/web.git"}),
        json!({"ticket": "acme/web/"}),
        json!({"ticket": "acme/web.git#12"}),
        json!({"ticket": "acme/web/#+12"}),
        json!({"ticket": "https://github.com/acme/web#12"}),
        json!({"ticket": format!("https://gitlab.com/acme/web/-/{long}")}),
        // An action that takes a ticket reads SHOP-1, and one that takes a repository acme/web.
        json!({"ticket": "https://acme.atlassian.net/acme/web/-/?selectedIssue=SHOP-1"}),
        json!({"project": "web"}),
        json!({"project": "acme/web"}),
        json!({"tickets": ["SHOP-1", ["WEB-1"]]}),
        json!({"more": {"tasks": [{"task_id": "WEB-1"}]}}),
        json!({"more": {"WEB-1": "SHOP-1"}}),
        json!({"more": {"projects": [{"project": "WEB"}]}}),
        // Whether they may is for the code host to say, which is asked about the project that is named.
        json!({"ticket": "OPEN-1"}),
    ] {
        let refused = dev("SHOP", inputs.clone()).expect_err(&inputs.to_string());
        assert!(refused.contains("does not belong to SHOP, where this would start; "), "{inputs}: {refused}");
        assert!(refused.len() < 300, "{refused}");
        assert_eq!(start("lead", Authority::Roles, "SHOP", inputs.clone()), Ok(()), "{inputs}");
        assert_eq!(start("dev", Authority::Installation, "SHOP", inputs), Ok(()));
    }
}

#[test]
fn projects_that_share_a_repository_share_its_tickets_alone() {
    let giver =
        |project: &str, typed: &str| start("giver", Authority::Roles, project, json!({"ticket": typed}));
    for typed in ["acme/web", "acme/web#1", "https://github.com/acme/web/pull/7"] {
        // In SHOP, because of the right in one of the two.
        for project in ["GIFT", "SHOP"] {
            assert_eq!(giver(project, typed), Ok(()), "{project} {typed}");
        }
    }
    for typed in ["WEB-1", "https://acme.atlassian.net/acme/web/-/?selectedIssue=WEB-1"] {
        let refused = giver("GIFT", typed).expect_err(typed);
        assert!(refused.contains("does not belong to GIFT"), "{refused}");
    }
}

#[test]
fn what_a_trigger_captured_gives_no_right_to_another_project_either() {
    let directory = several_projects();
    let events = EventSpecs::new([
        EventSpec::new(COMMAND, "Somebody typed a command.")
            .condition(Condition::new("text", "The words.").compared(Matching::Captures, "text")),
        EventSpec::new(MENTIONED, "Somebody mentioned the bot."),
    ]);
    // It declares its inputs, so `context.target` and `context.text` are read from the event.
    let routes: Routes = serde_json::from_value(json!({"events": events, "workflows": {"change": {
        "title": "Change",
        "inputs": {"task_id": {"type": "string", "optional": true}},
        "triggers": [
            {"on": "slack.command", "conditions": {"text": "change {task_id} like {target}"}},
            {"on": "slack.mentioned"},
        ],
    }}}))
    .unwrap();
    let decided = |account: &str, kind: EventName, text: &str| {
        let actor = Actor { source: kind.source(), id: account.into(), display_name: None, person: None };
        let event = Event {
            project: (kind == MENTIONED).then(|| "SHOP".to_owned()),
            kind,
            delivery: "d".into(),
            actor: Some(actor),
            task_id: None,
            // What a machine reports of the event is not the person's choice.
            fields: Map::from_iter([
                ("text".to_owned(), json!(text)),
                ("repository".to_owned(), json!("acme/web")),
            ]),
        };
        match decide(&directory, &routes, event) {
            StartDecision::Start(request) => Ok(request.input.event),
            StartDecision::Ignore(reason) | StartDecision::Refuse(reason) => Err(reason),
        }
    };
    for target in ["WEB-1", "acme/web.git", "https://github.com/acme/web#12"] {
        let refused = format!(
            "`{target}` does not belong to SHOP, where this would start; you may not start work there"
        );
        let text = format!("change SHOP-1 like {target}");
        assert_eq!(decided("U1", COMMAND, &text).unwrap_err(), refused);
        assert_eq!(decided("U2", COMMAND, &text).unwrap()["target"], target);
        assert_eq!(decided("U1", MENTIONED, target).unwrap_err(), refused);
        assert_eq!(decided("U2", MENTIONED, target).unwrap()["text"], target);
    }
    assert_eq!(decided("U1", COMMAND, "change SHOP-1 like SHOP-2").unwrap()["target"], "SHOP-2");
    assert!(decided("U1", MENTIONED, "compare it with WEB-1").is_ok());
}
