//! Notion over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::configuration::{Configuration, Project};
use domain::plugins::{Documentation, PageContent, PageRequest, RepositoryAccess};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_notion::{Notion, SPEC};
use provider_testing::{HOSTILE, Service, assert_contract, assert_described, mark, options, secret, start};
use serde_json::{Value, json};
use simulators::fault::Fault;
use simulators::{Simulation, World};
use std::time::Duration;

const NOTION: Service = Service { name: "notion", descriptions: &["notion.json"] };

const SPACE: &str = "https://www.notion.so/acme/Team-pages-1429989fe8ac4effbc8f57f56486db54?pvs=4";
const OLD: &str = "2429989f-e8ac-4eff-bc8f-57f56486db54";
const PRIVATE: &str = "3429989f-e8ac-4eff-bc8f-57f56486db54";

fn world() -> World {
    World::parse(include_str!("world.yaml"), std::path::PathBuf::new()).unwrap()
}

async fn simulation() -> Simulation {
    NOTION.described_simulation_of(world()).await
}

fn with_options(simulation: &Simulation, options: &http_client::Options) -> Notion {
    let settings = json!({"base_url": simulation.url("notion")});
    let secret = secret(simulation, "ticketsmith/notion");
    let credentials = read_credentials("ticketsmith/notion", &secret, &SPEC.secret_forms()).unwrap();
    Notion::new(&serde_json::from_value(settings).unwrap(), credentials, options).unwrap()
}

fn notion(simulation: &Simulation) -> Notion {
    with_options(simulation, &options())
}

fn request(title: &str) -> PageRequest {
    PageRequest {
        space: SPACE.into(),
        title: title.into(),
        markdown: "# How\n\n- a & b 😀 שלום".into(),
        parent: None,
    }
}

fn pages(simulation: &Simulation) -> Vec<Value> {
    simulation.state()["notion"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_page_is_created_once_and_deleted() {
    let simulation = simulation().await;
    let notion = notion(&simulation);
    let (first, other) = (mark("run/CreatePage"), mark("run/Other"));
    assert_eq!(notion.find_page(&request("Codes"), &first).await.unwrap(), None);
    let page = notion.create_page(&request("Codes"), &first).await.unwrap();
    assert_eq!(notion.find_page(&request("Codes"), &first).await.unwrap().as_ref(), Some(&page));
    assert_eq!(notion.find_page(&request("Codes"), &other).await.unwrap(), None);
    // Titles need not be unique.
    let twin = notion.create_page(&request("Codes"), &other).await.unwrap();
    assert_eq!(notion.find_page(&request("Codes"), &other).await.unwrap(), Some(twin));
    assert!(
        pages(&simulation)[3]["markdown"].as_str().unwrap().starts_with("# How\n\n- a & b 😀 שלום\n\n<span")
    );

    let child = PageRequest { parent: Some(page.id.clone()), ..request("Child") };
    let made = notion.create_page(&child, &mark("run/Child")).await.unwrap();
    assert_eq!(notion.find_page(&child, &mark("run/Child")).await.unwrap(), Some(made.clone()));
    notion.delete_page(&made.id).await.unwrap();
    notion.delete_page(&made.id).await.unwrap();
    notion.delete_page("4429989f-e8ac-4eff-bc8f-57f56486db54").await.unwrap();
    assert_eq!(notion.find_page(&child, &mark("run/Child")).await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_page_is_read_found_and_changed() {
    let simulation = simulation().await;
    let notion = notion(&simulation);
    let found = notion.find_titled_page(SPACE, None, "Old").await.unwrap().unwrap();
    assert_eq!(found.id, OLD);
    assert_eq!(notion.find_titled_page(SPACE, None, "None").await.unwrap(), None);
    assert_eq!(notion.find_titled_page(SPACE, Some(OLD), "Old").await.unwrap(), None);
    let read = notion.get_page(OLD).await.unwrap();
    assert_eq!((read.title.as_str(), read.markdown.as_str()), ("Old", "As it was."));
    let changed =
        PageContent { title: "New".into(), source: notion.source_from_markdown("Changed"), ..read.clone() };
    notion.update_page(OLD, &changed).await.unwrap();
    assert_eq!(
        (&pages(&simulation)[1]["title"], &pages(&simulation)[1]["markdown"]),
        (&json!("New"), &json!("Changed"))
    );
    notion.update_page(OLD, &read).await.unwrap();
    assert_eq!(notion.get_page(OLD).await.unwrap(), read);
    for id in [PRIVATE, "4429989f-e8ac-4eff-bc8f-57f56486db54"] {
        let error = notion.get_page(id).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains("not shared"), "{error}");
    }
    let wrong = notion.get_page("SHOP").await.unwrap_err();
    assert!(wrong.message.contains("`SHOP` is not a page of Notion"), "{wrong}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_page_is_found_among_many() {
    let simulation = simulation().await;
    let notion = notion(&simulation);
    for number in 0..110 {
        let title = format!("Page {number}");
        notion.create_page(&request(&title), &mark(&title)).await.unwrap();
    }
    assert!(notion.find_page(&request("Page 109"), &mark("Page 109")).await.unwrap().is_some());
    assert!(notion.find_titled_page(SPACE, None, "Page 108").await.unwrap().is_some());
    assert_described(&simulation);
}

#[tokio::test]
async fn texts_over_the_limits_are_cut_and_nothing_in_them_acts() {
    let simulation = simulation().await;
    let notion = notion(&simulation);
    for text in ["word ".repeat(40_000), "😀 ".repeat(70_000), "שלום ".repeat(50_000)] {
        let title: String = text.chars().take(3).collect::<String>().repeat(1_000);
        let long = PageRequest { markdown: text, ..request(&title) };
        let page = notion.create_page(&long, &mark(&title)).await.unwrap();
        assert_eq!(notion.find_page(&long, &mark(&title)).await.unwrap(), Some(page));
    }
    for text in HOSTILE {
        let hostile = PageRequest { markdown: (*text).to_owned(), ..request("Hostile") };
        notion.create_page(&hostile, &mark(text)).await.unwrap();
    }
    for page in &pages(&simulation)[3..] {
        let text = page["markdown"].as_str().unwrap();
        for acting in ["@ada", "![", "<img", "<script", "<mention"] {
            assert!(!text.contains(acting), "{text}");
        }
    }
    assert_described(&simulation);
}

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    NOTION.fault(simulation, "/v1/pages$", with);
    notion(simulation).create_page(&request("x"), &mark("m")).await.unwrap_err()
}

#[tokio::test]
async fn refusals_mean_what_they_mean_everywhere() {
    assert_contract(async |with| failing(&start(world(), None, None).await, with).await).await;
}

#[tokio::test]
async fn a_page_whose_answer_was_lost_is_found() {
    let simulation = simulation().await;
    let lost = Fault { truncated: true, after_effect: true, ..Fault::default() };
    assert_eq!(failing(&simulation, lost).await.kind, ErrorKind::Unavailable);
    assert!(notion(&simulation).find_page(&request("x"), &mark("m")).await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let simulation = simulation().await;
    NOTION.fault(&simulation, "/v1/pages/", Fault { delay_ms: 600_000, ..Fault::default() });
    let notion = with_options(&simulation, &options().request_timeout(Duration::from_millis(200)));
    let error = notion.get_page(OLD).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("within 0.2 s"), "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_said_and_not_shown() {
    let simulation = simulation().await;
    let secret = r#"{"token": "hunter2-token"}"#.into();
    let credentials = read_credentials("ticketsmith/notion", &secret, &SPEC.secret_forms()).unwrap();
    let settings = serde_json::from_value(json!({"base_url": simulation.url("notion")})).unwrap();
    let notion = Notion::new(&settings, credentials, &options()).unwrap();
    let error = notion.get_page(OLD).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
    assert!(!format!("{notion:?}").contains("hunter2"));
}

#[tokio::test]
async fn doctor_hears_whether_the_page_is_shared() {
    let simulation = simulation().await;
    let configuration: Configuration = serde_json::from_value(json!({
        "projects": [], "plugins": {"notion": {"base_url": simulation.url("notion")}},
    }))
    .unwrap();
    let told = async |space: &str| {
        let project = json!({"key": "SHOP", "repository": "acme/shop", "providers": {}, "space": space});
        let project: Project = serde_json::from_value(project).unwrap();
        let secret = secret(&simulation, "ticketsmith/notion");
        let instance = configuration.instance("notion").unwrap();
        let connector = SPEC.connector(instance, options(), secret, RepositoryAccess::ReadMetadata);
        let problems = (SPEC.probe)(&connector, &project).await.unwrap();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told(SPACE).await, "");
    assert!(told(PRIVATE).await.contains("Connections"));
    assert!(told("SHOP").await.contains("not a page of Notion"));
    assert_described(&simulation);
}
