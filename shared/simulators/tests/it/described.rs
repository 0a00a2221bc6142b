//! What the simulators accept and answer, held against the services' official descriptions.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;
use simulators::description::Description;

use crate::harness::Harness;

#[tokio::test]
async fn requests_and_answers_fit_the_official_descriptions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let contracts =
        std::env::var_os("TICKETSMITH_CONTRACTS").map_or(root.join("../shared/contracts"), PathBuf::from);
    let folder = contracts.join("specs");
    if !folder.join("jira-v3.json").exists() {
        eprintln!("SKIPPED: {} is absent; set TICKETSMITH_CONTRACTS.", folder.display());
        return;
    }
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
        (Method::GET, "/project/TES", None),
        (Method::GET, "/project/TES/statuses", None),
        (Method::GET, "/status", None),
        (Method::GET, "/field", None),
        (Method::GET, "/myself", None),
        (Method::GET, "/user/groups?accountId=ada-1", None),
        (Method::GET, "/user/search?query=ada", None),
        (Method::GET, "/mypermissions?permissions=EDIT_ISSUES&issueKey=TES-41", None),
        (Method::PUT, "/issue/TES-41/properties/ticketsmith", Some(json!({"a": 1}))),
        (Method::GET, "/issue/TES-41/properties/ticketsmith", None),
        (
            Method::POST,
            "/issue/TES-41/remotelink",
            Some(json!({"object": {"url": "https://example.com", "title": "t"}})),
        ),
        (Method::GET, "/issue/TES-41/remotelink", None),
    ] {
        let answer = world.jira(method.clone(), path, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
    }
    let page = json!({"spaceId": "32800", "status": "current", "title": "New",
                      "body": {"representation": "storage", "value": "<p>x</p>"}});
    for (method, path, body) in [
        (Method::GET, "/api/v2/spaces?keys=DOC", None),
        (Method::GET, "/api/v2/spaces/32800", None),
        (Method::POST, "/api/v2/pages", Some(page)),
        (Method::GET, "/api/v2/pages?space-id=32800&title=New&body-format=storage", None),
        (Method::GET, "/api/v2/pages/65602?body-format=storage", None),
        (Method::POST, "/api/v2/pages/65601/properties", Some(json!({"key": "k", "value": {"a": 1}}))),
        (Method::GET, "/api/v2/pages/65601/properties?key=k", None),
        (Method::GET, "/rest/api/template/page?spaceKey=DOC", None),
    ] {
        let answer = world.confluence(method.clone(), path, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
    }
    let ask = json!({"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Say it long"}]});
    assert_eq!(world.claude("/v1/messages", Some(ask.clone())).await.status, 200);
    let mut wrong = ask;
    wrong["max_token"] = 5.into();
    let refused = world.claude("/v1/messages", Some(wrong)).await;
    assert_eq!(refused.status, 500, "a property the description does not know");
    assert_eq!(world.simulation.violations().len(), 1);

    let load = |name: &str| Description::load(&folder.join(name)).unwrap();
    let (jira, pages, templates, claude) = (
        load("jira-v3.json"),
        load("confluence-v2.json"),
        load("confluence-v1.json"),
        load("anthropic.json"),
    );
    let mut departures = Vec::new();
    for entry in world.simulation.log().iter().filter(|entry| entry.status < 300) {
        let description = match entry.service.as_str() {
            "jira" => &jira,
            "confluence" if pages.knows(&entry.path) => &pages,
            "confluence" => &templates,
            _ => &claude,
        };
        let method: Method = entry.method.parse().unwrap();
        if let Err(violations) = description.check_answer(&method, &entry.path, entry.status, &entry.response)
        {
            departures
                .extend(violations.iter().map(|violation| format!("{method} {}: {violation}", entry.path)));
        }
    }
    // Jira writes moments without a colon in the offset, which its own description does not foresee.
    departures.retain(|departure| !departure.contains("not a \"date-time\""));
    assert_eq!(departures, Vec::<String>::new());
}
