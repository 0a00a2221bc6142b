//! Files that people put into issues.

use crate::apps::{self, TurnedClock, changed_app_world};
use crate::code::new_pull_request;
use crate::{GITHUB, connect_at, github};
use domain::plugins::{NewTask, RepositoryAccess, TaskManagement, TaskQuery};
use domain::{Attachment, ErrorKind};
use provider_github::Github;
use provider_testing::{assert_described, built_in, mark};
use serde_json::json;
use simulators::Simulation;
use simulators::delivery::Delivery;
use simulators::fault::Fault;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

const ISSUE: &str = "acme/shop#1";
const MOST: usize = 1_000;

async fn simulation(is_private: bool) -> Simulation {
    let mut world = built_in();
    let section = world.section_mut::<simulators::github::World>("github").unwrap();
    section.repositories[0].private = is_private;
    section.repositories[0].issues[0].attachments = serde_json::from_value(json!([
        {"name": "screen.png", "base64": "iVBORw0KGgo="},
        {"name": "till log.txt", "text": "total 0\n"},
        {"name": "gone.txt", "text": "a", "deleted": true},
    ]))
    .unwrap();
    GITHUB.described_simulation_of(world).await
}

async fn files(simulation: &Simulation) -> [Attachment; 3] {
    let files = github(simulation).get_task(ISSUE).await.unwrap().attachments;
    files.try_into().unwrap()
}

/// Another issue, which links no files.
async fn new_issue(tracker: &Github) -> String {
    let new = NewTask {
        project: "acme/shop".into(),
        task_type: "Task".into(),
        title: "Other".into(),
        description: "No files".into(),
        labels: Vec::new(),
        epic: None,
        story_points: None,
    };
    tracker.create_task(&new, &mark("other")).await.unwrap().task_id
}

#[tokio::test]
async fn files_that_an_issue_links_are_read() {
    for is_private in [false, true] {
        let simulation = simulation(is_private).await;
        let tracker = github(&simulation);
        let [picture, text, gone] = files(&simulation).await;
        assert_eq!(simulation.log().len(), 1, "the issue's one request tells of its files");
        assert_eq!((picture.name.as_str(), picture.media_type.as_deref()), ("screen.png", Some("image/*")));
        assert_eq!((text.name.as_str(), text.media_type.as_deref()), ("till.log.txt", None));
        // The store refuses requests with credentials.
        assert_eq!(
            tracker.read_attachment(ISSUE, &picture, MOST).await.unwrap(),
            b"\x89PNG\r\n\x1a\n",
            "{is_private}"
        );
        let large = tracker.read_attachment(ISSUE, &picture, 7).await.unwrap_err();
        assert!(large.message.ends_with("gave an answer of more than 7 bytes, which is refused"), "{large}");
        let told = |read: Result<Vec<u8>, domain::ActionError>| {
            let error = read.unwrap_err();
            assert!(
                error.kind == ErrorKind::Rejected
                    && error.message.starts_with("GitHub does not give the file"),
                "{error}"
            );
        };
        match is_private {
            false => assert_eq!(tracker.read_attachment(ISSUE, &text, MOST).await.unwrap(), b"total 0\n"),
            true => told(tracker.read_attachment(ISSUE, &text, MOST).await),
        }
        told(tracker.read_attachment(ISSUE, &gone, MOST).await);
        // A list of tickets says nothing of files, so that it stays small.
        let query = TaskQuery { project: "acme/shop".into(), status: None, limit: 10 };
        let listed = tracker.get_project_tasks(&query).await.unwrap();
        assert!(!listed.is_empty() && listed.iter().all(|task| task.attachments.is_empty()));
        assert_described(&simulation);
    }
}

#[tokio::test]
async fn files_that_a_comment_links_are_read() {
    let simulation = simulation(true).await;
    let tracker = github(&simulation);
    let link = tracker.get_task(ISSUE).await.unwrap().description;
    // The picture of another issue: the newest comments of the repository show it.
    let other = new_issue(&tracker).await;
    tracker.add_comment(&other, &format!("See {link}"), &mark("said")).await.unwrap();
    let files = tracker.files_in(&other, &format!("See {link}")).await.unwrap();
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["screen.png", "till.log.txt", "gone.txt"]);
    assert_eq!(tracker.read_attachment(&other, &files[0], MOST).await.unwrap(), b"\x89PNG\r\n\x1a\n");
    assert_described(&simulation);
}

#[tokio::test]
async fn pictures_that_a_review_shows_are_read() {
    for is_on_a_line in [false, true] {
        let simulation = simulation(true).await;
        let tracker = github(&simulation);
        let [picture, ..] = files(&simulation).await;
        let number = new_pull_request(&tracker).await;
        let pull_request = format!("acme/shop#{number}");
        let link = format!("![screen]({}/user-attachments/{})", simulation.url("github"), picture.id);
        let hidden = tracker.read_attachment(&pull_request, &picture, MOST).await;
        assert!(hidden.unwrap_err().message.starts_with("GitHub does not give the file"));
        let (text, comments) = match is_on_a_line {
            false => (link.as_str(), json!([])),
            true => ("As on the line.", json!([{"path": "a", "line": 1, "body": link}])),
        };
        let review = json!({"kind": "github-review", "repository": "acme/shop", "pull_request": number, "by": "ada",
                            "verdict": "changes_requested", "text": text, "comments": comments});
        simulation.act(&Delivery::new(review).unwrap()).unwrap();
        let read = tracker.read_attachment(&pull_request, &picture, MOST).await;
        assert_eq!(read.unwrap(), b"\x89PNG\r\n\x1a\n", "{is_on_a_line}");
        assert_described(&simulation);
    }
}

#[tokio::test]
async fn every_page_of_reviews_is_read_and_none_of_an_issue() {
    let simulation = simulation(true).await;
    let tracker = github(&simulation);
    let [picture, ..] = files(&simulation).await;
    let number = new_pull_request(&tracker).await;
    let review = |text: &str| {
        let review = json!({"kind": "github-review", "repository": "acme/shop", "pull_request": number, "by": "ada",
                            "verdict": "commented", "text": text, "comments": []});
        simulation.act(&Delivery::new(review).unwrap()).unwrap();
    };
    for _ in 0..100 {
        review("Fine so far.");
    }
    review(&format!("![screen]({}/user-attachments/{})", simulation.url("github"), picture.id));
    let read = tracker.read_attachment(&format!("acme/shop#{number}"), &picture, MOST).await;
    assert_eq!(read.unwrap(), b"\x89PNG\r\n\x1a\n");
    // A plain issue has no reviews: nobody is asked for them.
    let other = new_issue(&tracker).await;
    let before = simulation.log().len();
    tracker.read_attachment(&other, &picture, MOST).await.unwrap_err();
    let log = simulation.log();
    let asked: Vec<_> = log[before..].iter().filter(|request| request.path.ends_with("/reviews")).collect();
    assert!(asked.is_empty(), "{asked:?}");
    assert_described(&simulation);
}

#[tokio::test]
async fn links_of_earlier_times_and_of_servers_lead_to_the_same_files() {
    let simulation = simulation(false).await;
    let tracker = github(&simulation);
    let [picture, text, _] = files(&simulation).await;
    let site = simulation.url("github");
    let uuid = picture.id.trim_start_matches("assets/");
    let words = format!(
        "![a]({site}/acme/shop/assets/1/{uuid}) [b]({site}/acme/shop/{}) ![c]({site}/storage/user/5/files/{uuid})",
        text.id
    );
    let files = tracker.files_in(ISSUE, &words).await.unwrap();
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a", "till.log.txt", "c"]);
    for (file, content) in files.iter().zip([&b"\x89PNG\r\n\x1a\n"[..], b"total 0\n", b"\x89PNG\r\n\x1a\n"]) {
        assert_eq!(tracker.read_attachment(ISSUE, file, MOST).await.unwrap(), content, "{file:?}");
    }
}

/// Has an issue of a private repository link a picture and a text.
fn with_private_files(world: &mut simulators::World, is_server: bool) {
    let section = world.section_mut::<simulators::github::World>("github").unwrap();
    section.enterprise_server = is_server;
    section.repositories[0].private = true;
    section.repositories[0].issues[0].attachments = serde_json::from_value(json!([
        {"name": "screen.png", "base64": "iVBORw0KGgo="}, {"name": "till.txt", "text": "total 0\n"},
    ]))
    .unwrap();
}

#[tokio::test]
async fn an_enterprise_server_gives_a_private_picture_to_the_token_of_an_app() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let with_files = |world: &mut simulators::World| with_private_files(world, true);
    let (simulation, secret) =
        changed_app_world(&clock, json!({"issues": "write", "pull_requests": "write"}), with_files).await;
    let address = format!("{}/api/v3", simulation.url("github"));
    let tracker = apps::connect_at(&address, &secret, RepositoryAccess::WriteIssues, &clock);
    let files = tracker.get_task(ISSUE).await.unwrap().attachments;
    let read = tracker.read_attachment(ISSUE, &files[0], MOST).await;
    assert_eq!(read.unwrap(), b"\x89PNG\r\n\x1a\n");
    // A name that can be guessed is not asked for with it.
    let error = tracker.read_attachment(ISSUE, &files[1], MOST).await.unwrap_err();
    assert!(error.message.starts_with("GitHub does not give the file"), "{error}");
}

#[tokio::test]
async fn no_token_goes_to_the_site_of_github_itself() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let with_files = |world: &mut simulators::World| {
        with_private_files(world, false);
        let section = world.section_mut::<simulators::github::World>("github").unwrap();
        section.repositories[0].private = false;
    };
    let (simulation, secret) =
        changed_app_world(&clock, json!({"issues": "write", "pull_requests": "write"}), with_files).await;
    let tracker = apps::connect(&simulation, &secret, RepositoryAccess::WriteIssues, &clock);
    let [picture, _] = tracker.get_task(ISSUE).await.unwrap().attachments.try_into().unwrap();
    // Nothing shows it on this issue, so it has no address that is a key by itself.
    let other = new_issue(&tracker).await;
    let fault = Fault { status: Some(404), ..Fault::default() };
    GITHUB.fault(&simulation, "/user-attachments/assets/", fault);
    let error = tracker.read_attachment(&other, &picture, MOST).await.unwrap_err();
    assert!(error.message.starts_with("GitHub does not give the file"), "{error}");
    // The fault was for one request, and a second one would have been answered.
    assert_eq!(tracker.read_attachment(&other, &picture, MOST).await.unwrap(), b"\x89PNG\r\n\x1a\n");
}

#[tokio::test]
async fn a_personal_token_is_not_sent_to_the_site_of_a_server() {
    let mut world = built_in();
    with_private_files(&mut world, true);
    let simulation = provider_testing::start(world, None, None).await;
    let secret = provider_testing::secret(&simulation, "ticketsmith/github");
    let address = format!("{}/api/v3", simulation.url("github"));
    let tracker = connect_at(&address, &secret, RepositoryAccess::WriteContents);
    let files = tracker.get_task(ISSUE).await.unwrap().attachments;
    let error = tracker.read_attachment(ISSUE, &files[0], MOST).await.unwrap_err();
    assert!(
        error.kind == ErrorKind::Rejected && error.message.contains("a personal token is not sent for files"),
        "{error}"
    );
}

#[tokio::test]
async fn no_other_host_is_asked_and_a_page_is_no_file() {
    let simulation = simulation(false).await;
    let tracker = github(&simulation);
    let [_, text, _] = files(&simulation).await;
    for (to, host) in [
        ("https://evil.example/file", "evil.example"),
        ("https://githubusercontent.com.evil.example/file", "githubusercontent.com.evil.example"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("https://10.0.0.7/file", "10.0.0.7"),
    ] {
        let headers = [("location".to_owned(), to.to_owned())].into();
        let fault = Fault { status: Some(302), headers, ..Fault::default() };
        GITHUB.fault(&simulation, "/user-attachments/files/", fault);
        let error = tracker.read_attachment(ISSUE, &text, MOST).await.unwrap_err();
        assert!(
            error.message.contains(&format!("was redirected to {host} (302), which is not followed")),
            "{error}"
        );
    }
    // Nor is the page that asks people to sign in the file.
    let headers = [("content-type".to_owned(), "text/html; charset=utf-8".to_owned())].into();
    let fault = Fault { status: Some(200), headers, body: Some("<p>Sign in".into()), ..Fault::default() };
    GITHUB.fault(&simulation, "/user-attachments/files/", fault);
    let error = tracker.read_attachment(ISSUE, &text, MOST).await.unwrap_err();
    assert!(error.message.starts_with("GitHub does not give the file"), "{error}");
    // An address in the body as HTML is as little trusted as a redirect.
    let [picture, ..] = files(&simulation).await;
    let uuid = picture.id.trim_start_matches("assets/");
    let html = json!({"body_html": format!("<img src=\"https://evil.example/{uuid}?jwt=a\">")});
    let fault = Fault { status: Some(200), body: Some(html), ..Fault::default() };
    GITHUB.fault(&simulation, "/issues/1$", fault);
    let error = tracker.read_attachment(ISSUE, &picture, MOST).await.unwrap_err();
    assert!(error.message.contains("a foreign address"), "{error}");
}
