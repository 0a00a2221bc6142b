use super::*;
use domain::Scope;
use domain::configuration::Configuration;
use domain::execution::ExecutionInput;
use serde_json::json;
use std::sync::Arc;

/// `dev` may start work in SHOP, `lead` everywhere; whoever may push to its repository in OPEN.
fn directory() -> Directory {
    let configuration: Configuration = serde_json::from_value(json!({
        "projects": [
            {"key": "SHOP", "repository": "acme/shop", "may_trigger": [], "channel": "#shop-dev", "space": "SHOPDOC"},
            {"key": "OPS", "repository": "acme/ops", "may_trigger": [], "channel": "#ops-dev", "space": "c0ffee00-12ab-4eff-bc8f-57f56486db54"},
            {"key": "OPEN", "repository": "acme/open", "channel": "#all", "space": "ALL"},
            {"key": "CHAT", "repository": "acme/chat", "may_trigger": [], "channel": "C0CHAT"},
            {"key": "REST", "repository": "acme/rest", "channel": "#all", "space": "ALL"},
            {"key": "NEWS", "repository": "acme/Platform", "may_trigger": [], "channel": "#news", "space": "NEWS"},
            {"key": "BLOG", "repository": "acme/platform", "may_trigger": [], "channel": "#news", "space": "NEWS"},
        ],
        "users": [
            {"name": "dev", "slack": "U1", "roles": {"SHOP": ["developer"]}},
            {"name": "lead", "slack": "U2", "roles": ["developer"]},
            {"name": "blogger", "slack": "U3", "roles": {"SHOP": ["developer"], "BLOG": ["developer"]}},
        ],
    }))
    .unwrap();
    Directory::new(Arc::new(configuration), Arc::default())
}

fn actor(source: SourceName, id: &str) -> Actor {
    directory().configuration().identify(Actor { source, id: id.into(), display_name: None, person: None })
}

fn person(name: &str) -> Actor {
    actor(SourceName::API, name)
}

fn execution(task_id: Option<&str>, input: ExecutionInput) -> ExecutionRecord {
    let input = serde_json::to_string(&input).unwrap();
    serde_json::from_value(json!({
        "name": "e", "workflow": "fan_out", "trigger": "api.request", "delivery": "d", "task_id": task_id, "input": input,
        "outcome": "running", "begun_at": "2026-11-22T11:00:00Z",
    }))
    .unwrap()
}

fn input(inputs: Value) -> ExecutionInput {
    let inputs = inputs.as_object().cloned().unwrap();
    ExecutionInput::new(inputs, Some("SHOP".into()), None)
}

/// Why a step of SHOP's execution may not have this input; `None` if it may.
fn refused(actor: Option<&Actor>, reading: &ReachReading, given: &Value) -> Option<String> {
    refused_in("SHOP", actor, reading, given)
}

/// The same for an execution of another project.
fn refused_in(key: &str, actor: Option<&Actor>, reading: &ReachReading, given: &Value) -> Option<String> {
    let directory = directory();
    let project = directory.configuration().project(key).unwrap();
    let reached = reached(&directory, project, given);
    reached.iter().find_map(|reached| check_reach(&directory, project, actor, reached, reading).err())
}

#[test]
fn what_a_step_names_of_another_project_takes_the_right_to_start_work_there() {
    let nothing = ReachReading::default();
    for given in [
        json!({"project": "OPS", "title": "x"}),
        json!({"project": "acme/ops"}),
        json!({"task_id": "ops-7", "comment": "x"}),
        json!({"task": {"task_id": "OPS-7", "title": "x"}}),
        json!({"repository": "https://github.com/acme/ops", "branch": "main"}),
        json!({"pull_request": "acme/ops#7"}),
        json!({"epic": "OPS-1"}),
        json!({"any": [{"event": "ticket.commented", "match": {"task_id": "OPS-1"}}]}),
        json!({"channel": "#ops-dev", "message": "x"}),
        json!({"channel": "OPS-DEV", "message": "x"}),
        json!({"channel": format!("{}ops-dev", "#".repeat(300))}),
        json!({"page_id": "c0ffee0012ab4effbc8f57f56486db54"}),
        json!({"space": "C0FFEE00-12AB-4EFF-BC8F-57F56486DB54"}),
        json!({"parent": "https://www.notion.so/acme/Ops-pages-c0ffee0012ab4effbc8f57f56486db54?pvs=4#top"}),
        json!({"page_id": format!("/{}-c0ffee0012ab4effbc8f57f56486db54/", "a".repeat(300))}),
    ] {
        let why = refused(Some(&person("dev")), &nothing, &given).unwrap_or_else(|| panic!("{given}"));
        assert!(why.contains("belongs to OPS, and this execution works on SHOP: "), "{why}");
        assert!(
            why.contains("dev may not start work on OPS; people with the role developer or admin may"),
            "{why}"
        );
        assert_eq!(refused(Some(&person("lead")), &nothing, &given), None, "{given}");
        let nobody = refused(None, &nothing, &given).unwrap();
        assert!(nobody.contains("nobody has the right to start work on OPS"), "{nobody}");
    }
    for given in [
        json!({"project": "SHOP", "task_id": "SHOP-1", "repository": "acme/shop", "channel": "#shop-dev", "space": "SHOPDOC"}),
        json!({"task_id": "NIX-1", "repository": "acme/unknown", "channel": "#random", "page_id": "123"}),
        json!({"page_id": "https://www.notion.so/acme/c0ffee0012ab4effbc8f57f56486db54/0c0ffee012ab4effbc8f57f56486db54"}),
        json!({"page_id": "ac0ffee0012ab4effbc8f57f56486db54"}),
        // What describes a ticket is not acted on.
        json!({"task": {"task_id": "SHOP-1", "epic_link": "OPS-3", "team_channel": "#ops-dev", "project": "OPS"}}),
        json!({"comment": "as in OPS-1", "message": "ask in #ops-dev"}),
        // What is only passed on, even if it is all that somebody said.
        json!({"session": "s", "answer": "OPS-7", "by": "dev"}),
        json!({"task_id": "SHOP-1", "comment": "https://github.com/acme/ops"}),
        json!({"title": "OPS-7", "description": "acme/ops#7", "message": "acme/ops"}),
    ] {
        assert_eq!(refused(Some(&person("dev")), &nothing, &given), None, "{given}");
    }
}

#[test]
fn what_projects_share_takes_the_right_in_one_of_them() {
    let nothing = ReachReading::default();
    for shared in [
        json!({"repository": "acme/platform"}),
        json!({"pull_request": "ACME/platform#7"}),
        json!({"channel": "#news", "message": "x"}),
        json!({"space": "NEWS"}),
    ] {
        let why = refused(Some(&person("dev")), &nothing, &shared).unwrap();
        assert!(why.contains("belongs to NEWS and BLOG, and this execution works on SHOP: "), "{why}");
        assert!(why.contains("work on NEWS") && why.contains("work on BLOG"), "{why}");
        for allowed in ["blogger", "lead"] {
            assert_eq!(refused(Some(&person(allowed)), &nothing, &shared), None, "{allowed} {shared}");
        }
        // It is also the execution's own, whatever the case in which the configuration has it.
        for own in ["NEWS", "BLOG"] {
            assert_eq!(refused_in(own, Some(&person("dev")), &nothing, &shared), None, "{own} {shared}");
        }
    }
    let all = json!({"channel": "#all"});
    assert!(refused(Some(&person("dev")), &nothing, &all).is_some());
    let writer = ReachReading { writer_of: ["REST".to_owned()].into(), ..ReachReading::default() };
    assert_eq!(refused(Some(&person("dev")), &writer, &all), None);
    // Each has its own tickets, and each is a project of its own.
    for own in [json!({"task_id": "NEWS-1"}), json!({"project": "NEWS"})] {
        assert!(refused(Some(&person("blogger")), &nothing, &own).is_some(), "{own}");
        assert!(refused_in("BLOG", Some(&person("blogger")), &nothing, &own).is_some(), "{own}");
    }
}

#[test]
fn only_a_text_that_is_passed_on_as_it_is_may_name_anything() {
    for given in [
        json!({"text": "OPS-7"}),
        json!({"comment": ["OPS-7"]}),
        json!({"any": [{"match": {"comment": "OPS-7"}}]}),
        json!({"comment": "OPS-7", "task_id": "OPS-7"}),
    ] {
        assert!(refused(Some(&person("dev")), &ReachReading::default(), &given).is_some(), "{given}");
    }
}

#[test]
fn who_may_push_is_a_developer_there_for_a_week_after_the_code_host_said_so() {
    let given = json!({"task_id": "OPEN-1"});
    let why = refused(Some(&person("dev")), &ReachReading::default(), &given).unwrap();
    assert!(why.contains("dev may start work on OPEN only if they may push to acme/open"), "{why}");
    assert!(why.ends_with("add a step `check_actor` with `repository: acme/open` before this step"), "{why}");
    let writer_of =
        |key: &str| ReachReading { writer_of: [key.to_owned()].into(), ..ReachReading::default() };
    assert_eq!(refused(Some(&person("dev")), &writer_of("OPEN"), &given), None);
    assert!(refused(Some(&person("dev")), &writer_of("OPS"), &given).is_some());
    // It counts where the project says so.
    assert!(refused(Some(&person("dev")), &writer_of("OPS"), &json!({"task_id": "OPS-1"})).is_some());
}

#[test]
fn an_execution_also_reaches_what_it_was_given_by_somebody_who_may() {
    let of =
        |execution: ExecutionRecord| ReachReading { execution: Some(execution), ..ReachReading::default() };
    let (dev, schedule) = (person("dev"), actor(SourceName::SCHEDULE, "fan_out"));
    let ticket = |given: &str| json!({"task_id": given});

    // The person or machine that goes on with a ticket did not choose it, and reaches nothing else there.
    let own = of(execution(Some("OPS-7"), input(json!({"team": "OPS", "note": "OPS-8"}))));
    for actor in [None, Some(&dev)] {
        assert_eq!(refused(actor, &own, &ticket("OPS-7")), None);
        for other in ["OPS-8", "OPS-70", "https://git.example/acme/ops/-/?selectedIssue=OPS-7"] {
            assert!(refused(actor, &own, &ticket(other)).is_some(), "{other}");
        }
        assert!(refused(actor, &own, &json!({"project": "OPS"})).is_some(), "an input of another name");
    }

    // The file of the workflow says what a schedule gives.
    let scheduled = of(execution(None, input(json!({"teams": ["OPS", "SHOP"]}))));
    assert_eq!(refused(Some(&schedule), &scheduled, &json!({"project": "OPS"})), None);
    for other in [json!({"project": "OPEN"}), ticket("OPS-1"), json!({"repository": "acme/ops"})] {
        let why = refused(Some(&schedule), &scheduled, &other).unwrap();
        assert!(why.contains("a schedule has no right to start work on"), "{why}");
    }
    let why = refused(Some(&dev), &scheduled, &json!({"project": "OPS"})).unwrap();
    assert!(why.contains("dev may not"), "a redrive is its person's: {why}");

    // Whoever made the channel chose its name.
    let event = json!({"channel": "C0CHAT", "channel_name": "ops-dev"}).as_object().cloned().unwrap();
    let heard = of(execution(None, ExecutionInput { event, ..input(json!({})) }));
    assert_eq!(refused(Some(&dev), &heard, &json!({"channel": "C0CHAT", "message": "x"})), None);
    for other in ["ops-dev", "#ops-dev", "#C0CHAT", "c0chat"] {
        assert!(refused(Some(&dev), &heard, &json!({"channel": other})).is_some(), "{other}");
    }
    assert!(refused(Some(&dev), &heard, &json!({"project": "CHAT", "space": "C0CHAT"})).is_some());

    let by_hand = of(execution(None, input(json!({})).granted(Grant::ByHand)));
    assert_eq!(refused(Some(&dev), &by_hand, &json!({"project": "OPS"})), None);
}

#[test]
fn a_machine_token_reaches_only_its_own_projects() {
    let scope = |projects: &[&str]| Scope {
        roles: [domain::configuration::Role::Developer].into(),
        projects: Some(projects.iter().map(|key| (*key).to_owned()).collect()),
    };
    let with = |projects: &[&str]| ReachReading {
        execution: Some(execution(None, ExecutionInput { token: Some(scope(projects)), ..input(json!({})) })),
        ..ReachReading::default()
    };
    let (lead, given) = (person("lead"), json!({"project": "OPS"}));
    let why = refused(Some(&lead), &with(&["SHOP"]), &given).unwrap();
    assert!(why.contains("this token of lead may not start work on OPS"), "{why}");
    assert_eq!(refused(Some(&lead), &with(&["SHOP", "OPS"]), &given), None);
}
