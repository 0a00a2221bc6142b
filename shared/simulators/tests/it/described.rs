//! What the simulators accept and answer, compared with the services' official descriptions.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use simulators::description::Description;

use crate::harness::Harness;

/// Where the answers of a service differ from its descriptions.
fn departures(world: &Harness, folder: &Path, files: &[&str]) -> Vec<String> {
    let descriptions: Vec<_> =
        files.iter().map(|file| Description::load(&folder.join(file)).unwrap()).collect();
    let mut departures = Vec::new();
    for entry in world.simulation.log().iter().filter(|entry| entry.status < 300) {
        let Some(description) = descriptions.iter().find(|description| description.knows(&entry.path)) else {
            departures.push(format!("{} is not described", entry.path));
            continue;
        };
        let method: Method = entry.method.parse().unwrap();
        if let Err(violations) = description.check_answer(&method, &entry.path, entry.status, &entry.response)
        {
            let lines = violations.iter().map(|violation| format!("{method} {}: {violation}", entry.path));
            departures.extend(lines);
        }
    }
    departures
}

#[tokio::test]
async fn jira_fits_its_description() {
    let files = ["jira-v3.json"];
    let Some(folder) = test_inputs::descriptions("the simulated Jira's answers", &files) else { return };
    let world = Harness::start_with(Some(folder.clone())).await;
    let document = json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "hello"}]}]});
    let story = json!({"project": {"key": "TES"}, "issuetype": {"name": "Story"}, "summary": "s"});
    for (method, path, body) in [
        (Method::GET, "/issue/TES-41?fields=summary,status", None),
        (Method::POST, "/issue", Some(json!({"fields": story}))),
        (Method::PUT, "/issue/TES-41", Some(json!({"update": {"labels": [{"remove": "bad"}]}}))),
        (Method::GET, "/issue/TES-41/transitions", None),
        (Method::POST, "/issue/TES-41/transitions", Some(json!({"transition": {"id": "11"}}))),
        (
            Method::POST,
            "/issue/TES-41/comment",
            Some(json!({"body": document, "properties": [{"key": "k", "value": 1}]})),
        ),
        (Method::GET, "/issue/TES-41/comment?expand=properties&maxResults=50", None),
        (
            Method::POST,
            "/search/jql",
            Some(json!({"jql": "project = TES", "fields": ["summary"], "maxResults": 10})),
        ),
        (Method::GET, "/project/TES/statuses", None),
        (Method::GET, "/mypermissions?permissions=EDIT_ISSUES&issueKey=TES-41", None),
    ] {
        let answer = world.jira(method.clone(), path, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
    }
    let mut departures = departures(&world, &folder, &files);
    // Jira writes times without a colon in the offset, contrary to its own description.
    departures.retain(|departure| !departure.contains("not a \"date-time\""));
    assert_eq!(departures, Vec::<String>::new());
}

#[tokio::test]
async fn confluence_fits_its_description() {
    let files = ["confluence-v2.json"];
    let Some(folder) = test_inputs::descriptions("the simulated Confluence's answers", &files) else {
        return;
    };
    let world = Harness::start_with(Some(folder.clone())).await;
    let page = json!({"spaceId": "32800", "status": "current", "title": "New",
                      "body": {"representation": "storage", "value": "<p>x</p>"}});
    for (method, path, body) in [
        (Method::GET, "/api/v2/spaces?keys=DOC", None),
        (Method::GET, "/api/v2/spaces/32800/operations", None),
        (Method::POST, "/api/v2/pages", Some(page)),
        (Method::GET, "/api/v2/pages?space-id=32800&title=New&body-format=storage", None),
        (Method::DELETE, "/api/v2/pages/65602", None),
    ] {
        let answer = world.confluence(method.clone(), path, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
    }
    assert_eq!(departures(&world, &folder, &files), Vec::<String>::new());
}

#[tokio::test]
async fn claude_fits_its_description() {
    let files = ["anthropic.json"];
    let Some(folder) = test_inputs::descriptions("the simulated Claude's answers", &files) else { return };
    let world = Harness::start_with(Some(folder.clone())).await;
    let ask: Value = json!({"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Say it long"}]});
    assert_eq!(world.claude("/v1/messages", Some(ask.clone())).await.status, 200);
    let mut wrong = ask;
    wrong["max_token"] = 5.into();
    let refused = world.claude("/v1/messages", Some(wrong)).await;
    assert_eq!(refused.status, 500, "a property the description does not know");
    assert_eq!(world.simulation.violations().len(), 1);
    assert_eq!(departures(&world, &folder, &files), Vec::<String>::new());
}
