//! Files that people put into tickets.

use crate::{LINEAR, linear, world};
use domain::plugins::{TaskManagement, TaskQuery};
use domain::{ActionError, ErrorKind};
use provider_testing::assert_described;
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;

async fn simulation() -> Simulation {
    let mut world = world();
    let section = world.section_mut::<simulators::linear::World>("linear").unwrap();
    section.issues[0].attachments = serde_json::from_value(json!([
        {"name": "screen.png", "base64": "iVBORw0KGgo="},
        {"name": "till log.txt", "text": "total 0\n"},
        {"name": "gone.txt", "text": "a", "deleted": true},
    ]))
    .unwrap();
    LINEAR.described_simulation_of(world).await
}

#[tokio::test]
async fn files_that_a_ticket_links_are_read_without_the_key() {
    let simulation = simulation().await;
    let tracker = linear(&simulation);
    let task = tracker.get_task("ENG-7").await.unwrap();
    assert_eq!(simulation.log().len(), 1, "the ticket's one request tells of its files");
    let facts: Vec<_> =
        task.attachments.iter().map(|file| (file.name.as_str(), file.media_type.as_deref())).collect();
    assert_eq!(facts, [("screen.png", Some("image/*")), ("till log.txt", None), ("gone.txt", None)]);
    let [picture, text, gone] = &task.attachments[..] else { unreachable!("{facts:?}") };
    // The host of files refuses requests with the API key.
    assert_eq!(tracker.read_attachment("ENG-7", picture, 8).await.unwrap(), b"\x89PNG\r\n\x1a\n");
    assert_eq!(tracker.read_attachment("ENG-7", text, 8).await.unwrap(), b"total 0\n");
    let large = tracker.read_attachment("ENG-7", text, 7).await.unwrap_err();
    assert!(large.message.ends_with("gave an answer of more than 7 bytes, which is refused"), "{large}");
    let is_gone = |error: ActionError| {
        error.kind == ErrorKind::Rejected && error.message.starts_with("Linear no longer has the file")
    };
    assert!(is_gone(tracker.read_attachment("ENG-7", gone, 8).await.unwrap_err()));
    assert!(is_gone(tracker.read_attachment("ENG-8", text, 8).await.unwrap_err()), "of another ticket");
    let query = TaskQuery { project: "ENG".into(), status: None, limit: 10 };
    let listed = tracker.get_project_tasks(&query).await.unwrap();
    assert!(!listed.is_empty() && listed.iter().all(|task| task.attachments.is_empty()));
    assert_described(&simulation);
}

#[tokio::test]
async fn files_that_a_comment_links_are_read() {
    let mut world = world();
    let section = world.section_mut::<simulators::linear::World>("linear").unwrap();
    section.issues[1].attachments =
        serde_json::from_value(json!([{"name": "a.txt", "text": "total 0"}])).unwrap();
    let simulation = LINEAR.described_simulation_of(world).await;
    let tracker = linear(&simulation);
    // In a comment on another ticket than the one that it was uploaded to.
    let link = tracker.get_task("ENG-8").await.unwrap().description;
    tracker.add_comment("ENG-7", &format!("See {link}"), &provider_testing::mark("said")).await.unwrap();
    let files = tracker.files_in("ENG-7", &format!("See {link}")).await.unwrap();
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.txt"]);
    assert_eq!(tracker.read_attachment("ENG-7", &files[0], 10).await.unwrap(), b"total 0");
    assert_described(&simulation);
}

#[tokio::test]
async fn no_other_host_is_asked() {
    let simulation = simulation().await;
    let tracker = linear(&simulation);
    let file = tracker.get_task("ENG-7").await.unwrap().attachments.remove(1);
    let link = format!("[a](https://evil.example/{}?signature=1)", file.id);
    let other = json!({"data": {"issue": {"description": link, "comments": {"nodes": []}}}});
    LINEAR.fault(&simulation, "/graphql", Fault { status: Some(200), body: Some(other), ..Fault::default() });
    let error = tracker.read_attachment("ENG-7", &file, 8).await.unwrap_err();
    assert!(error.message.contains("a foreign address"), "{error}");
    let headers = [("location".to_owned(), "https://evil.example/a".to_owned())].into();
    LINEAR.fault(&simulation, "/uploads/", Fault { status: Some(302), headers, ..Fault::default() });
    let error = tracker.read_attachment("ENG-7", &file, 8).await.unwrap_err();
    assert!(error.message.contains("was redirected to evil.example (302), which is not followed"), "{error}");
}
