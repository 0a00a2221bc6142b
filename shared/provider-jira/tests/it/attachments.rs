//! Files attached to tickets.

use crate::{JIRA, jira};
use domain::plugins::{TaskManagement, TaskQuery};
use domain::{Attachment, ErrorKind};
use provider_testing::{assert_described, built_in};
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;

const MOST: usize = 1_000;

async fn simulation() -> Simulation {
    let mut world = built_in();
    let section = world.section_mut::<simulators::jira::World>("jira").unwrap();
    section.tickets[0].attachments = serde_json::from_value(json!([
        {"name": "till log.txt", "text": "total 0\n", "author": "ada"},
        {"name": "screen.png", "base64": "iVBORw0KGgo="},
        {"name": "gone.csv", "text": "a;b", "deleted": true},
    ]))
    .unwrap();
    JIRA.described_simulation_of(world).await
}

/// Answers the next request for a file's content with a redirect.
fn lead(simulation: &Simulation, to: &str) {
    let headers = [("location".to_owned(), to.to_owned())].into();
    let fault = Fault { status: Some(303), headers, ..Fault::default() };
    JIRA.fault(simulation, "/attachment/content/", fault);
}

async fn files(simulation: &Simulation) -> Vec<Attachment> {
    jira(simulation).get_task("SHOP-1").await.unwrap().attachments
}

#[tokio::test]
async fn files_come_with_their_ticket_and_are_read_one_by_one() {
    let simulation = simulation().await;
    let tracker = jira(&simulation);
    let files = files(&simulation).await;
    assert_eq!(simulation.log().len(), 1, "the ticket's one request tells of its files");
    let facts: Vec<_> =
        files.iter().map(|file| (file.name.as_str(), file.media_type.as_deref(), file.size)).collect();
    let expected = [
        ("till log.txt", Some("text/plain"), Some(8)),
        ("screen.png", Some("image/png"), Some(8)),
        ("gone.csv", Some("text/csv"), Some(3)),
    ];
    assert_eq!(facts, expected);
    assert_eq!(
        (files[0].author.as_deref(), files[1].author.as_deref()),
        (Some("Ada Lovelace"), Some("Grace Hopper"))
    );
    assert_eq!(tracker.read_attachment("SHOP-1", &files[0], MOST).await.unwrap(), b"total 0\n");
    assert_eq!(tracker.read_attachment("SHOP-1", &files[1], MOST).await.unwrap(), b"\x89PNG\r\n\x1a\n");
    let gone = tracker.read_attachment("SHOP-1", &files[2], MOST).await.unwrap_err();
    assert!(
        gone.kind == ErrorKind::Rejected && gone.message.starts_with("Jira no longer has the file"),
        "{gone}"
    );
    let large = tracker.read_attachment("SHOP-1", &files[0], 7).await.unwrap_err();
    assert!(large.message.ends_with("gave an answer of more than 7 bytes, which is refused"), "{large}");
    // A list of tickets says nothing of files, so that it stays small.
    let query = TaskQuery { project: "SHOP".into(), status: None, limit: 10 };
    let listed = tracker.get_project_tasks(&query).await.unwrap();
    assert!(
        listed.iter().any(|task| task.task_id == "SHOP-1")
            && listed.iter().all(|task| task.attachments.is_empty())
    );
    assert_described(&simulation);
}

#[tokio::test]
async fn a_file_of_another_ticket_is_not_read() {
    let simulation = simulation().await;
    let tracker = jira(&simulation);
    let file = files(&simulation).await.remove(0);
    let error = tracker.read_attachment("SHOP-2", &file, MOST).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(error.message, "the file is not attached to this ticket");
    let unknown = tracker.read_attachment("SHOP-99", &file, MOST).await.unwrap_err();
    assert!(unknown.kind == ErrorKind::Rejected && unknown.message.contains("SHOP-99"), "{unknown}");
    let is_content = |path: &str| path.contains("/attachment/content/");
    assert!(!simulation.log().iter().any(|entry| is_content(&entry.path)), "nor is it asked for");
    assert_eq!(tracker.read_attachment("SHOP-1", &file, MOST).await.unwrap(), b"total 0\n");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_media_server_gets_no_credentials() {
    let simulation = simulation().await;
    let file = files(&simulation).await.remove(0);
    let media = simulation.url("jira").replace("127.0.0.1", "localhost");
    lead(&simulation, &format!("{media}/media/{0}?token=key-of-{0}", file.id));
    // The media server refuses requests with credentials.
    assert_eq!(jira(&simulation).read_attachment("SHOP-1", &file, MOST).await.unwrap(), b"total 0\n");
    // Nor does it know us otherwise.
    lead(&simulation, &format!("{media}/media/{}?token=guessed", file.id));
    let refused = jira(&simulation).read_attachment("SHOP-1", &file, MOST).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
}

#[tokio::test]
async fn no_other_host_is_asked() {
    let simulation = simulation().await;
    let file = files(&simulation).await.remove(0);
    for (to, host) in [
        ("https://evil.example/file", "evil.example"),
        ("https://atlassian.com.evil.example/file", "atlassian.com.evil.example"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("https://10.0.0.7/file", "10.0.0.7"),
    ] {
        lead(&simulation, to);
        let error = jira(&simulation).read_attachment("SHOP-1", &file, MOST).await.unwrap_err();
        assert!(
            error.message.contains(&format!("was redirected to {host} (303), which is not followed")),
            "{error}"
        );
    }
}
