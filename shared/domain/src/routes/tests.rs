use super::*;
use crate::event::Condition;
use crate::event::common::TICKET_LABELLED;
use serde_json::json;

const LABELLED: EventName = EventName::from_static("tracker.labelled");
const COMMENTED: EventName = EventName::from_static("host.commented");
const COMMAND: EventName = EventName::from_static("chat.command");

fn event(kind: EventName, fields: Value) -> Event {
    Event {
        kind,
        delivery: "d".into(),
        actor: None,
        project: None,
        task_id: None,
        fields: fields.as_object().unwrap().clone(),
    }
}

fn events() -> EventSpecs {
    let label = Condition::new("label", "The label.").required();
    let command = Condition::new("command", "The words.").compared(Matching::StartsWith, "text");
    let text = Condition::new("text", "The words.").compared(Matching::Captures, "text");
    EventSpecs::new([
        EventSpec::new(LABELLED, "A label was added.").condition(label),
        EventSpec::new(COMMENTED, "Somebody commented.").condition(command),
        EventSpec::new(COMMAND, "Somebody typed a command.").condition(text),
    ])
}

fn routes() -> Routes {
    serde_json::from_value(json!({"events": events(), "workflows": {"development": {
        "title": "Development",
        "inputs": {
            "task_id": {"type": "string"},
            "max_cost_usd": {"type": "number", "default": 10},
            "speed": {"type": "string", "optional": true, "one_of": ["fast", "slow"]}
        },
        "triggers": [
            {"on": "tracker.labelled", "conditions": {"label": "agent"}},
            {"on": "chat.command", "conditions": {"text": "run {task_id}"}}
        ]
    }}}))
    .unwrap()
}

/// An event's text begins behind the address, whether or not a trigger names it.
#[test]
fn a_command_may_be_written_with_its_address() {
    for pattern in ["run {task_id}", "/ticketsmith run {task_id}", "@ticketsmith  run {task_id}"] {
        let captured = capture(without_address(pattern), "run SHOP-1");
        assert_eq!(captured.map(Value::Object), Some(json!({"task_id": "SHOP-1"})), "{pattern}");
        let mut routes = routes();
        let workflow = routes.workflows.values_mut().next().unwrap();
        workflow.triggers[1].conditions.insert("text".to_owned(), pattern.into());
        let start = routes.start_for(&event(COMMAND, json!({"text": "run SHOP-1"}))).unwrap().unwrap();
        assert_eq!(start.task_id.as_deref(), Some("SHOP-1"), "{pattern}");
    }
}

#[test]
fn a_label_starts_with_the_fields_of_the_event() {
    let start = routes()
        .start_for(&event(LABELLED, json!({"label": "Agent", "task_id": "SHOP-1"})))
        .unwrap()
        .unwrap();
    assert_eq!(Value::Object(start.inputs), json!({"task_id": "SHOP-1", "max_cost_usd": 10, "speed": null}));
    assert_eq!(start.task_id.as_deref(), Some("SHOP-1"));
    let other = event(LABELLED, json!({"label": "bug", "task_id": "SHOP-1"}));
    assert_eq!(routes().start_for(&other).unwrap(), None);
}

#[test]
fn a_trigger_takes_the_narrower_events_that_also_are_its_own() {
    let narrow = |name: &'static str| {
        EventSpec::new(EventName::from_static(name), "A label was added.").also(TICKET_LABELLED)
    };
    let mut routes = routes();
    routes.events = EventSpecs::new([narrow("one.labelled"), narrow("other.labelled")]);
    routes.workflows.get_mut("development").unwrap().triggers[0].on = TICKET_LABELLED;
    for kind in ["one.labelled", "other.labelled", "ticket.labelled"] {
        let kind = EventName::from_static(kind);
        let given = event(kind.clone(), json!({"label": "Agent", "task_id": "SHOP-1"}));
        assert!(routes.start_for(&given).unwrap().is_some(), "{kind}");
        assert!(routes.start_on(&kind, &given.fields), "{kind}");
        let other = event(kind, json!({"label": "bug", "task_id": "SHOP-1"}));
        assert!(routes.start_for(&other).unwrap().is_none(), "its conditions count");
    }
    routes.workflows.get_mut("development").unwrap().triggers[0].on = EventName::from_static("one.labelled");
    let other =
        event(EventName::from_static("other.labelled"), json!({"label": "agent", "task_id": "SHOP-1"}));
    assert_eq!(routes.start_for(&other).unwrap(), None, "a narrower name takes only its own");
    assert!(!routes.start_on(&other.kind, &other.fields));
}

#[test]
fn names_are_compared_in_any_case_of_any_alphabet() {
    let mut routes = routes();
    let development = routes.workflows.get_mut("development").unwrap();
    development.triggers[0].conditions.insert("label".into(), json!("ÜBERPRÜFT"));
    development.triggers[1].conditions.insert("text".into(), json!("prüfe {task_id}"));
    for event in [
        event(LABELLED, json!({"label": "u\u{308}berprüft", "task_id": "SHOP-1"})),
        event(COMMAND, json!({"text": "PRÜFE SHOP-1"})),
    ] {
        assert!(routes.start_for(&event).unwrap().is_some(), "{event:?}");
    }
    assert!(starts_with_words("GROSSE Änderung bitte", "große änderung"));
}

#[test]
fn a_command_captures_words() {
    let start = routes().start_for(&event(COMMAND, json!({"text": "run  SHOP-7"}))).unwrap().unwrap();
    assert_eq!(start.task_id.as_deref(), Some("SHOP-7"));
    assert_eq!(Value::Object(start.captured), json!({"task_id": "SHOP-7"}), "without the event's own fields");
    assert_eq!(routes().start_for(&event(COMMAND, json!({"text": "run"}))).unwrap(), None);
    assert_eq!(capture("plan {text}", "plan a new shop").unwrap()["text"], "a new shop");
    assert_eq!(capture("run {task_id}", "stop X"), None);
    assert_eq!(capture("status", "status now"), None);
}

/// Files of the channel in which somebody spoke are read, so that nobody chooses it in words.
#[test]
fn a_captured_channel_is_not_the_one_in_which_somebody_spoke() {
    let mut routes = routes();
    let started =
        |routes: &Routes, fields: Value| routes.start_for(&event(COMMAND, fields)).unwrap().unwrap().event;
    for pattern in ["run {task_id} {channel}", "run {task_id} {said_in}"] {
        routes.workflows.get_mut("development").unwrap().triggers[1] =
            serde_json::from_value(json!({"on": "chat.command", "conditions": {"text": pattern}})).unwrap();
        let event = started(&routes, json!({"text": "run SHOP-7 C2", "channel": "C1"}));
        assert_eq!(event["said_in"], "C1", "{pattern}");
        let event = started(&routes, json!({"text": "run SHOP-7 C2", "channel": null}));
        assert_eq!(event["said_in"], Value::Null, "{pattern}");
    }
}

#[test]
fn a_trigger_is_met_by_its_words_whatever_is_around_them() {
    for text in
        ["Run: SHOP-7", "run\u{ff1a}SHOP-7", "*run* SHOP-7", "run, SHOP-7", "\u{200f}run\u{200f} SHOP-7"]
    {
        let start = routes().start_for(&event(COMMAND, json!({ "text": text }))).unwrap();
        assert_eq!(start.and_then(|start| start.task_id).as_deref(), Some("SHOP-7"), "{text}");
    }
    assert!(starts_with_words("Run load tests!", "run load tests"));
    assert_eq!(
        capture("plan {text}", "plan\u{ff1a}\u{8d2d}\u{7269} cart").unwrap()["text"],
        "\u{8d2d}\u{7269} cart"
    );
    assert_eq!(capture("plan {text}", "**Plan:** a new shop: soon!").unwrap()["text"], "a new shop: soon!");
    for text in ["run? SHOP-7", "\u{201c}run\u{201d} SHOP-7", "`run` SHOP-7"] {
        assert_eq!(routes().start_for(&event(COMMAND, json!({ "text": text }))).unwrap(), None, "{text}");
    }
}

/// A team's longer command is not taken for a shorter one of a workflow whose name comes first.
#[test]
fn the_trigger_that_names_the_most_words_starts() {
    let mut routes = routes();
    for (name, on, condition, words) in [
        ("any_comment", "host.commented", "command", None),
        ("begin", "host.commented", "command", Some("run")),
        ("load_tests", "host.commented", "command", Some("/ticketsmith run load tests")),
        ("load_chat", "chat.command", "text", Some("run load {which}")),
    ] {
        let conditions: Map<String, Value> =
            words.into_iter().map(|words| (condition.to_owned(), json!(words))).collect();
        let workflow =
            json!({"title": name, "inputs": {}, "triggers": [{"on": on, "conditions": conditions}]});
        routes.workflows.insert(name.to_owned(), serde_json::from_value(workflow).unwrap());
    }
    let started = |kind: EventName, text: &str| {
        let start = routes.start_for(&event(kind, json!({ "text": text }))).unwrap().unwrap();
        (start.workflow, start.words)
    };
    assert_eq!(started(COMMENTED, "Run load, please"), ("begin".into(), 1));
    assert_eq!(started(COMMENTED, "Run load tests now"), ("load_tests".into(), 3));
    assert_eq!(started(COMMENTED, "run the tests"), ("begin".into(), 1));
    assert_eq!(started(COMMENTED, "hello"), ("any_comment".into(), 0));
    assert_eq!(started(COMMAND, "run load once"), ("load_chat".into(), 2));
    assert_eq!(started(COMMAND, "run SHOP-1"), ("development".into(), 1));
}

#[test]
fn routes_stored_before_events_were_described_still_compare_fields() {
    let mut old = routes();
    old.events = EventSpecs::default();
    let text = serde_json::to_string(&old).unwrap();
    assert!(!text.contains("\"events\""));
    let old: Routes = serde_json::from_str(&text).unwrap();
    let labelled = event(LABELLED, json!({"label": "agent", "task_id": "SHOP-1"}));
    assert!(old.start_for(&labelled).unwrap().is_some());
}

#[test]
fn a_comment_starts_with_the_command_however_the_condition_addresses_the_bot() {
    for (command, text, expected) in [
        ("revise", "revise use a map", true),
        ("/ticketsmith revise", "revise use a map", true),
        ("@ticketsmith Revise", "revise", true),
        ("revise", "please revise", false),
        ("/ticketsmith", "anything", true),
    ] {
        let trigger = TriggerRoute {
            on: COMMENTED,
            conditions: [("command".to_owned(), json!(command))].into(),
            concurrency: Concurrency::OnePerTask,
        };
        let event = event(COMMENTED, json!({ "text": text }));
        assert_eq!(
            trigger.captured_from(&event, events().find("host.commented")).is_some(),
            expected,
            "{command} / {text}"
        );
    }
}

#[test]
fn every_problem_is_named() {
    let given = json!({"speed": "warp", "max_cost_usd": "ten", "typo": 1});
    let error = routes().check_inputs("development", given.as_object().unwrap(), &Map::new()).unwrap_err();
    assert_eq!(error.problems.len(), 4, "{error}");
    assert!(routes().check_inputs("nope", &Map::new(), &Map::new()).is_err());
}

#[test]
fn a_problem_quotes_the_beginning_of_what_was_given() {
    let long = "x".repeat(100_000);
    let given = json!({"speed": long.as_str(), "max_cost_usd": [long.as_str()], (long.as_str()): 1});
    let error = routes().check_inputs("development", given.as_object().unwrap(), &Map::new()).unwrap_err();
    let shown = error.to_string();
    assert!(shown.len() < 1_500 && shown.contains("input `speed` is \"xxx"), "{shown}");
    assert_eq!(shown.matches("xxx…").count(), 3, "{shown}");
}

#[test]
fn an_unknown_workflow_is_told_with_the_nearest() {
    let told = |name: &str| routes().check_inputs(name, &Map::new(), &Map::new()).unwrap_err().to_string();
    assert!(told("developmnt").contains("no such workflow; did you mean `development`? known: development"));
    assert!(told("zzz").contains("no such workflow; known: development"));
}
