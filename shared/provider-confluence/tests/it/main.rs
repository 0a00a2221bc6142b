//! Confluence over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::plugins::{Documentation, PageContent, PageRequest};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_confluence::{Confluence, SPEC};
use provider_testing::{Service, assert_contract, assert_described, mark, options, secret};
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

const CONFLUENCE: Service = Service { name: "confluence", descriptions: &["confluence-v2.json"] };

fn with_secret(simulation: &Simulation, secret: &secrecy::SecretString) -> Confluence {
    let settings = json!({"base_url": simulation.url("confluence")});
    let credentials = read_credentials("ticketsmith/confluence", secret, &SPEC.secret_forms()).unwrap();
    Confluence::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap()
}

fn confluence(simulation: &Simulation) -> Confluence {
    with_secret(simulation, &secret(simulation, "ticketsmith/confluence"))
}

fn request() -> PageRequest {
    PageRequest {
        space: "SHOP".into(),
        title: "Discount codes".into(),
        markdown: "# How\n\n- a & b\n\n```python\nif a < b:\n```".into(),
        parent: None,
    }
}

#[tokio::test]
async fn a_page_is_created_once_and_deleted() {
    let simulation = CONFLUENCE.described_simulation().await;
    let confluence = confluence(&simulation);
    let mark_of_it = mark("run/CreatePage");
    assert_eq!(confluence.find_page(&request(), &mark_of_it).await.unwrap(), None);
    let page = confluence.create_page(&request(), &mark_of_it).await.unwrap();
    assert!(page.url.starts_with(&format!("{}/wiki/", simulation.url("confluence"))), "{}", page.url);
    assert_eq!(confluence.find_page(&request(), &mark_of_it).await.unwrap().as_ref(), Some(&page));
    assert_eq!(confluence.find_page(&request(), &mark("run/Other")).await.unwrap(), None);
    let error = confluence.create_page(&request(), &mark("run/Other")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");

    let child = PageRequest { title: "Child".into(), parent: Some(page.id.clone()), ..request() };
    confluence.create_page(&child, &mark("run/Child")).await.unwrap();
    confluence.delete_page(&page.id).await.unwrap();
    confluence.delete_page(&page.id).await.unwrap();
    assert_eq!(confluence.find_page(&request(), &mark_of_it).await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_page_is_read_found_and_changed() {
    let simulation = CONFLUENCE.described_simulation().await;
    let confluence = confluence(&simulation);
    let page = confluence.create_page(&request(), &mark("run/CreatePage")).await.unwrap();
    assert_eq!(
        confluence.find_titled_page("SHOP", None, "Discount codes").await.unwrap().as_ref(),
        Some(&page)
    );
    assert_eq!(confluence.find_titled_page("SHOP", None, "Other").await.unwrap(), None);
    assert_eq!(confluence.find_titled_page("SHOP", Some("1"), "Discount codes").await.unwrap(), None);
    let read = confluence.get_page(&page.id).await.unwrap();
    assert_eq!((read.page.clone(), read.title.as_str()), (page.clone(), "Discount codes"));
    assert_eq!(read.markdown, "# How\n\n- a & b\n\n```\nif a < b:\n```");
    let source = confluence.source_from_markdown("New");
    let changed = PageContent { title: "Codes".into(), source, ..read.clone() };
    confluence.update_page(&page.id, &changed).await.unwrap();
    confluence.update_page(&page.id, &changed).await.unwrap();
    assert_eq!(confluence.get_page(&page.id).await.unwrap().markdown, "New");
    confluence.update_page(&page.id, &read).await.unwrap();
    assert_eq!(confluence.get_page(&page.id).await.unwrap(), read);

    let other = PageRequest { title: "Taken".into(), ..request() };
    confluence.create_page(&other, &mark("run/Other")).await.unwrap();
    let taken = PageContent { title: "Taken".into(), ..read.clone() };
    assert_eq!(confluence.update_page(&page.id, &taken).await.unwrap_err().kind, ErrorKind::Conflict);
    let faster = Fault { status: Some(409), method: Some("PUT".into()), ..Fault::default() };
    CONFLUENCE.fault(&simulation, "/pages/", faster);
    assert_eq!(confluence.update_page(&page.id, &read).await.unwrap_err().kind, ErrorKind::Conflict);
    let error = confluence.update_page("99", &read).await.unwrap_err();
    assert!(error.message.contains("no page `99`"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let simulation = CONFLUENCE.simulation().await;
    CONFLUENCE.fault(&simulation, "/pages$", Fault { delay_ms: 600_000, ..Fault::default() });
    let settings = json!({"base_url": simulation.url("confluence")});
    let secret = secret(&simulation, "ticketsmith/confluence");
    let credentials = read_credentials("ticketsmith/confluence", &secret, &SPEC.secret_forms()).unwrap();
    let options = options().request_timeout(Duration::from_millis(200));
    let confluence =
        Confluence::new(&serde_json::from_value(settings).unwrap(), credentials, &options).unwrap();
    let error = confluence.create_page(&request(), &mark("m")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("within 0.2 s"), "{error}");
}

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    CONFLUENCE.fault(simulation, "/pages$", with);
    confluence(simulation).create_page(&request(), &mark("m")).await.unwrap_err()
}

#[tokio::test]
async fn refusals_mean_what_they_mean_everywhere() {
    assert_contract(async |with| failing(&CONFLUENCE.simulation().await, with).await).await;
}

#[tokio::test]
async fn faults_are_named_for_what_to_do_next() {
    let simulation = CONFLUENCE.described_simulation().await;
    let failing = async |with| failing(&simulation, with).await;
    let status = |status| Fault { status: Some(status), ..Fault::default() };
    let throttled = Fault { headers: [("retry-after".into(), "3".into())].into(), ..status(429) };
    let throttled = failing(throttled).await;
    assert_eq!((throttled.kind, throttled.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(3))));
    assert_eq!(failing(status(500)).await.kind, ErrorKind::Unavailable);
    assert_eq!(failing(Fault { truncated: true, ..Fault::default() }).await.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let simulation = CONFLUENCE.described_simulation().await;
    let elsewhere = PageRequest { space: "NOPE".into(), ..request() };
    let error = confluence(&simulation).create_page(&elsewhere, &mark("m")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("no space `NOPE`"), "{error}");
    let wrong = r#"{"email": "ticketsmith@acme.example", "api_token": "hunter2"}"#.into();
    let error = with_secret(&simulation, &wrong).create_page(&request(), &mark("m")).await.unwrap_err();
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_list_of_keys_is_no_space() {
    let simulation = CONFLUENCE.simulation().await;
    let confluence = confluence(&simulation);
    for space in ["NOPE,SHOP", "SHOP,NOPE", "SHOP,"] {
        let listed = PageRequest { space: space.into(), ..request() };
        let error = confluence.create_page(&listed, &mark("run/Listed")).await.unwrap_err();
        let expected = format!("no space `{space}`");
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(&expected), "{error}");
    }
    assert!(simulation.log().iter().all(|entry| entry.method == "GET"), "nothing is created");
    // Of several, the one of the key counts, however people write it.
    let spaces = json!({"results": [{"id": "98", "key": "OPSDOC"}, {"id": "99", "key": "shop"}]});
    let answer = Fault { status: Some(200), body: Some(spaces), ..Fault::default() };
    CONFLUENCE.fault(&simulation, "/spaces$", answer);
    assert_eq!(confluence.find_page(&request(), &mark("run/Listed")).await.unwrap(), None);
    let log = simulation.log();
    let search = log.iter().find(|entry| entry.path.ends_with("/pages")).unwrap();
    assert!(search.query.contains("space-id=99"), "{}", search.query);
}

#[tokio::test]
async fn a_page_that_is_too_long_is_cut_and_sent_again() {
    let simulation = CONFLUENCE.described_simulation().await;
    let confluence = confluence(&simulation);
    let body = json!({"errors": [{"status": 413, "code": "REQUEST_TOO_LARGE", "title": "Request too large", "detail": null}]});
    CONFLUENCE.fault(
        &simulation,
        "/pages$",
        Fault { status: Some(413), body: Some(body), method: Some("POST".into()), ..Fault::default() },
    );
    let long = PageRequest { markdown: "word ".repeat(2_000), ..request() };
    let page = confluence.create_page(&long, &mark("long")).await.unwrap();
    assert_eq!(confluence.find_page(&long, &mark("long")).await.unwrap().as_ref(), Some(&page));
    assert!(simulation.state()["confluence"].to_string().contains("(cut)"));
    assert_described(&simulation);
}
